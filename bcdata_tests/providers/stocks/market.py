"""What the tests of providers of stocks share: a market, servers of it on a plan that has all, and the truth."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl

from bcdata.interval import EPOCH, Interval
from bcdata.providers.base import RawActions, Series, WindowPage
from bcdata.providers.registry import SOURCES
from bcdata.simulate import LoopbackAlpaca, LoopbackAlphaVantage, LoopbackPolygon
from bcdata.simulate.exchange_hours import Hours
from bcdata.simulate.loopback import Loopback
from bcdata.simulate.session_market import Dividend, ListedSymbol, SessionBar, SessionMarket, Split
from bcdata.windows import Window
from bcdata_tests.providers.venues import pages, us

VARIABLES = {
    "polygon": ("POLYGON_API_KEY",),
    "alpaca": ("ALPACA_API_KEY", "ALPACA_API_SECRET"),
    "alpha_vantage": ("ALPHA_VANTAGE_API_KEY",),
}
"""Where the keys of each provider are."""
FULL = {"polygon": "advanced", "alpaca": "algo_trader_plus", "alpha_vantage": "premium"}
"""The plan of each that has all intervals and reaches furthest."""
_SERVERS: Mapping[str, Callable[..., Loopback]] = {
    "polygon": LoopbackPolygon,
    "alpaca": LoopbackAlpaca,
    "alpha_vantage": LoopbackAlphaVantage,
}
COLUMNS = ("open", "high", "low", "close", "volume")

HOURS = Hours.weekdays(
    "America/New_York",
    date(2023, 6, 1),
    date(2025, 12, 31),
    closed=frozenset({date(2024, 9, 9), date(2024, 11, 28)}),
    early={date(2024, 11, 29): time(13)},
)
APPLE = ListedSymbol(
    "AAPL",
    HOURS,
    date(2023, 6, 1),
    splits=(Split(date(2024, 6, 10), 4), Split(date(2025, 3, 3), 1, 10)),
    dividends=(Dividend(date(2024, 5, 10), 0.25), Dividend(date(2024, 8, 12), 0.24)),
)
SELDOM = ListedSymbol("BRK.B", HOURS, date(2023, 6, 1), quiet=0.97, idle=frozenset({date(2024, 10, 9)}))
LATE = ListedSymbol("NEW", HOURS, date(2024, 10, 16))
MARKET = SessionMarket([APPLE, SELDOM, LATE])
NOW = datetime(2024, 11, 8, 15, 0, 30, tzinfo=UTC)
"""A Friday, in the session; the clocks of New York went back on the Sunday before."""


def server(source: str, *, now: datetime = NOW, plan: str | None = None, **how: Any) -> Loopback:
    """A provider on the loopback; on the plan that has all, if none is named."""
    return _SERVERS[source](MARKET, now=now, plan=plan or FULL[source], **how)


def draw(window: Window, *symbols: ListedSymbol) -> None:
    """Draws a market before it is asked for: clients of tests are less patient than others."""
    for symbol in symbols:
        for interval in ("1m", "1d"):
            MARKET.bars(symbol, interval, window, window.end)


def series(symbol: str = "AAPL", interval: str = "1m") -> Series:
    return Series("us_equity", "klines", symbol, interval)


def actions_of(source: str, symbol: str, bodies: Sequence[bytes]) -> RawActions:
    """The actions in bodies; nothing is asked."""
    client = SOURCES[source].open(None, {"rest": "http://127.0.0.1:9"})  # type: ignore[arg-type]
    found: RawActions = client.read_actions(Series("us_equity", "actions", symbol), bodies)
    return found


def action_pages(source: str, url: str, symbol: str, window: Window, now: datetime = NOW) -> list[WindowPage]:
    return pages(source, url, Series("us_equity", "actions", symbol), window, now)


def grid_of(source: str) -> str:
    """Alpha Vantage's bars begin with the session, those of the others at whole multiples of the interval in UTC."""
    return "session" if source == "alpha_vantage" else "clock"


def label_of(bar: SessionBar, interval: str) -> datetime:
    """The open of a bar; of those of a day and longer a midnight, of weeks that of Monday, of months of the first."""
    if interval not in {"1d", "1w", "1mo"}:
        return EPOCH + timedelta(seconds=bar.opened)
    label = datetime.combine(bar.label, time(), UTC)
    return Interval.parse(interval).floor(label)


def truth(source: str, symbol: ListedSymbol, interval: str, window: Window) -> pl.DataFrame:
    """The bars with trades whose opens or labels lie in the window."""
    around = timedelta(days=40 if interval in {"1w", "1mo"} else 0)
    wide = Window(window.start - around, window.end + around)
    bars = MARKET.bars(symbol, interval, wide, datetime(2026, 1, 1, tzinfo=UTC), grid_of(source))  # type: ignore[arg-type]
    rows = [
        (us(at), *bar.plain(symbol), round(bar.vwap(symbol), 4), bar.trades)
        for bar in bars
        if (at := label_of(bar, interval)) in window
    ]
    names = {"open_time": pl.Int64, **dict.fromkeys(COLUMNS, pl.Float64), "vwap": pl.Float64, "trades": pl.Int64}
    return pl.DataFrame(rows, names, orient="row")


def inside(rows: pl.DataFrame, window: Window) -> pl.DataFrame:
    """The rows that open in a window, once each, in order of time."""
    opened = pl.col("open_time").is_between(us(window.start), us(window.end), closed="left")
    return rows.filter(opened).unique("open_time", keep="first").sort("open_time")
