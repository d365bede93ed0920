"""How Alpaca writes the symbols of the lake. Pure."""


def written(symbol: str) -> str:
    """Stocks as they are: `BRK.B`."""
    return symbol
