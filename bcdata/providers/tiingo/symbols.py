"""How Tiingo writes symbols. Pure."""


def written(symbol: str) -> str:
    """`BRK.B` is BRK-B; others are written as they are."""
    return symbol.replace(".", "-")
