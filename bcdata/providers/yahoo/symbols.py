"""How Yahoo writes symbols. Pure."""

from bcdata.venues.classification.kinds import CURRENCIES
from bcdata.venues.classification.stocks import YAHOO

_SUFFIXES = {exchange: suffix for suffix, (exchange, _) in YAHOO.items()}
_INDICES = {"SPX": "GSPC", "COMP": "IXIC"}
"""Those that others call otherwise."""
_CODE = 3


def written(symbol: str) -> str:
    """`BRK.B` is BRK-B, `VOD.XLON` VOD.L, `EURUSD` EURUSD=X, `I:SPX` ^GSPC; others are written as they are."""
    if symbol.startswith("I:"):
        name = symbol.removeprefix("I:")
        return f"^{_INDICES.get(name, name)}"
    if len(symbol) == 2 * _CODE and {symbol[:_CODE], symbol[_CODE:]} <= CURRENCIES:
        return f"{symbol}=X"
    ticker, dot, after = symbol.rpartition(".")
    if not dot or after in YAHOO:
        return symbol
    return f"{ticker}.{_SUFFIXES[after]}" if after in _SUFFIXES else f"{ticker}-{after}"
