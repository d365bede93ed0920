"""The stretches of a Parquet file that are read for some of its columns, and nothing else of it, against digests."""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress

from bcdata.store.digests import MAGIC, FileDigest, Span, digest_of


def damage_in(path: str, expected: Sequence[FileDigest], columns: Iterable[str]) -> str | None:
    """What is wrong with the footer and these columns of a file, in words; None where they are sound.

    Args:
        path: a published file.
        expected: what the file may be, at least one, the most likely first.
        columns: those that are wanted; one that the file does not have is none to look at.

    Raises:
        OSError: the file cannot be read.
    """
    wanted = list(columns)
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - by the hundred
        size = os.fstat(file.fileno()).st_size
        found = [_damage(file.fileno(), size, one, wanted) for one in expected]
    return None if None in found else found[0]


def footer_among(path: str, entries: Iterable[tuple[str, FileDigest]]) -> str | None:
    """The name of the first of these whose footer a file has; None where it has none of them, or is gone."""
    with suppress(OSError), open(path, "rb", buffering=0) as file:  # noqa: PTH123 - by the hundred
        size = os.fstat(file.fileno()).st_size
        for name, one in entries:
            if size == one.size and _is_sound(file.fileno(), one.footer):
                return name
    return None


def _damage(file: int, size: int, expected: FileDigest, columns: Sequence[str]) -> str | None:
    if size != expected.size:
        return f"it has {size:,} bytes where {expected.size:,} were published"
    if os.pread(file, len(MAGIC), 0) != MAGIC or not _is_sound(file, expected.footer):
        return "its footer is not the one that was published"
    for name in columns:
        if not all(_is_sound(file, span) for span in expected.columns.get(name, ())):
            return f"the bytes of its column {name} are not those that were published"
    return None


def _is_sound(file: int, span: Span) -> bool:
    """Whether a stretch is the one that was published."""
    return digest_of(os.pread(file, span.length, span.start)) == span.digest
