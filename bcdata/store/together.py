"""The rows of many published files in one call of polars, which costs little more than that for a single file."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import polars as pl

from bcdata.store.layout import Partition
from bcdata.store.objects import LocalObjects, ObjectInfo
from bcdata.store.reading import VerifiedReads

_AT_ONCE = 64
"""Groups of which files are verified while polars reads those of the groups before."""


def read_groups(
    reads: VerifiedReads,
    groups: Sequence[Sequence[Partition]],
    columns: Sequence[str] | None = None,
    where: pl.Expr | None = None,
) -> list[pl.DataFrame | None]:
    """The rows of each group's partitions one after the other. The bytes that are read are verified.

    None for a group whose files do not all have the same columns (and for those that were read with it), or of which
    one is missing or replaced meanwhile, and for all groups where objects are no files: read them one by one.

    Args:
        reads: the lake.
        groups: partitions, at least one each.
        columns: only these.
        where: which rows; all if None.

    Raises:
        StoreError: a file is damaged.
    """
    if not isinstance(reads.objects, LocalObjects):
        return [None for _ in groups]
    with _beside() as pool:
        read = []
        for at in range(0, len(groups), _AT_ONCE):
            files = [_sound(reads, group, columns) for group in groups[at : at + _AT_ONCE]]
            read.append(pool.submit(_frames, reads, files, columns, where))
        return [frame for one in read for frame in one.result()]


@contextmanager
def _beside() -> Iterator[ThreadPoolExecutor]:
    """A thread in which polars reads what was verified, while what comes next is; after an error it reads no more."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="reading")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _frames(
    reads: VerifiedReads,
    files: Sequence[Sequence[ObjectInfo] | None],
    columns: Sequence[str] | None,
    where: pl.Expr | None,
) -> list[pl.DataFrame | None]:
    """The rows of the files of each group; None where they cannot be read together, or are other ones by now."""
    scans = [_scan(reads, infos, columns, where) for infos in files if infos]
    try:
        frames = iter(pl.collect_all(scans))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):  # also of a file that shrank meanwhile
        return [None for _ in files]
    found = [next(frames) if infos else None for infos in files]
    return [
        frame if all(reads.objects.stat(one.key) == one for one in infos or ()) else None
        for frame, infos in zip(found, files, strict=True)
    ]


def _sound(
    reads: VerifiedReads, partitions: Sequence[Partition], columns: Sequence[str] | None
) -> list[ObjectInfo] | None:
    """The files of partitions, verified; None where one is missing."""
    infos = [info for one in partitions if (info := reads.objects.stat(one.key()))]
    if len(infos) < len(partitions):
        return None
    for one, info in zip(partitions, infos, strict=True):
        reads.require_sound(one, info, columns)
    return infos


def _scan(
    reads: VerifiedReads, infos: Sequence[ObjectInfo], columns: Sequence[str] | None, where: pl.Expr | None
) -> pl.LazyFrame:
    scan = pl.scan_parquet([f"{reads.root}/{one.key}" for one in infos], hive_partitioning=False)
    rows = scan if where is None else scan.filter(where)
    return rows if columns is None else rows.select(columns)
