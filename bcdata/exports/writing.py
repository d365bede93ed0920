"""Files that are exported together: written beside their targets, recorded, and renamed; never over another's."""

import os
from collections.abc import Iterable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from bcdata.errors import StoreError, UsageError
from bcdata.exports.layouts.layout import File
from bcdata.exports.records import Record, Written, digest_of, read_record
from bcdata.exports.staged import alone, beside, sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

_OTHER = "choose another folder, or replace it with --force"


@dataclass(frozen=True, slots=True)
class Place:
    """Where files of an export go.

    Attributes:
        out: the folder.
        record: where it is noted what they are.
        force: whether they may replace others.
        is_catalog: whether nothing else may lie in their folders.
    """

    out: Path
    record: Path
    force: bool
    is_catalog: bool


def put(place: Place, files: Iterable[File], *, asked: str, inputs: str, left_out: int) -> tuple[Record, bool]:
    """Writes files together: the record of them, and whether anything has changed.

    What is there with the same bytes stays as it is; what the same request wrote before, and does not any more, is
    removed.

    Raises:
        UsageError: a file would take the place of one with other content that is not of the same request.
        StoreError: they cannot be written.
    """
    with explained(place.out), ExitStack() as stack:
        staged: dict[str, tuple[File, Path]] = {}
        for file in files:
            path = stack.enter_context(_beside(place.out / file.path))
            file.write(path)
            staged[file.path] = file, path
        stack.enter_context(alone(place.record.parent))
        old = read_record(place.record)
        own = old if old and (old.asked == asked or place.force) else None
        found = {name: _written(file, path, place.out / name) for name, (file, path) in staged.items()}
        for name, written in found.items():
            _require_replaceable(place, name, written, own)
        gone = [name for name in (old.files if old else ()) if name not in found and (place.out / name).exists()]
        if gone and own is None:
            raise UsageError(f"{place.out / gone[0]} is there already, of another range or other options; {_OTHER}")
        _require_alone(place, {*found, *gone})
        for name in gone:
            if own and own.owns(name, digest_of(place.out / name) or ""):
                (place.out / name).unlink()
        record = Record(asked, inputs, found, left_out)
        record.write(place.record)
        changed = [name for name in staged if found[name].before is not None or not (place.out / name).is_file()]
        for name in changed:
            staged[name][1].replace(place.out / name)
    return record, bool(changed or gone)


def _written(file: File, path: Path, target: Path) -> Written:
    digest, before = digest_of(path) or "", digest_of(target)
    return Written(file.rows, path.stat().st_size, digest, None if before == digest else before)


@contextmanager
def _beside(target: Path) -> "Iterator[Path]":
    target.parent.mkdir(parents=True, exist_ok=True)
    sweep(target.parent)
    with beside(target) as path:
        yield path


def _require_replaceable(place: Place, name: str, written: Written, own: Record | None) -> None:
    target = place.out / name
    if target.is_dir():
        raise UsageError(f"{target} is a folder, and a file is to be written there; choose another folder")
    if os.path.lexists(target) and not target.is_file() and not place.force:
        raise UsageError(f"{target} is there already and is no file, or a link that leads nowhere; {_OTHER}")
    if written.before is None or place.force or (own and own.owns(name, written.before)):
        return
    raise UsageError(f"{target} is there already with other content; {_OTHER}")


def _require_alone(place: Place, own: set[str]) -> None:
    if not place.is_catalog:
        return
    for folder in {(place.out / name).parent for name in own}:
        others = [one for one in folder.glob("*.parquet") if str(one.relative_to(place.out)) not in own]
        if others:
            raise UsageError(
                f"{others[0]} is of another export, and would be read together with this one; choose another folder, "
                "or remove it"
            )


@contextmanager
def explained(place: Path) -> "Iterator[None]":
    """Errors of writing as one line with the cause.

    Raises:
        StoreError: the block could not write.
    """
    try:
        yield
    except (OSError, pl.exceptions.PolarsError, pa.ArrowException) as error:  # each has its own for a full disk
        at = getattr(error, "filename", None) or place
        cause = getattr(error, "strerror", None) or (str(error).splitlines() or [type(error).__name__])[0]
        raise StoreError(f"cannot write {at}: {cause}") from None
