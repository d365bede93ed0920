"""The content of published files that raw holds: bytes checked against their record, and the rows in them."""

import hashlib

from bcdata.errors import StoreError
from bcdata.intervals import Interval
from bcdata.pipeline.lake import repair
from bcdata.pipeline.records.objects import WITHDRAWN, NamedTimes, ObjectRecord
from bcdata.providers.base import PERIODS, ObjectError, Series
from bcdata.providers.formats import PublishedFile
from bcdata.providers.registry import bulk_format
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window


class LostObjectError(ObjectError):
    """The bytes that came are not there any more."""


def refuse_lost(error: ObjectError, raw: Partition, record: ObjectRecord) -> None:
    """Passes what is wrong with an object itself, and what is lost for good: the archive has it no more.

    Raises:
        StoreError: its bytes are lost or damaged, and can be had again; the text has the command.
    """
    if isinstance(error, LostObjectError) and WITHDRAWN not in record:
        command = repair(raw, raw.dataset)
        raise StoreError(f"{raw.key(record['file'])} is lost or damaged; repair it with: {command}") from error


def object_file(store: Store, raw: Partition, record: ObjectRecord) -> PublishedFile:
    """An object of raw.

    Args:
        store: the lake.
        raw: the partition of raw that the object is stored in.
        record: the object's record in the manifest.

    Raises:
        LostObjectError: its bytes are not those that were received.
    """
    body = store.objects.get(raw.key(record["file"]))
    if body is None or hashlib.sha256(body).hexdigest() != record["sha256"]:
        raise LostObjectError("unreadable", "its bytes in raw are lost or damaged")
    return PublishedFile(record["name"], object_window(record), body)


def rows_content(store: Store, raw: Partition, record: ObjectRecord, series: Series) -> bytes:
    """The rows of an object of bars: its content without header and the like.

    Args:
        store: the lake.
        raw: the partition of raw that the object is stored in.
        record: the object's record in the manifest.
        series: whose bars they are, and of which interval.

    Raises:
        LostObjectError: its bytes are not those that were received.
        ObjectError: it cannot be read, or `no_rows` where there is none.
    """
    file = object_file(store, raw, record)
    rows = bulk_format(series.market).lines(file, Interval.parse(series.interval or ""))
    if not rows.strip():
        raise ObjectError("no_rows", "it holds no row")
    return rows


def object_window(record: NamedTimes) -> Window:
    """The time that an archive object names."""
    return PERIODS[record["period"]].window(record["date"])
