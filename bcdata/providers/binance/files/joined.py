"""The opens that a line tells which is no row: cut, or several rows without a line end between them. Pure."""

import re
from collections.abc import Sequence

_STAMP = re.compile(r"\d{13}(?:\d{3})?", re.ASCII)
"""A whole stamp, in milliseconds or microseconds: one that is cut tells no time."""
_DIGITS = re.compile(r"\d+\Z", re.ASCII)
_MS, _US = 13, 16


def stamps_in(fields: Sequence[str], width: int) -> list[int]:
    """The opens of the rows in a line, as they stand there, in order; none where it tells no time.

    The first field is a row's open. Where a line end was lost, the next row's stands at the end of a field: its digits
    follow those of the last field of the row before. Whole rows are so many fields apart, and of a row that is cut the
    next one is still whole: it is found from the end of the line.

    Args:
        fields: the line, split at commas.
        width: how many fields a row has.
    """
    first = fields[0].strip() if fields else ""
    digits = len(first) if _STAMP.fullmatch(first) else 0
    found = [int(first)] if digits else []
    if len(fields) <= width:
        return found
    is_whole = (len(fields) - 1) % (width - 1) == 0
    places = range(width - 1, len(fields) - 1, width - 1) if is_whole else [len(fields) - width]
    ends = (_at_end(fields[at].strip(), digits) for at in places)
    return [*found, *(stamp for stamp in ends if stamp is not None)]


def _at_end(field: str, digits: int) -> int | None:
    """The stamp in which a field ends; of so many digits, or, where that is not known (0), of as many as there are."""
    match = _DIGITS.search(field)
    there = len(match[0]) if match else 0
    wanted = digits or (_US if there >= _US else _MS)
    return int(field[-wanted:]) if there >= wanted else None
