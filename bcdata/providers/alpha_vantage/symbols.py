"""How Alpha Vantage writes the symbols of the lake. Pure."""

_EXCHANGES = {"L": "LON", "TO": "TRT", "V": "TRV", "DE": "DEX", "BO": "BSE", "SS": "SHH", "SZ": "SHZ", "SA": "SAO"}
"""Its own suffixes of exchanges."""


def written(symbol: str) -> str:
    """`VOD.LON` of `VOD.L`, `BRK-B` of `BRK.B`: what follows a point is an exchange, or a class of shares."""
    stem, point, suffix = symbol.rpartition(".")
    if not point:
        return symbol
    return f"{stem}.{_EXCHANGES[suffix]}" if suffix in _EXCHANGES else f"{stem}-{suffix}"
