"""The market that simulated providers of stocks show in a demo."""

from datetime import date

from bcdata.simulate.exchange_hours import Hours
from bcdata.simulate.session_market import Dividend, ListedSymbol, SessionMarket, Split

_FIRST, _LAST = date(2020, 1, 2), date(2030, 12, 31)


def demo_market() -> SessionMarket:
    """AAPL, which is split and pays, BRK.B, and SPY; New York's hours on every weekday."""
    hours = Hours.weekdays("America/New_York", _FIRST, _LAST)
    split, paid = (Split(date(2020, 8, 31), 4),), (Dividend(date(2023, 5, 12), 0.24), Dividend(date(2024, 5, 10), 0.25))
    return SessionMarket(
        [
            ListedSymbol("AAPL", hours, _FIRST, 400.0, splits=split, dividends=paid),
            ListedSymbol("BRK.B", hours, _FIRST, 300.0),
            ListedSymbol("SPY", hours, _FIRST, 400.0, quiet=0.0),
        ]
    )
