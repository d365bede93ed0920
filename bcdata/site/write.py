"""The folder of a report: written beside its place and put there whole; a folder with other things is left alone."""

import fcntl
import re
import shutil
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from bcdata.errors import StoreError, UsageError
from bcdata.reading.root import require_outside
from bcdata.site.pages import Page

MARK = ".bcdata-report"


def require_free(out: Path, lake: Path) -> None:
    """Raises a UsageError where a report would replace what is none, or would lie in the lake."""
    require_outside(out, lake)
    place, here = out.resolve(), Path.cwd()
    if place in lake.resolve().parents:
        raise UsageError(f"the lake is in {out}; choose a folder of its own")
    if place.exists() and not place.is_dir():
        raise UsageError(f"{out} is no folder")
    try:
        holds_other = place.is_dir() and any(place.iterdir()) and not (place / MARK).is_file()
    except OSError as error:
        raise UsageError(f"{out} cannot be read: {error.strerror or error}; choose another folder") from None
    if holds_other:
        raise UsageError(f"{out} holds other things than a report; choose an empty folder, or one that is not there")
    if place == here or place in here.parents:
        raise UsageError(f"{out} is replaced as a whole, and the command runs in it; name another, or run it elsewhere")


def write(out: Path, pages: Iterable[Page]) -> tuple[int, int]:
    """Writes the pages in the place of an earlier report; how many there are, and their bytes.

    A link stays, and what it leads to is replaced. What a killed report left beside it is removed.

    Raises:
        StoreError: the folder cannot be written. What was there stays.
    """
    place = out.resolve()
    new, old = (place.with_name(f".{place.name}.{uuid.uuid4().hex[:8]}") for _ in range(2))
    number = size = 0
    try:
        _sweep(place)
        new.mkdir(parents=True)
        with (new / MARK).open("w") as mark:
            fcntl.flock(mark, fcntl.LOCK_EX)
            for page in pages:
                path = new / page.path
                path.parent.mkdir(exist_ok=True)
                size += path.write_bytes(page.text.encode())
                number += 1
            if place.exists():
                place.replace(old)
            new.replace(place)
    except OSError as error:
        raise StoreError(f"cannot write the report to {out}: {error.strerror or error}") from None
    finally:
        if not place.exists() and old.exists():
            old.replace(place)
        for left in (new, old):
            shutil.rmtree(left, ignore_errors=True)
    return number, size


def _sweep(place: Path) -> None:
    """Removes what killed processes left beside a report; what living ones are writing is locked, and stays."""
    left = re.compile(rf"\.{re.escape(place.name)}\.[0-9a-f]{{8}}", re.ASCII)
    for one in place.parent.iterdir() if place.parent.is_dir() else ():
        if left.fullmatch(one.name):
            with suppress(OSError), (one / MARK).open() as mark:  # none of ours, gone meanwhile, or at work
                fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(one, ignore_errors=True)
