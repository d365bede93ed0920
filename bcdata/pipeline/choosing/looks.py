"""A look into the objects that raw has: what of a partition they lack decides which others are read beside them.

What it tells stands in their records, so that each version is looked into once.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from bcdata.interval import Interval
from bcdata.pipeline.context import window_of
from bcdata.pipeline.raw.objects import ObjectFetcher, iso
from bcdata.pipeline.records.objects import ControlRecord, ObjectContent, ObjectRecord, as_withdrawn
from bcdata.providers.base import PERIODS, BulkObject
from bcdata.providers.formats import PublishedFile
from bcdata.providers.registry import bulk_format
from bcdata.venues.calendar import calendar
from bcdata.windows import Grain

_LOOK = 2
"""The version of what a look into an object tells; records of another one are looked into again, out of raw."""


@dataclass(frozen=True, slots=True)
class LookedInto:
    """The objects of one partition, fetched where raw has them not yet, with what is in them.

    Attributes:
        fetcher: of the partition.
        known: the records of the objects in force so far, by name.
        gone: the records of those that are listed no more, by name.
    """

    fetcher: ObjectFetcher
    known: Mapping[str, ObjectRecord]
    gone: Mapping[str, ObjectRecord]

    async def have(self, one: BulkObject) -> ObjectRecord | None:
        """The record of an object in force; None where the archive has it not after all, and never had it.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        if one.name in self.gone:
            return await self._looked_at(one, self.gone[one.name])
        if record := self.fetcher.held(one, self.known):
            return await self._looked_at(one, record)
        got = await self.fetcher.fetch(one)
        if got is not None:
            return {**got.record, **await self._look(one, got.body)}
        # Listed, but not to be had: the last version that is held stays in force.
        before = self.known.get(one.name)
        return None if before is None else await self._looked_at(one, as_withdrawn(before))

    async def have_control(
        self, one: BulkObject, interval: Interval, known: Mapping[str, ControlRecord]
    ) -> ControlRecord | None:
        """The record of an object of coarser bars, without its CHECKSUM; None where it is not there after all.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        if record := self.fetcher.held(one, known):
            return record
        got = await self.fetcher.fetch(one, with_checksum=False)
        if got is None:
            return None
        file = PublishedFile.of(one, got.body)
        seen = await asyncio.to_thread(bulk_format(self.fetcher.dataset.market).coverage, file, interval)
        lacking = [day.isoformat() for day in file.window.days() if not seen.rows.get(day)]
        return {**got.record, "interval": interval.name, "lacking": lacking}

    async def _looked_at(self, one: BulkObject, record: ObjectRecord) -> ObjectRecord:
        """The record with what a look into its object tells by now, if an earlier version of the code looked."""
        if record.get("look") == _LOOK:
            return record
        body = await self.fetcher.body(record)
        return record if body is None else {**record, **await self._look(one, body)}

    async def _look(self, one: BulkObject, body: bytes) -> ObjectContent:
        """What a look into the object tells: where it begins and ends, and which days it lacks in whole or part.

        Taken of those that can tell something: monthly ones, and a partition's first and last daily ones.
        """
        dataset = self.fetcher.dataset
        interval, window = dataset.interval, PERIODS[one.period].window(one.date_key)
        whole = window_of(dataset, self.fetcher.partition)
        is_daily = one.period == "daily"
        is_inside = is_daily and whole.start < window.start and window.end < whole.end
        if dataset.ends_at_raw or interval is None or is_inside:
            return {"look": _LOOK}
        files = bulk_format(dataset.market)
        seen = await asyncio.to_thread(files.coverage, PublishedFile.of(one, body), interval)
        told: ObjectContent = {"look": _LOOK}
        if not is_daily or window.start == whole.start:
            told["first"] = iso(seen.first)
        if not is_daily or window.end == whole.end:
            told["last"] = iso(seen.last)
        if not is_daily or dataset.grain is Grain.DAY:
            opens = calendar(dataset.hours).opens(interval, window)
            expected = dict(opens.dt.date().value_counts(name="rows").iter_rows())
            told["lacking"] = [day.isoformat() for day in seen.lacking(expected)]
        return told
