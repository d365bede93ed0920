"""What readers do where files are damaged or between two publications: an error or a warning, never an absence."""

import logging
from collections.abc import Iterable, Iterator

from bcdata.pipeline.lake import repair, require_sound, trusted
from bcdata.store.layout import Partition
from bcdata.store.store import Store

_log = logging.getLogger("bcdata")


def standing(store: Store, partitions: Iterable[Partition], source: str) -> Iterator[Partition]:
    """Those of the partitions that are published, by their files' footers. Who reads rows verifies their bytes.

    A partition that is between two publications is left out, with a warning in the log that names it.

    Args:
        store: the lake.
        partitions: of one dataset.
        source: the dataset that `bcdata materialize` takes: that of which coarser bars are made.

    Raises:
        StoreError: a file is damaged or lost; the text has the command that repairs it.
    """
    for one in partitions:
        is_published = trusted(store, one) if one.zone == "merged" else store.published(one)
        if is_published or _may_be_read(store, one, source):
            yield one


def lost_beside(
    store: Store, partitions: Iterable[Partition], zone: str, dataset: str, symbol: str | None = None
) -> list[Partition]:
    """What was published beside these partitions of an asset, or of one symbol of it, and has no file.

    It is lost, or a process was killed before it put it: the manifest does not tell these apart.
    """
    return sorted(set(store.publications.partitions(zone, dataset, symbol=symbol)) - set(partitions))


def warn_of_lost(partitions: Iterable[Partition], source: str) -> None:
    """Names partitions without a file in the log, each with the command that brings it back."""
    for one in partitions:
        command = repair(one, source)
        _log.warning("%s %s is left out: its file is lost, or was never put; %s", one.zone, one, command)


def whole(store: Store, partitions: Iterable[Partition], source: str) -> Iterator[Partition]:
    """Those of the partitions whose files are whole, byte by byte: for readers that verify nothing themselves.

    Raises:
        StoreError: as `standing` does.
    """
    return (one for one in partitions if _may_be_read(store, one, source))


def _may_be_read(store: Store, one: Partition, source: str) -> bool:
    if problem := require_sound(store, one, source):
        _log.warning("%s %s is left out: %s; %s", one.zone, one, problem, repair(one, source))
    return problem is None
