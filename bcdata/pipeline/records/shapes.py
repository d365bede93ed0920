"""What the manifests of raw hold: of the archive, of REST's answers, of settlements, of sources asked by windows. Pure.

In memory a manifest has no version: it is of the present one. `bcdata.pipeline.records.manifests` reads and writes it.
"""

from collections.abc import Iterator
from typing import NotRequired, cast

from typing_extensions import TypedDict

from bcdata.ledger.records import EvidenceRecord, ExtraEvidence, Instant, ListingRecord
from bcdata.pipeline.records.objects import CheckedControl, CheckedObject, ObjectRecord, StoredRecord
from bcdata.pipeline.records.pages import ArchiveDayRecord, DaysRecord, KeptAnswer, QueryRecord, WindowPageRecord


class DaysAloneRecord(TypedDict):
    """Whether a day's objects are whole without their month, and what versions of them that was found of."""

    made_of: str
    is_whole: bool


class ArchiveManifest(TypedDict):
    """The objects of a partition, of bars or of settlements.

    Attributes:
        fingerprint: of all that parsed is made of.
        series: whose objects they are.
        objects: those that are read.
        unread: others in force, which the policy leaves out.
        superseded: earlier versions that raw still has.
        controls: objects of coarser bars.
        not_understood: keys of the listing that are no names of objects.
        not_reconciled: what the objects were not compared with, in words.
        evidence: what other files of the symbol tell.
        days_alone: whether days needed their month.
    """

    fingerprint: str
    series: str
    objects: list[CheckedObject]
    unread: NotRequired[list[CheckedObject]]
    superseded: NotRequired[list[CheckedObject]]
    controls: NotRequired[list[CheckedControl]]
    not_understood: NotRequired[list[str]]
    not_reconciled: NotRequired[str | None]
    evidence: EvidenceRecord
    days_alone: NotRequired[DaysAloneRecord | None]


class RestManifest(ExtraEvidence):
    """What was asked to fill holes in bars, the answers, and what was learnt beside them."""

    fingerprint: str
    series: NotRequired[str]
    queries: list[QueryRecord]
    days: NotRequired[list[DaysRecord]]
    witnesses: NotRequired[list[ArchiveDayRecord]]


class FundingManifest(ListingRecord, KeptAnswer):
    """The answer about missing settlements, the last one that was not believed, and what was learnt of the listing."""

    fingerprint: str
    contradicted: NotRequired[KeptAnswer | None]
    evidence: NotRequired[EvidenceRecord]


class WindowsManifest(TypedDict):
    """The pages of a source that is asked by windows, and its first bar of the symbol."""

    fingerprint: str
    series: str
    pages: list[WindowPageRecord]
    first_open: NotRequired[Instant | None]


Manifest = ArchiveManifest | RestManifest | FundingManifest | WindowsManifest


class _Files(TypedDict, total=False):
    """All parts of manifests that name files."""

    objects: list[StoredRecord]
    unread: list[StoredRecord]
    superseded: list[StoredRecord]
    controls: list[StoredRecord]
    queries: list[QueryRecord]
    pages: list[StoredRecord]
    days: list[StoredRecord]
    contradicted: KeptAnswer | None


def in_force(manifest: ArchiveManifest | None) -> dict[str, ObjectRecord]:
    """By name, the records of the objects in force: those that are read, and those that the policy leaves out."""
    if manifest is None:
        return {}
    return {record["name"]: record for record in (*manifest.get("unread", []), *manifest["objects"])}


def stored(manifest: Manifest) -> Iterator[StoredRecord]:
    """The records of all files that a manifest names: objects of every kind, and pages of answers."""
    files = cast("_Files", manifest)
    yield from files.get("objects", [])
    yield from files.get("unread", [])
    yield from files.get("superseded", [])
    yield from files.get("controls", [])
    for query in files.get("queries", []):
        yield from query["pages"]
    yield from files.get("pages", [])
    yield from files.get("days", [])
    if contradicted := files.get("contradicted"):
        yield from contradicted["objects"]


def learnt_of(told: ExtraEvidence) -> ExtraEvidence:
    """What a manifest holds beside answers, or as it is where nothing was learnt."""
    return {
        "first_open": told.get("first_open"),
        "unknown_symbol": told.get("unknown_symbol", False),
        "status": told.get("status"),
        "ended": told.get("ended"),
        "coarser": told.get("coarser", []),
    }
