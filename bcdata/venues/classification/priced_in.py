"""What prices are in as far as market and symbol tell: a value for what no source and no catalog states."""

from bcdata.frames.currencies import HUNDREDTHS, currency_and_unit
from bcdata.venues.classification.pairs import currencies
from bcdata.venues.classification.stocks import YAHOO, suffixed
from bcdata.venues.market import Market

_MIXED = frozenset(exchange for exchange, code in YAHOO.values() if code in HUNDREDTHS)
"""Exchanges where most is priced in hundredths, and some is not."""


def code_by_form(market: Market, symbol: str) -> str | None:
    """A currency (ISO 4217), or the code of its hundredths (`GBp`); None where neither market nor symbol tells.

    The suffix of a symbol tells what most of its exchange is priced in; it is not believed where it is of another
    currency than that of the market. Without one, the currency of the market counts: not on exchanges where it may be
    meant in hundredths as well.
    """
    if market.type == "forex" and (pair := currencies(symbol)):
        return pair.quote
    if suffixed(symbol):
        code = YAHOO[symbol.rpartition(".")[2]][1]
        return code if market.currency in ("", currency_and_unit(code)[0]) else None
    return None if market.hours.calendar in _MIXED else market.currency or None
