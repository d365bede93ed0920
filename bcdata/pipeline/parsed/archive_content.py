"""The content of published files that raw holds: bytes checked against their record, and the rows in them."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import polars as pl

from bcdata.errors import StoreError
from bcdata.interval import Interval
from bcdata.pipeline.lake import repair
from bcdata.pipeline.records.objects import WITHDRAWN, ObjectRecord, ObjectTimes
from bcdata.providers.base import PERIODS, ObjectError, Series
from bcdata.providers.formats import PublishedFile
from bcdata.providers.registry import bulk_format
from bcdata.quality.shares import BAD_SHARE, BadRows
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window

Content = TypeVar("Content")
Whole = tuple[ObjectRecord, str, str]
"""An object that is set aside whole: its record, the rule, and words."""


@dataclass(slots=True)
class OpenedObjects(Generic[Content]):
    """The contents of the objects that could be opened, and what is wrong with the others."""

    records: list[ObjectRecord] = field(default_factory=list)
    contents: list[Content] = field(default_factory=list)
    broken: list[tuple[ObjectRecord, ObjectError]] = field(default_factory=list)

    @classmethod
    def of(
        cls, raw: Partition, records: Sequence[ObjectRecord], read: Callable[[ObjectRecord], Content]
    ) -> "OpenedObjects[Content]":
        """Opens the objects of a partition of raw.

        Raises:
            StoreError: the bytes of one are lost, and can be had again.
        """
        opened = cls()
        for record in records:
            try:
                opened.contents.append(read(record))
                opened.records.append(record)
            except ObjectError as error:
                refuse_lost(error, raw, record)
                opened.broken.append((record, error))
        return opened

    def whole(self, bad: Mapping[int, BadRows]) -> list[Whole]:
        """The objects that are set aside whole: those that could not be opened, and those (by index) that are bad."""
        broken = [(record, error.rule, f"{record['name']} cannot be read: {error}") for record, error in self.broken]
        named = [(self.records[at], one) for at, one in bad.items()]
        words = "{}: {}, and the rest is not believed"
        return [*broken, *((record, BAD_SHARE, words.format(record["name"], one)) for record, one in named)]


def unread_rows(whole: Sequence[Whole]) -> pl.DataFrame:
    """Objects that could not be opened as a row each, for quarantine; of the others the rows are there."""
    rows = [(record["name"], rule, words) for record, rule, words in whole if rule != BAD_SHARE]
    return pl.DataFrame(rows, schema=dict.fromkeys(("name", "reason", "evidence"), pl.String), orient="row")


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


def object_window(record: ObjectTimes) -> Window:
    """The time that an archive object names."""
    return PERIODS[record["period"]].window(record["date"])
