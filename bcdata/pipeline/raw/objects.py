"""Getting objects of the archive into raw: fetched if new, changed or lost, and put on record."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bcdata.catalog import Dataset
from bcdata.errors import NotFoundError
from bcdata.intervals import Interval
from bcdata.pipeline.context import Workbench, window_of
from bcdata.pipeline.records.objects import (
    DAMAGED,
    WITHDRAWN,
    AnyObject,
    ControlRecord,
    ListedVersion,
    Look,
    ObjectRecord,
    StoredRecord,
    without,
)
from bcdata.providers.base import PERIODS, BulkObject, FetchedObject
from bcdata.providers.formats import PublishedFile
from bcdata.providers.registry import bulk_format
from bcdata.store.layout import Partition
from bcdata.venues.calendar import calendar
from bcdata.windows import Grain

_LOOK = 2
"""The version of what a look into an object tells; records of another one are looked into again, out of raw."""


@dataclass(slots=True)
class ObjectFetcher:
    """Fetches objects of one partition. `new` are the keys of the files that it put, `fetched` their bytes."""

    work: Workbench
    dataset: Dataset
    partition: Partition
    fetched: int = 0
    new: list[str] = field(default_factory=list)

    async def have(self, one: BulkObject, known: Mapping[str, ObjectRecord]) -> ObjectRecord | None:
        """The record of an object of the dataset; None where it is not there after all.

        Args:
            one: the object as listed.
            known: the records of the objects in force so far, by name.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        if record := self._sound(one, known):
            return await self.looked_at(one, record)
        got = await self._fetch(one, with_checksum=True)
        return None if got is None else {**got[0], **await self._look(one, got[1].body)}

    async def looked_at(self, one: BulkObject, record: ObjectRecord) -> ObjectRecord:
        """The record with what a look into its object tells by now, if an earlier version of the code looked."""
        if record.get("look") == _LOOK:
            return record
        body = await asyncio.to_thread(self.work.store.objects.get, self.partition.key(record["file"]))
        return record if body is None else {**record, **await self._look(one, body)}

    async def have_control(
        self, one: BulkObject, interval: Interval, known: Mapping[str, ControlRecord]
    ) -> ControlRecord | None:
        """The record of an object of coarser bars, without its CHECKSUM; None where it is not there after all.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        if record := self._sound(one, known):
            return record
        got = await self._fetch(one, with_checksum=False)
        if got is None:
            return None
        file = PublishedFile.of(one, got[1].body)
        seen = await asyncio.to_thread(bulk_format(self.dataset.market).coverage, file, interval)
        lacking = [day.isoformat() for day in file.window.days() if not seen.rows.get(day)]
        return {**got[0], "interval": interval.name, "lacking": lacking}

    def is_there(self, record: StoredRecord) -> bool:
        """Whether raw has the file of a record, in its length."""
        info = self.work.store.objects.stat(self.partition.key(record["file"]))
        return info is not None and info.size == record["bytes"]

    def _sound(self, one: BulkObject, known: Mapping[str, AnyObject]) -> AnyObject | None:
        """The known record of just this version, if its bytes are those that came."""
        record = known.get(one.name)
        if record is None or record["listed"] != listed_as(one) or not record["whole"] or DAMAGED in record:
            return None
        if not self.work.store.holds(self.partition.key(record["file"]), record["bytes"], record["sha256"]):
            return None
        return without(record, WITHDRAWN)

    async def _fetch(self, one: BulkObject, *, with_checksum: bool) -> tuple[ObjectRecord, FetchedObject] | None:
        try:
            got = await self.work.clients.bulk(self.dataset.market).fetch(one, with_checksum=with_checksum)
        except NotFoundError:
            return None  # listed, but not to be had: as good as not published
        self.fetched += len(got.body)
        file = f"{one.name.removesuffix('.zip')}.{got.sha256[:12]}.zip"
        await asyncio.to_thread(self.work.store.keep, self.partition.key(file), got.body)
        self.new.append(self.partition.key(file))
        record: ObjectRecord = {
            "name": one.name,
            "file": file,
            "url": one.key,
            "period": one.period,
            "date": one.date_key,
            "bytes": len(got.body),
            "sha256": got.sha256,
            "checksum": got.checksum,
            "checksum_text": got.checksum_text,
            "whole": got.is_whole(one),
            "listed": listed_as(one),
        }
        return record, got

    async def _look(self, one: BulkObject, body: bytes) -> Look:
        """What a look into the object tells: where it begins and ends, and which days it lacks in whole or part.

        Taken of those that can tell something: monthly ones, and a partition's first and last daily ones.
        """
        interval, window = self.dataset.interval, PERIODS[one.period].window(one.date_key)
        whole = window_of(self.dataset, self.partition)
        is_daily = one.period == "daily"
        if interval is None or (is_daily and whole.start < window.start and window.end < whole.end):
            return {"look": _LOOK}
        files = bulk_format(self.dataset.market)
        seen = await asyncio.to_thread(files.coverage, PublishedFile.of(one, body), interval)
        told: Look = {"look": _LOOK}
        if not is_daily or window.start == whole.start:
            told["first"] = iso(seen.first)
        if not is_daily or window.end == whole.end:
            told["last"] = iso(seen.last)
        if not is_daily or self.dataset.grain is Grain.DAY:
            opens = calendar(self.dataset.calendar).opens(interval, window)
            expected = dict(opens.dt.date().value_counts(name="rows").iter_rows())
            told["lacking"] = [day.isoformat() for day in seen.lacking(expected)]
        return told


def listed_as(one: BulkObject) -> ListedVersion:
    """All that tells one version of an object, or of its CHECKSUM, from another, as records keep it."""
    return {
        "size": one.size,
        "etag": one.etag,
        "last_modified": iso(one.last_modified),
        "checksum_modified": iso(one.checksum_modified),
    }


def as_listed(record: ObjectRecord) -> BulkObject:
    """The object of a record, as it was listed when it was fetched."""
    listed = record["listed"]
    modified, checksum_modified = (
        datetime.fromisoformat(text) if text else None
        for text in (listed.get("last_modified"), listed.get("checksum_modified"))
    )
    return BulkObject(
        record["url"],
        record["period"],
        record["date"],
        size=listed.get("size"),
        last_modified=modified,
        etag=listed.get("etag"),
        checksum_modified=checksum_modified,
    )


def is_republished(one: BulkObject, known: Mapping[str, ObjectRecord]) -> bool:
    """Whether records (by name) have the object, and the listing now says otherwise of it."""
    return one.name in known and known[one.name]["listed"] != listed_as(one)


def iso(instant: datetime | None) -> str | None:
    """An instant as records keep it."""
    return instant.isoformat() if instant else None
