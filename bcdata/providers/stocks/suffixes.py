"""Symbols as Yahoo and FMP write them: exchanges as suffixes, share classes after a dash. Pure."""

from bcdata.venues.classification.stocks import YAHOO

_SUFFIXES = {exchange: suffix for suffix, (exchange, _) in YAHOO.items()}
_INDICES = {"SPX": "GSPC", "COMP": "IXIC"}
"""Those that others call otherwise."""


def suffixed(symbol: str) -> str:
    """`BRK.B` is BRK-B, `VOD.XLON` VOD.L, `I:SPX` ^GSPC; others are written as they are."""
    if symbol.startswith("I:"):
        name = symbol.removeprefix("I:")
        return f"^{_INDICES.get(name, name)}"
    ticker, dot, after = symbol.rpartition(".")
    if not dot or after in YAHOO:
        return symbol
    return f"{ticker}.{_SUFFIXES[after]}" if after in _SUFFIXES else f"{ticker}-{after}"


def is_foreign(symbol: str) -> bool:
    """Whether a symbol is of another exchange than those of the United States."""
    return suffixed(symbol).rpartition(".")[2] in YAHOO and "." in symbol
