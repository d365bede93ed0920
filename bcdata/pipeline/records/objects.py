"""The records of stored objects in manifests of raw, and the marks that are put on them later. Pure."""

from collections.abc import Mapping
from typing import Annotated, Final, NotRequired, TypeVar, cast

from pydantic import AfterValidator, TypeAdapter
from typing_extensions import TypedDict

from bcdata.errors import UsageError
from bcdata.ledger.records import Instant
from bcdata.providers.base import PERIODS

DAMAGED: Final = "damaged"
"""The bytes in raw are not those that came: the object is asked for again."""
WITHDRAWN: Final = "withdrawn"
"""The object left the listing."""


def _file(text: str) -> str:
    if not text or "/" in text or "\0" in text or text in {".", ".."}:
        raise ValueError("no name of a file")
    return text


def _period(text: str) -> str:
    if text not in PERIODS:
        raise ValueError("no period of objects")
    return text


Period = Annotated[str, AfterValidator(_period)]
File = Annotated[str, AfterValidator(_file)]
"""The name of a file in the partition's own folder."""


class StoredRecord(TypedDict):
    """A file of raw: an object of the archive, or a page of an answer."""

    file: File
    bytes: int
    sha256: str
    damaged: NotRequired[bool]


class ListedVersion(TypedDict, total=False):
    """All that tells one version of an object, or of its CHECKSUM, from another, as the listing had it."""

    size: int | None
    etag: str | None
    last_modified: Instant | None
    checksum_modified: Instant | None


class ObjectContent(TypedDict, total=False):
    """What a look into an object told: its first and last open, and the days (ISO) that it lacks in whole or part.

    `look` is the version of the code that looked.
    """

    look: int
    first: Instant | None
    last: Instant | None
    lacking: list[str]


class ObjectTimes(TypedDict):
    """The name of an object, and the time in it."""

    name: str
    period: Period
    date: str


class ObjectRecord(StoredRecord, ObjectTimes, ObjectContent):
    """An object of the archive."""

    url: str
    checksum: str
    checksum_text: NotRequired[str | None]
    whole: bool
    listed: ListedVersion
    withdrawn: NotRequired[bool]


class ControlRecord(ObjectRecord):
    """An object of coarser bars, which the partition's are checked against."""

    interval: str


def _names_times(record: ObjectRecord) -> ObjectRecord:
    days = ((PERIODS["daily"], day) for day in record.get("lacking", []))
    for grain, key in ((PERIODS[record["period"]], record["date"]), *days):
        try:
            grain.window(key)
        except UsageError as error:
            raise ValueError(str(error)) from None
    return record


CheckedObject = Annotated[ObjectRecord, AfterValidator(_names_times)]
CheckedControl = Annotated[ControlRecord, AfterValidator(_names_times)]
OBJECT: TypeAdapter[ObjectRecord] = TypeAdapter(CheckedObject)
"""Checks one record alone."""

AnyRecord = TypeVar("AnyRecord", bound=Mapping[str, object])
AnyObject = TypeVar("AnyObject", bound=ObjectRecord)


def without(record: AnyRecord, *names: str) -> AnyRecord:
    """A copy of the record without some keys: optional ones, or any where only the others are looked at."""
    return cast("AnyRecord", {key: value for key, value in record.items() if key not in names})


def as_withdrawn(record: AnyObject) -> AnyObject:
    """The record with the mark that its object left the listing."""
    return cast("AnyObject", {**record, WITHDRAWN: True})


def name_of(record: StoredRecord) -> str:
    """What a stored file is called to people: the object's name, or the file's where it has no other."""
    return str(record.get("name", record["file"]))
