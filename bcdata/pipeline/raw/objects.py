"""Getting objects of the archive into raw: fetched if new, changed or lost, stored as they came, put on record."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from bcdata.catalog import Dataset
from bcdata.errors import NotFoundError
from bcdata.pipeline.context import RunContext
from bcdata.pipeline.records.objects import (
    DAMAGED,
    WITHDRAWN,
    AnyObject,
    ListedVersion,
    ObjectRecord,
    StoredRecord,
    without,
)
from bcdata.providers.base import BulkObject
from bcdata.store.layout import Partition


@dataclass(frozen=True, slots=True)
class Stored:
    """An object that was fetched: its record, and its bytes, which raw has now."""

    record: ObjectRecord
    body: bytes


@dataclass(slots=True)
class ObjectFetcher:
    """Fetches objects of one partition. `new` are the keys of the files that it put, `fetched` their bytes."""

    context: RunContext
    dataset: Dataset
    partition: Partition
    fetched: int = 0
    new: list[str] = field(default_factory=list)

    def held(self, one: BulkObject, known: Mapping[str, AnyObject]) -> AnyObject | None:
        """The record of just this version out of those known by name, if its bytes are those that came."""
        record = known.get(one.name)
        if record is None or not is_version(record, one) or not record["whole"] or DAMAGED in record:
            return None
        if not self.context.store.holds(self.partition.key(record["file"]), record["bytes"], record["sha256"]):
            return None
        return cast("AnyObject", {**without(record, WITHDRAWN), "listed": listed_as(one)})

    def is_there(self, record: StoredRecord) -> bool:
        """Whether raw has the file of a record, in its length."""
        info = self.context.store.objects.stat(self.partition.key(record["file"]))
        return info is not None and info.size == record["bytes"]

    async def body(self, record: StoredRecord) -> bytes | None:
        """What raw has under the name of a record."""
        return await asyncio.to_thread(self.context.store.objects.get, self.partition.key(record["file"]))

    async def fetch(self, one: BulkObject, *, with_checksum: bool = True) -> Stored | None:
        """Fetches an object and stores it as it came; None where it is not there after all.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        try:
            got = await self.context.clients.bulk(self.dataset.market).fetch(one, with_checksum=with_checksum)
        except NotFoundError:
            return None  # listed, but not to be had: as good as not published
        self.fetched += len(got.body)
        file = f"{one.name.removesuffix('.zip')}.{got.sha256[:12]}.zip"
        await asyncio.to_thread(self.context.store.keep, self.partition.key(file), got.body)
        self.new.append(self.partition.key(file))
        self.context.on_fetch(len(got.body))
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
        return Stored(record, got.body)


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


def is_version(record: ObjectRecord, one: BulkObject) -> bool:
    """Whether the record is of the version that is listed.

    Of a file that a user brought no listing was asked: its record has the size and the MD5, and where these are the
    listed ones, and its CHECKSUM fits, the bytes are those that a fetch would bring.
    """
    known, listed = record["listed"], listed_as(one)
    if known == listed:
        return True
    is_brought = known.get("last_modified") is None and known.get("checksum_modified") is None
    is_same = known.get("etag") is not None and (known.get("size"), known.get("etag")) == (one.size, one.etag)
    return is_brought and is_same and record["checksum"] == "match"


def is_republished(one: BulkObject, known: Mapping[str, ObjectRecord]) -> bool:
    """Whether records (by name) have the object, and the listing now says otherwise of it."""
    return one.name in known and not is_version(known[one.name], one)


def iso(instant: datetime | None) -> str | None:
    """An instant as records keep it."""
    return instant.isoformat() if instant else None
