"""The content of archive objects that raw holds: bytes checked against their record, and inflated."""

import hashlib
from typing import Any

from bcdata.errors import StoreError
from bcdata.intervals import Interval
from bcdata.pipeline.lake import repair
from bcdata.pipeline.raw.standing import WITHDRAWN
from bcdata.providers.base import ObjectError
from bcdata.providers.binance.files.peek import content_bound, member_name
from bcdata.providers.binance.files.unzip import unzip
from bcdata.providers.binance.klines import check_columns
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Grain, Window

Record = dict[str, Any]


class LostObjectError(ObjectError):
    """The bytes that came are not there any more."""


def refuse_lost(error: ObjectError, raw: Partition, record: Record) -> None:
    """Passes what is wrong with an object itself, and what is lost for good: the archive has it no more.

    Raises:
        StoreError: its bytes are lost or damaged, and can be had again; the text has the command.
    """
    if isinstance(error, LostObjectError) and WITHDRAWN not in record:
        command = repair(raw, raw.dataset)
        raise StoreError(f"{raw.key(record['file'])} is lost or damaged; repair it with: {command}") from error


def object_content(store: Store, raw: Partition, record: Record, interval: Interval | None) -> bytes:
    """What an object of raw inflates to.

    Args:
        store: the lake.
        raw: the partition of raw that the object is stored in.
        record: the object's record in the manifest.
        interval: the length of the object's bars; None for settlements.

    Raises:
        LostObjectError: its bytes are not those that were received.
        ObjectError: they are no zip with just the file that its name says.
    """
    body = store.objects.get(raw.key(record["file"]))
    if body is None or hashlib.sha256(body).hexdigest() != record["sha256"]:
        raise LostObjectError("unreadable", "its bytes in raw are lost or damaged")
    bound = content_bound(object_window(record), interval)
    return unzip(body, member=member_name(record["name"]), max_bytes=bound)


def rows_content(store: Store, raw: Partition, record: Record, interval: Interval | None) -> bytes:
    """The rows of an object of klines: its content without header and the like.

    Raises:
        ObjectError: as `object_content`, or `columns`, or `no_rows` where there is none.
    """
    rows = check_columns(object_content(store, raw, record, interval))
    if not rows.strip():
        raise ObjectError("no_rows", "it holds no row")
    return rows


def object_window(record: Record) -> Window:
    """The time that an archive object names."""
    return (Grain.DAY if record["period"] == "daily" else Grain.MONTH).window(record["date"])
