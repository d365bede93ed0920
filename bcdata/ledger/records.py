"""What records tell of missing bars: the shapes that manifests of raw and footers of parsed have in JSON. Pure.

Manifests are checked against them where they are read; each alias below holds what its text must be.
"""

from datetime import datetime
from typing import Annotated, NotRequired, final

from pydantic import AfterValidator
from typing_extensions import TypedDict

from bcdata.ledger.ledger import Status


def _instant(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("an instant without its offset")
    return text


def _status(text: str) -> str:
    return Status(text).value


Instant = Annotated[str, AfterValidator(_instant)]
"""An ISO text with its offset; bcdata writes UTC."""
StatusName = Annotated[str, AfterValidator(_status)]
"""A status of the ledger."""


class SpanRecord(TypedDict):
    """A window, half-open; in runs of bars or settlements the first and the last open, both included."""

    start: Instant
    end: Instant


@final  # so that its keys tell it from a coarser bar
class ReasonRecord(SpanRecord):
    """Why bars are missing in a window."""

    status: StatusName
    evidence: str


class DayBarRecord(TypedDict):
    """A closed coarser bar."""

    start: Instant
    interval: str
    trades: int


@final
class CoarseRecord(DayBarRecord):
    """A closed coarser bar out of a file, with its end."""

    end: Instant


class EndedRecord(TypedDict):
    """Where the files of a symbol end: since when none follows, where the last one ends, and the last bar in it."""

    since: Instant
    files_to: Instant
    last_bar: NotRequired[list[Instant] | None]
    evidence: str


class EvidenceRecord(TypedDict, total=False):
    """What files of the archive tell beside their rows."""

    not_listed: ReasonRecord | None
    ended: EndedRecord | None
    traded: list[ReasonRecord]
    reused: list[ReasonRecord]
    coarser: list[ReasonRecord | CoarseRecord]
    known_by: Instant | None


class DelistedRecord(TypedDict):
    """Since when a contract is traded no more, and how that is known."""

    at: Instant
    evidence: str


class AskedRecord(SpanRecord):
    """What one question asked for, and the runs (first and last open) that were asked about a second time."""

    again: NotRequired[list[list[Instant]]]


class NegativeEvidence(TypedDict):
    """Windows as pairs of ISO instants, by what answers prove of them."""

    asked: list[list[str]]
    confirmed: list[list[str]]
    empty: list[list[str]]


class SetAsideRecord(SpanRecord):
    """A run of missing bars of which rows were received and set aside: first and last open, and the rule."""

    reason: str
    evidence: NotRequired[str]


class WithdrawnRecord(SpanRecord):
    """A run of bars (first and last open) that only an earlier version of an object has, or several (`also`)."""

    version: str
    also: NotRequired[list[str]]


class ContradictionRecord(SpanRecord):
    """A window of rows that something speaks against, and what."""

    evidence: str


class ListingRecord(TypedDict, total=False):
    """What the exchange says of a contract's listing."""

    onboard: Instant | None
    first_open: Instant | None
    status: str | None
    ended: DelistedRecord | None


class ExtraEvidence(TypedDict, total=False):
    """What is learnt about missing bars beside the answers themselves; a key may be absent where nothing was."""

    first_open: Instant | None
    unknown_symbol: bool
    status: str | None
    ended: DelistedRecord | None
    coarser: list[ReasonRecord | CoarseRecord]


class FilesEvidence(TypedDict, total=False):
    """What the record of parsed files tells of missing bars."""

    evidence: EvidenceRecord
    quarantined: list[SetAsideRecord]
    withdrawn: list[WithdrawnRecord]


class AnswersEvidence(ExtraEvidence, total=False):
    """What the record of parsed answers tells of missing bars, or will tell: windows are pairs of ISO instants."""

    onboard: str | None
    asked: list[list[str]]
    confirmed: list[list[str]]
    empty: list[list[str]]
    refuted: list[SetAsideRecord]
    set_aside: list[ContradictionRecord]
    days: list[DayBarRecord]


class WindowsEvidence(TypedDict):
    """What the record of a source that is asked by windows tells of missing bars."""

    covered: list[list[str]]
    first_open: str | None
    quarantined: list[SetAsideRecord]
