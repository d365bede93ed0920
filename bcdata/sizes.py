"""Sizes and counts for people."""

_THOUSAND = 1000


def size(count: int | None) -> str:
    """Bytes in the largest unit of which there is one; nothing for None."""
    if count is None:
        return ""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < _THOUSAND or unit == "GB":
            return f"{amount:,.0f} {unit}" if unit == "B" else f"{amount:,.1f} {unit}"
        amount /= _THOUSAND
    return ""


def counted(count: int, thing: str) -> str:
    """`1 symbol`, `1,200 symbols`, for words whose plural ends in s."""
    return f"{count:,} {thing}" + ("" if count == 1 else "s")
