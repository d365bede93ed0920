"""Sizes for people, and whether there is room for them."""

import shutil
from pathlib import Path

from bcdata.errors import StoreError

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


def require_room(place: Path, needed: int, what: str, way_out: str) -> None:
    """Passes where so many bytes are free for whoever asks; who cannot look at a place is told when it is written.

    Args:
        place: where they will be written; it need not be there yet.
        needed: how many they are.
        what: takes them, for the text.
        way_out: what to do where they do not fit.

    Raises:
        StoreError: there is less; the text has both figures.
    """
    there = place.absolute()
    try:
        while not there.exists():
            there = there.parent
        free = shutil.disk_usage(there).free
    except OSError:
        return
    if needed > free:
        raise StoreError(f"{what} {size(needed)}, and {there} has {size(free)} free; {way_out}")
