"""The stretches of a Parquet file that are read for some of its columns, and nothing else of it, against digests."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from bcdata.store.digests import MAGIC, FileDigest, Span, digest_of

Entry = tuple[str, FileDigest]
"""What a file may be, and the fingerprint of that publication."""


def damage_in(
    path: str, expected: Sequence[FileDigest], columns: Iterable[str], *, footer: FileDigest | None = None
) -> str | None:
    """What is wrong with the footer and these columns of a file, in words; None where they are sound.

    Args:
        path: a published file.
        expected: what the file may be, at least one, the most likely first.
        columns: those that are wanted; one that the file does not have is none to look at.
        footer: the one of `expected` whose footer the file is known to have.

    Raises:
        OSError: the file cannot be read.
    """
    wanted = list(columns)
    with _opened(path) as file:
        size = os.fstat(file).st_size
        found = [_damage(file, size, one, wanted, has_footer=one is footer) for one in expected]
    return None if None in found else found[0]


def footer_among(path: str, entries: Iterable[Entry]) -> Entry | None:
    """The first of these whose footer a file has; None where it has none of them, or is gone."""
    with suppress(OSError), _opened(path) as file:
        size = os.fstat(file).st_size
        for one in entries:
            if size == one[1].size and _is_sound(file, one[1].footer):
                return one
    return None


@contextmanager
def _opened(path: str) -> Iterator[int]:
    """The descriptor of a file: an object for each would cost as much as reading some of it."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield file
    finally:
        os.close(file)


def _damage(file: int, size: int, expected: FileDigest, columns: Sequence[str], *, has_footer: bool) -> str | None:
    if size != expected.size:
        return f"it has {size:,} bytes where {expected.size:,} were published"
    if os.pread(file, len(MAGIC), 0) != MAGIC or not (has_footer or _is_sound(file, expected.footer)):
        return "its footer is not the one that was published"
    for name in columns:
        if not all(_is_sound(file, span) for span in expected.columns.get(name, ())):
            return f"the bytes of its column {name} are not those that were published"
    return None


def _is_sound(file: int, span: Span) -> bool:
    """Whether a stretch is the one that was published."""
    return digest_of(os.pread(file, span.length, span.start)) == span.digest
