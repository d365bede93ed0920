"""Day bars that the archive's own files of other partitions make: what the exchange's day bars are tried with."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import zip_longest
from typing import cast

import polars as pl

from bcdata.bars.resample import aggregate
from bcdata.catalog import Dataset
from bcdata.evidence.remembered import Once, look_into
from bcdata.frames.schema import BAR, TIME
from bcdata.pipeline.context import RunContext, series_of
from bcdata.pipeline.missing.day_bars import DAY_INTERVAL, REACH
from bcdata.pipeline.parsed.control_bars import sound_bars
from bcdata.pipeline.records.objects import ObjectTimes
from bcdata.pipeline.records.pages import ArchiveDayBar, ArchiveDayRecord
from bcdata.providers.base import PERIODS, BulkObject, Series
from bcdata.providers.formats import PublishedFile
from bcdata.providers.registry import bulk_format
from bcdata.quality.compare.windows import length_of, may_have_traded
from bcdata.store.layout import Partition
from bcdata.windows import Grain, Window

_STRIDES = (0, 1, 3, 7, 15, 30)
"""Which of the days on either side are read, the nearest first, and the last one: a week that is wrong must not be all
that is asked."""


class ArchiveDays:
    """Reads an object once for all partitions of a run that ask for it."""

    def __init__(self, context: RunContext, dataset: Dataset) -> None:
        self._context = context
        self._dataset = dataset
        self._read = Once[str, ArchiveDayRecord | None]()

    async def listed(self, partition: Partition) -> list[BulkObject]:
        """Objects of other partitions, the nearest first: of days, and of months where there is no day's.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        window = self._dataset.grain.window(partition.date)
        series = series_of(self._dataset, partition.symbol)
        first, last = window.start - REACH, window.end + REACH - timedelta(days=1)
        archive = self._context.clients.bulk(series.market)
        days, months = await asyncio.gather(
            archive.objects(series, "daily", first=Grain.DAY.key(first), last=Grain.DAY.key(last)),
            archive.objects(series, "monthly", first=Grain.MONTH.key(first), last=Grain.MONTH.key(last)),
        )
        other = [one for one in months if not _overlap(PERIODS["monthly"].window(one.date_key), window)]
        return _spread(days, window) or other[:2]

    async def day_bar(self, partition: Partition, one: BulkObject) -> ArchiveDayRecord | None:
        """What an object makes of its day (a month's of the day next to the partition); None where that is not whole.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        window = self._dataset.grain.window(partition.date)
        archive = self._context.clients.bulk(self._dataset.market)
        made_of = partial(_made_of, self._dataset, series_of(self._dataset, partition.symbol), one, window)
        key = f"{one.key}/{one.date_key < partition.date}"
        return await self._read.get(key, partial(look_into, archive, one, made_of))


def _made_of(
    dataset: Dataset, series: Series, one: BulkObject, window: Window, file: PublishedFile
) -> ArchiveDayRecord | None:
    interval = dataset.bar_interval
    lines = bulk_format(series.market).lines(file, interval)
    days = aggregate(sound_bars([lines], [_record(one)], series), DAY_INTERVAL)
    whole = days.filter((pl.col("bars") == timedelta(days=1) // length_of(interval)) & may_have_traded())
    if whole.is_empty():
        return None
    nearest = whole[-1] if file.window.end <= window.start else whole[0]
    values = nearest.select(BAR.names()).with_columns(pl.col("open_time").dt.to_string("iso:strict"))
    return {"object": one.name, "bar": cast("ArchiveDayBar", values.row(0, named=True))}


def frame_of(witnesses: Sequence[ArchiveDayRecord]) -> pl.DataFrame:
    """The day bars (`BAR`) out of the records of `ArchiveDays.day_bar`, ascending."""
    rows: list[dict[str, object]] = [
        {**one["bar"], "open_time": datetime.fromisoformat(one["bar"]["open_time"])} for one in witnesses
    ]
    schema = {**BAR, "open_time": TIME}
    return pl.DataFrame(rows, schema=schema).unique("open_time", keep="first").sort("open_time")


def _spread(days: Sequence[BulkObject], window: Window) -> list[BulkObject]:
    """Objects of days before and after a partition, the nearest first, further and further apart."""
    named = [(PERIODS["daily"].window(one.date_key), one) for one in days]
    before = [one for day, one in reversed(named) if day.end <= window.start]
    after = [one for day, one in named if day.start >= window.end]
    sides = ([side[at] for at in sorted({*_STRIDES, len(side) - 1}) if 0 <= at < len(side)] for side in (before, after))
    return [one for pair in zip_longest(*sides) for one in pair if one is not None]


def _overlap(one: Window, other: Window) -> bool:
    return one.start < other.end and other.start < one.end


def _record(one: BulkObject) -> ObjectTimes:
    return {"name": one.name, "period": one.period, "date": one.date_key}
