"""Which expected bars a partition lacks, and which of these are worth asking for: those that nothing explains yet."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import polars as pl

from bcdata.bars.calendar import calendar, closed_window
from bcdata.bars.gaps import Status, explain, missing_opens
from bcdata.bars.schema import TIME
from bcdata.catalog import Dataset
from bcdata.errors import StoreError
from bcdata.operations.explain import Known, Told, unpublished_from
from bcdata.operations.lake import keys_over
from bcdata.operations.workbench import Workbench, window_of
from bcdata.providers.binance.names import GRAINS
from bcdata.providers.binance.peek import content_bound, read_opens
from bcdata.store.layout import Partition
from bcdata.windows import Window

ARCHIVE = "binance_archive"
_WORTH_ASKING = (Status.OPEN.value, Status.NOT_PUBLISHED.value)


@dataclass(frozen=True, slots=True)
class Holes:
    """The bars that a partition lacks.

    Attributes:
        dataset: whose bars they are.
        expected: opens of all bars that should be there by now, UTC, ascending.
        missing: opens of those that neither the archive has nor REST gave.
        known: what explains missing bars, without what raw/binance_rest has learnt itself.
        quiet_since: since when the archive's candles are without a trade up to their end.
    """

    dataset: Dataset
    expected: pl.Series
    missing: pl.Series
    known: Known
    quiet_since: str | None = None

    @property
    def seems_gone(self) -> bool:
        """Whether no file of any interval goes on."""
        return bool(self.known.told.get("ended"))

    def unexplained(self, facts: Told, *, without: Collection[datetime] = ()) -> pl.Series:
        """The missing bars that are worth asking for, but for the opens given by `without`.

        Args:
            facts: what is known from the exchange, as a record of parsed/binance_rest has it.
            without: opens (UTC) that came by now.
        """
        left = self.missing.filter(~self.missing.is_in(pl.Series(list(without), dtype=TIME).implode()))
        if left.is_empty():
            return left
        reasons = replace(self.known, rest=facts).reasons()
        # A row that was set aside explains nothing here: REST may have a sound one.
        told = explain(left.to_frame("open_time"), [one for one in reasons if one.status is not Status.QUARANTINED])
        return told.filter(pl.col("status").is_in(_WORTH_ASKING))["open_time"]


def find_holes(work: Workbench, dataset: Dataset, partition: Partition, *, is_whole: bool) -> Holes | None:
    """The holes of a raw/binance_rest partition; None where the archive's part of it is not published.

    Where earlier answers are all there (`is_whole`), what they gave is no hole any more.
    """
    window = window_of(dataset, partition)
    closed = closed_window(window, dataset.bar_interval, work.now)
    expected = calendar(dataset.calendar).opens(dataset.bar_interval, closed)
    published, missing, opens = None, expected, expected.clear()
    if ARCHIVE in dataset.sources:
        archive = partition.in_zone("parsed", ARCHIVE)
        published = work.store.published(archive)
        if published is None:
            return None
        if closed == window and published.record["verdict"]["rows"] == len(expected):
            # Sound, unique, on the grid and as many as expected: nothing is missing, and nothing need be read.
            return Holes(dataset, expected, expected.clear(), Known(window), published.record.get("quiet_since"))
        frame = work.store.read(archive)
        if frame is None:
            return None
        opens = frame["open_time"]
        missing = missing_opens(expected, opens)
    # What parsed took from earlier answers, not what came: a row that did not pass is a hole still.
    given = _opens(work, partition.in_zone("parsed", partition.provider)) if is_whole else expected.clear()
    missing = missing.filter(~missing.is_in(given.implode()))
    there = pl.concat([opens, given])
    first, last = there.min(), there.max()
    known = Known(
        window,
        archive=published.record if published else {},
        unpublished=unpublished_from(dataset, window, work.now),
        first_bar=first if isinstance(first, datetime) else None,
        last_bar=last if isinstance(last, datetime) else None,
        after_last=dataset.bar_interval.next(last) if isinstance(last, datetime) else None,
    )
    return Holes(dataset, expected, missing, known, (published.record if published else {}).get("quiet_since"))


def archived(work: Workbench, dataset: Dataset, partition: Partition, window: Window) -> pl.Series:
    """The opens (UTC) in the window that parsed/binance_archive has, of this partition and of its neighbours."""
    opens = [pl.Series("open_time", [], dtype=TIME)]
    if ARCHIVE in dataset.sources:
        for key in keys_over(dataset, window):
            one = Partition("parsed", dataset.name, partition.symbol, key, ARCHIVE)
            opens.append(_opens(work, one))
    every = pl.concat(opens)
    return every.filter(every.is_between(window.start, window.end, closed="left"))


def _opens(work: Workbench, partition: Partition) -> pl.Series:
    """The opens that a parsed partition holds; none where it is not there, or damaged, and is made anew."""
    try:
        frame = work.store.read(partition)
    except StoreError:
        frame = None
    return pl.Series("open_time", [], dtype=TIME) if frame is None else frame["open_time"]


def missing_in(
    work: Workbench, dataset: Dataset, partition: Partition, objects: Sequence[Mapping[str, Any]]
) -> pl.Series:
    """The expected opens (UTC) by now that are in none of a raw/binance_archive partition's objects."""
    interval = dataset.bar_interval
    closed = closed_window(window_of(dataset, partition), interval, work.now)
    opens = [pl.Series("open_time", [], dtype=TIME)]
    for one in objects:
        body = work.store.objects.get(partition.key(one["file"]))
        bound = content_bound(GRAINS[one["period"]].window(one["date"]), interval)
        found = read_opens(body, one["name"], bound) if body is not None else None
        opens += [found] if found is not None else []
    return missing_opens(calendar(dataset.calendar).opens(interval, closed), pl.concat(opens))
