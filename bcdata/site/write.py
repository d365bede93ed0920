"""The folder of a report: written beside its place and put there whole; a folder with other things is left alone."""

import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path

from bcdata.errors import StoreError, UsageError
from bcdata.reading.root import require_outside
from bcdata.site.pages import Page

MARK = ".bcdata-report"


def require_free(out: Path, lake: Path) -> None:
    """Raises a UsageError where a report would replace what is none, or would lie in the lake."""
    require_outside(out, lake)
    if out.resolve() in lake.resolve().parents:
        raise UsageError(f"the lake is in {out}; choose a folder of its own")
    if out.is_dir() and any(out.iterdir()) and not (out / MARK).is_file():
        raise UsageError(f"{out} holds other things than a report; choose an empty folder, or one that is not there")
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is no folder")


def write(out: Path, pages: Iterable[Page]) -> tuple[int, int]:
    """Writes the pages in the place of an earlier report; how many there are, and their bytes.

    Raises:
        StoreError: the folder cannot be written. What was there stays.
    """
    new, old = (out.with_name(f".{out.name}.{uuid.uuid4().hex[:8]}") for _ in range(2))
    number = size = 0
    try:
        new.mkdir(parents=True)
        (new / MARK).touch()
        for page in pages:
            path = new / page.path
            path.parent.mkdir(exist_ok=True)
            size += path.write_bytes(page.text.encode())
            number += 1
        if out.exists():
            out.replace(old)
        new.replace(out)
    except OSError as error:
        raise StoreError(f"cannot write the report to {out}: {error.strerror or error}") from None
    finally:
        for left in (new, old):
            shutil.rmtree(left, ignore_errors=True)
    return number, size
