"""What readers do where files are damaged or between two publications: an error or a warning, never an absence."""

import logging
from collections.abc import Iterable, Iterator

from bcdata.errors import StoreError
from bcdata.operations.lake import BETWEEN, distrust, trusted
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


def whole(store: Store, partitions: Iterable[Partition], source: str) -> Iterator[Partition]:
    """Those of the partitions whose files are whole, byte by byte: for readers that verify nothing themselves.

    Raises:
        StoreError: as `standing` does.
    """
    return (one for one in partitions if _may_be_read(store, one, source))


def repair(partition: Partition, source: str) -> str:
    """The command that rebuilds a partition."""
    date = partition.date
    return f"bcdata materialize --dataset {source} --symbols {partition.symbol} --from {date} --to {date}"


def _may_be_read(store: Store, one: Partition, source: str) -> bool:
    command = repair(one, source)
    try:
        problem = distrust(store, one)
    except StoreError as error:
        raise StoreError(f"{error}; repair it with: {command}") from error
    if problem == BETWEEN:
        _log.warning("%s %s is left out: %s; %s", one.zone, one, problem, command)
        return False
    if problem:
        raise StoreError(f"{problem}; repair it with: {command}")
    return True
