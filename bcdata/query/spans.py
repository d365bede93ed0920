"""Where missing bars may be filled: in what was materialized, up to now, and not where the symbol was delisted."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import polars as pl

from bcdata.catalog import Dataset
from bcdata.errors import StoreError
from bcdata.gaps.ledger import Status
from bcdata.pipeline.lake import repair, trusted
from bcdata.pipeline.records.in_footers import merged_record
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.venues.calendar import closed_window
from bcdata.windows import Window


def fillable(
    store: Store, dataset: Dataset, partitions: Iterable[Partition], window: Window, now: datetime
) -> list[Window]:
    """The parts of the window in which the bars of one symbol may be filled, ascending and apart from each other.

    A partition counts as far as its bars had closed when it was made, and not beyond `now`. Partitions that follow each
    other are one part: a close may be carried from one to the next, but not over a month that was never materialized.

    Args:
        store: the lake.
        dataset: whose merged partitions these are.
        partitions: of one symbol, ascending by date.
        window: what is asked for.
        now: the present instant (UTC).
    """
    parts: list[Window] = []
    for one in partitions:
        made = _closed(store, dataset, one, now)
        cut = Window(max(made.start, window.start), min(made.end, window.end))
        if cut.is_empty or trusted(store, one) is None:
            continue
        for part in _without(cut, list(_delisted(store, dataset, one))):
            if parts and parts[-1].end == part.start:
                parts[-1] = Window(parts[-1].start, part.end)
            else:
                parts.append(part)
    return parts


def _closed(store: Store, dataset: Dataset, partition: Partition, now: datetime) -> Window:
    """The time of a partition whose bars had closed when it was made."""
    held = closed_window(dataset.grain.window(partition.date), dataset.bar_interval, now)
    published = store.published(partition)
    closed = merged_record(published).get("closed")
    return held.until(datetime.fromisoformat(closed)) if closed else held


def _delisted(store: Store, dataset: Dataset, partition: Partition) -> Iterator[Window]:
    """When the symbol was delisted, by the partition's ledger."""
    try:
        ledger = store.read(partition.in_zone("gaps"))
    except StoreError as error:
        raise StoreError(f"{error}; repair it with: {repair(partition, dataset.name)}") from error
    if ledger is None:
        return
    rows = ledger.filter(pl.col("status") == Status.DELISTED.value).sort("start")
    for first, last in rows.select("start", "end").iter_rows():
        yield Window(first, dataset.bar_interval.next(last))


def _without(window: Window, holes: Sequence[Window]) -> Iterator[Window]:
    """What is left of the window without the holes, which ascend."""
    start = window.start
    for hole in holes:
        if start < min(hole.start, window.end):
            yield Window(start, min(hole.start, window.end))
        start = max(start, hole.end)
    if start < window.end:
        yield Window(start, window.end)
