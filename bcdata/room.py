"""Whether there is room on a disk for what is to be written."""

import shutil
from pathlib import Path

from bcdata.errors import StoreError
from bcdata.sizes import size


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
