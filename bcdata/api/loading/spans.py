"""Filling missing bars: where it may be done (what was materialized, up to now, no delisting), and doing it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import polars as pl

from bcdata.bars.fill import FILLED, Fill
from bcdata.bars.fill import fill as fill_bars
from bcdata.bars.known import with_known_at
from bcdata.bars.segments import SEGMENT
from bcdata.catalog import Dataset
from bcdata.errors import StoreError
from bcdata.interval import Interval
from bcdata.ledger.ledger import Status
from bcdata.pipeline.lake import repair, trusted
from bcdata.pipeline.records.in_footers import merged_record
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.venues.calendar import calendar, closed_window
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


def filled(
    rows: pl.DataFrame, policy: Fill, source: Dataset, interval: Interval, parts: Sequence[Window]
) -> pl.DataFrame:
    """The rows with the missing bars of each part; those of a segment's gap belong to the segment before."""
    days = calendar(source.hours)
    within = [fill_bars(rows, policy, interval=interval, calendar=days, window=part) for part in parts]
    beyond = rows.filter(~pl.any_horizontal(pl.lit(value=False), *(_inside(part) for part in parts)))
    found = pl.concat([beyond, *within], how="diagonal").sort("open_time")
    if policy is Fill.FLAT and FILLED not in found.columns:  # there is no part that may be filled
        found = found.with_columns(pl.lit(value=False).alias(FILLED))
    if SEGMENT in found.columns:
        found = found.with_columns(pl.col(SEGMENT).forward_fill().backward_fill())
    if policy is Fill.FLAT:
        found = with_known_at(found.with_columns(pl.col(FILLED).fill_null(value=False)), interval)
    return found


def _inside(part: Window) -> pl.Expr:
    return pl.col("open_time").is_between(part.start, part.end, closed="left")
