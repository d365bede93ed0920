"""The stretches of a Parquet file that are read for some of its columns, and nothing else of it; verified."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from bcdata.store.digests import MAGIC, FileDigest, Span, digest_of


def read_pieces(path: Path, expected: Sequence[FileDigest], columns: Iterable[str]) -> bytearray | str:
    """The footer and the columns' chunks where they stand in the file, with zeros where nothing was read.

    Args:
        path: a published file.
        expected: what the file may be, at least one, the most likely first.
        columns: those that are wanted; one that the file does not have is none to read.

    Returns:
        The pieces as a file of the same length, or what is wrong with them, in words.

    Raises:
        OSError: the file cannot be read.
    """
    wanted = list(columns)
    with path.open("rb") as file:
        size, problem = os.fstat(file.fileno()).st_size, None
        for one in expected:
            found = _pieces(file.fileno(), size, one, wanted)
            if isinstance(found, bytearray):
                return found
            problem = problem or found
    return str(problem)


def _pieces(file: int, size: int, expected: FileDigest, columns: Sequence[str]) -> bytearray | str:
    if size != expected.size:
        return f"it has {size:,} bytes where {expected.size:,} were published"
    pieces = bytearray(size)
    pieces[: len(MAGIC)] = os.pread(file, len(MAGIC), 0)
    if pieces[: len(MAGIC)] != MAGIC or not _copied(file, pieces, expected.footer):
        return "its footer is not the one that was published"
    for name in columns:
        if not all(_copied(file, pieces, span) for span in expected.columns.get(name, ())):
            return f"the bytes of its column {name} are not those that were published"
    return pieces


def _copied(file: int, pieces: bytearray, span: Span) -> bool:
    """Copies a stretch; whether it is the one that was published."""
    place = memoryview(pieces)[span.start : span.end]
    return os.preadv(file, [place], span.start) == span.length and digest_of(place) == span.digest
