"""How Alpha Vantage writes the symbols of the lake. Pure."""

from bcdata.venues.classification.stocks import YAHOO

_EXCHANGES = {
    "XLON": "LON",
    "XTSE": "TRT",
    "XTSX": "TRV",
    "XETR": "DEX",
    "XBOM": "BSE",
    "XSHG": "SHH",
    "XSHE": "SHZ",
    "BVMF": "SAO",
}
"""Its own suffixes of exchanges, by their codes."""


def written(symbol: str) -> str:
    """`VOD.LON` of `VOD.L` or `VOD.XLON`, `BRK-B` of `BRK.B`: after a point stands an exchange or a class of shares."""
    stem, point, suffix = symbol.rpartition(".")
    if not point:
        return symbol
    exchange = YAHOO[suffix][0] if suffix in YAHOO else suffix
    if exchange in _EXCHANGES:
        return f"{stem}.{_EXCHANGES[exchange]}"
    return symbol if suffix in YAHOO else f"{stem}-{suffix}"
