"""The manifests of raw: read in this one place, and checked before anybody relies on their shape.

A manifest of another shape is as good as none: what it named is fetched again.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator

from bcdata.catalog import parse_name
from bcdata.errors import StoreError, UsageError
from bcdata.gaps.ledger import Status
from bcdata.pipeline.lake import repair
from bcdata.providers.base import PERIODS
from bcdata.providers.capabilities import Role
from bcdata.providers.registry import role_of
from bcdata.store.layout import Partition
from bcdata.store.store import Store

MANIFEST = "manifest.json"

Record = dict[str, Any]
"""One object, or one page of an answer, as a manifest keeps it."""


def read_manifest(store: Store, partition: Partition) -> Record | None:
    """The manifest of a raw partition; None where there is none, or one that cannot be relied on.

    Raises:
        StoreError: the store cannot be read.
    """
    value = store.get_json(partition, MANIFEST)
    if value is None:
        return None
    if role_of(partition.provider) is Role.BULK:
        value = _without_replaced(value)
    try:
        _model(partition).model_validate(value)
    except ValidationError:
        return None
    return value


def held_manifest(store: Store, partition: Partition) -> Record | None:
    """The manifest of a raw partition; None where there is none.

    Raises:
        StoreError: it is damaged; the text has the command that repairs it.
    """
    found = read_manifest(store, partition)
    if found is None and store.objects.stat(partition.key(MANIFEST)) is not None:
        command = repair(partition, partition.dataset)
        raise StoreError(f"{partition.key(MANIFEST)} is damaged; repair it with: {command}")
    return found


def in_force(manifest: Mapping[str, Any] | None) -> dict[str, Record]:
    """By name, the records of the objects in force: those that are read, and those that the policy leaves out."""
    found = manifest or {}
    return {record["name"]: record for record in (*found.get("unread", []), *found.get("objects", []))}


def stored(manifest: Mapping[str, Any]) -> Iterator[Record]:
    """The records of all files that a manifest names: objects of every kind, and pages of answers."""
    for kind in ("objects", "unread", "superseded", "controls"):
        yield from manifest.get(kind, [])
    for query in manifest.get("queries", []):
        yield from query["pages"]
    yield from manifest.get("pages", [])
    yield from manifest.get("days", [])
    yield from (manifest.get("contradicted") or {}).get("objects", [])


def _without_replaced(value: Record) -> Record:
    """Manifests of earlier versions called objects that a month stood in for `replaced`."""
    if not isinstance(value.get("replaced"), list):
        return value
    unread = [
        {k: v for k, v in one.items() if k != "replaced_by"} for one in value["replaced"] if isinstance(one, dict)
    ]
    return {**{name: part for name, part in value.items() if name != "replaced"}, "unread": unread}


def _instant(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("an instant without its offset")
    return text


def _file(text: str) -> str:
    if not text or "/" in text or "\0" in text or text in {".", ".."}:
        raise ValueError("no name of a file")
    return text


def _status(text: str) -> str:
    return Status(text).value


_Instant = Annotated[str, AfterValidator(_instant)]
_File = Annotated[str, AfterValidator(_file)]


class _Shape(BaseModel):
    """What is read of a manifest must have these types; what else stands there is nobody's concern here."""

    model_config = ConfigDict(strict=True, extra="ignore")


class _Stored(_Shape):
    file: _File
    bytes: int
    sha256: str


class _Version(_Shape):
    size: int | None = None
    etag: str | None = None
    last_modified: _Instant | None = None
    checksum_modified: _Instant | None = None


class ObjectShape(_Stored):
    """The record of an object of the archive."""

    name: str
    url: str
    period: Literal["daily", "monthly"]
    date: str
    checksum: str
    whole: bool
    listed: _Version
    first: _Instant | None = None
    last: _Instant | None = None
    lacking: list[str] = []
    withdrawn: bool = False

    @model_validator(mode="after")
    def _names_a_time(self) -> Self:
        for grain, key in ((PERIODS[self.period], self.date), *((PERIODS["daily"], day) for day in self.lacking)):
            try:
                grain.window(key)
            except UsageError as error:
                raise ValueError(str(error)) from None
        return self


class _Control(ObjectShape):
    interval: str


class _Span(_Shape):
    start: _Instant
    end: _Instant


class _Reason(_Span):
    status: Annotated[str, AfterValidator(_status)]
    evidence: str


class _CoarseBar(_Span):
    interval: str
    trades: int


class _Ended(_Shape):
    since: _Instant
    files_to: _Instant
    last_bar: list[_Instant] | None = None
    evidence: str


class _Evidence(_Shape):
    not_listed: _Reason | None = None
    ended: _Ended | None = None
    traded: list[_Reason] = []
    reused: list[_Reason] = []
    coarser: list[_Reason | _CoarseBar] = []
    known_by: _Instant | None = None


class _DaysAlone(_Shape):
    made_of: str
    is_whole: bool


class _ArchiveManifest(_Shape):
    fingerprint: str
    series: str
    objects: list[ObjectShape]
    unread: list[ObjectShape] = []
    superseded: list[ObjectShape] = []
    controls: list[_Control] = []
    not_understood: list[str] = []
    not_reconciled: str | None = None
    evidence: _Evidence
    days_alone: _DaysAlone | None = None


class _Page(_Stored):
    url: str
    rows: int


class _Days(_Page):
    to: _Instant


class _Query(_Span):
    pages: list[_Page]
    again: list[list[_Instant]] = []


class _WindowPage(_Page, _Span):
    """A page of a source that is asked by windows, and the time that it covers."""


class _WindowManifest(_Shape):
    fingerprint: str
    series: str
    pages: list[_WindowPage]
    first_open: _Instant | None = None


class _Known(_Shape):
    at: _Instant
    evidence: str


class _RestManifest(_Shape):
    fingerprint: str
    queries: list[_Query]
    days: list[_Days] = []
    first_open: _Instant | None = None
    unknown_symbol: bool = False
    status: str | None = None
    ended: _Known | None = None
    coarser: list[_Reason | _CoarseBar] = []


class _Contradicted(_Shape):
    asked: _Span
    objects: list[_Stored]


class _FundingManifest(_Shape):
    fingerprint: str
    asked: _Span | None
    objects: list[_Stored]
    twice: _Span | None = None
    contradicted: _Contradicted | None = None
    onboard: _Instant | None = None
    first_open: _Instant | None = None
    status: str | None = None
    ended: _Known | None = None


def _model(partition: Partition) -> type[_Shape]:
    role = role_of(partition.provider)
    if role is Role.BULK:
        return _ArchiveManifest
    if role is Role.WINDOW:
        return _WindowManifest
    return _FundingManifest if parse_name(partition.dataset).kind == "funding" else _RestManifest
