"""What is known about a partition's missing bars: evidence from raw and parsed, put into one order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bcdata.ledger.ledger import Reason, Status
from bcdata.ledger.records import (
    AnswersEvidence,
    CoarseRecord,
    ContradictionRecord,
    DayBarRecord,
    EndedRecord,
    EvidenceRecord,
    FilesEvidence,
    ReasonRecord,
    SetAsideRecord,
    WithdrawnRecord,
)
from bcdata.ledger.residuals import CoarseBar
from bcdata.windows import Window

_FAR = timedelta(days=366 * 100)
_INSTANT = timedelta(microseconds=1)
"""Where a run names its last open, this makes its window half-open."""
_TRADING = "TRADING"
TWICE = "REST had none, asked twice at least a day apart"
"""How records word the weaker proof of an outage."""


@dataclass(frozen=True, slots=True)
class GapEvidence:
    """Everything that bears on a partition's missing bars.

    Attributes:
        window: the partition's time.
        archive: the record of the parsed files.
        rest: the record of the parsed answers; empty where nothing was asked.
        unpublished: since when archive files need not be there; None where all are due.
        first_bar: the first bar that is there; whoever claims a later listing is wrong.
        last_bar: the last bar that is there; nothing before it can be after a delisting.
        after_last: the open that follows it.
        residuals: where coarser bars have more trades than the bars that are there.
        confirmed: how one answer confirms that there is nothing, in words.
    """

    window: Window
    archive: FilesEvidence = field(default_factory=FilesEvidence)
    rest: AnswersEvidence = field(default_factory=AnswersEvidence)
    unpublished: datetime | None = None
    first_bar: datetime | None = None
    last_bar: datetime | None = None
    after_last: datetime | None = None
    residuals: Sequence[Reason] = ()
    confirmed: str = "REST answered with bars on both sides and none between"

    @property
    def told(self) -> EvidenceRecord:
        """What files of the archive tell beside their rows."""
        return self.archive.get("evidence") or {}

    def is_listed_before(self, instant: datetime) -> bool:
        """Whether a bar or a file is there that shows that the symbol traded before."""
        known_by = _instant(self.told.get("known_by"))
        return any(seen is not None and seen <= instant for seen in (self.first_bar, known_by))

    def reasons(self) -> list[Reason]:
        """Why bars may be missing, the strongest reason first; the order is that of decision 0024."""
        return [
            *(
                quarantined(one)
                for one in (*(self.archive.get("quarantined") or []), *(self.rest.get("refuted") or []))
            ),
            *(_withdrawn(one) for one in self.archive.get("withdrawn") or []),
            *self.residuals,
            *_plain(self.told.get("reused")),
            *upstream(self.rest.get("confirmed"), self.confirmed),
            *_absent(self.told.get("coarser")),
            *_absent(self.rest.get("coarser")),
            *self._traded(),
            *self._not_listed(),
            *self._delisted(),
            *upstream(self.rest.get("empty"), TWICE),
            *(_set_aside(one) for one in self.rest.get("set_aside") or []),
            *not_published(self.unpublished),
        ]

    def _traded(self) -> Iterator[Reason]:
        """Days that other intervals have files of: trading went on. Whether a file is due is another question."""
        for one in _plain(self.told.get("traded")):
            window = one.window.until(self.unpublished) if self.unpublished else one.window
            yield Reason(window, one.status, one.evidence)

    def _not_listed(self) -> Iterator[Reason]:
        if before := self.told.get("not_listed"):
            yield from _plain([before])
        told = (
            (self.rest.get("onboard"), "the exchange says that trading began at"),
            (self.rest.get("first_open"), "REST's first bar of the symbol opens at"),
        )
        said = [(first, words) for text, words in told if (first := _instant(text))]
        if not said:
            return
        first, words = min(said)  # who says a later one is wrong
        known_by = _instant(self.told.get("known_by"))
        refuted = any(bar is not None and first > bar for bar in (self.first_bar, known_by))
        if first > self.window.start and not refuted:
            yield Reason(self.window.until(first), Status.NOT_LISTED, f"{words} {first:%Y-%m-%d %H:%M}")

    def _delisted(self) -> Iterator[Reason]:
        """Two sources have to say so: the archive goes on without trades or not at all, and the exchange agrees."""
        if settled := self.rest.get("ended"):
            since = datetime.fromisoformat(settled["at"])
            yield Reason(Window(since, since + _FAR), Status.DELISTED, settled["evidence"])
        ended = self.told.get("ended")
        unknown = bool(self.rest.get("unknown_symbol"))
        status = self.rest.get("status") or _TRADING
        if not ended or (status == _TRADING and not unknown):
            return
        start = _instant_of(ended["files_to"])
        goes_on = self.last_bar is not None and self.last_bar >= start
        if goes_on or self._has_no_more(status, unknown=unknown):
            start = self._ended_at(ended)
        said = f"says {status}" if status not in {_TRADING, ABSENT} else "does not know the symbol any more"
        yield Reason(Window(start, start + _FAR), Status.DELISTED, f"{ended['evidence']}; the exchange {said}")

    def _ended_at(self, ended: EndedRecord) -> datetime:
        """Where the bars end, unless a file of another interval goes on: then they were cut, and its last bar tells."""
        last_bar = ended.get("last_bar")
        seen = _window(last_bar) if last_bar else None
        if seen is not None and seen.start >= self._next_open:
            return seen.end
        since = _instant_of(ended["since"])
        ends_there = self.last_bar is not None and self.last_bar >= since - timedelta(days=1)
        return self.last_bar if self.last_bar is not None and ends_there else since

    def _has_no_more(self, status: str, *, unknown: bool) -> bool:
        """Whether REST has nothing after the last bar, or cannot have: the last file may have been cut short."""
        asked = [_window(one) for one in self.rest.get("asked") or []]
        return unknown or status == ABSENT or any(self._next_open in window for window in asked)

    @property
    def _next_open(self) -> datetime:
        """The first open after all bars that are there."""
        return self.after_last or self.window.start


ABSENT = "absent"
"""The status of a symbol that exchangeInfo does not list."""


def record_of(one: Reason) -> ReasonRecord:
    """The reason as records keep it."""
    return {
        "start": one.window.start.isoformat(),
        "end": one.window.end.isoformat(),
        "status": one.status.value,
        "evidence": one.evidence,
    }


def evidence_record(one: Reason | CoarseBar) -> ReasonRecord | CoarseRecord:
    """What a coarser file tells as records keep it: a reason, or its bar."""
    if isinstance(one, Reason):
        return record_of(one)
    start, end = one.start.isoformat(), one.end.isoformat()
    return {"start": start, "end": end, "interval": one.interval, "trades": one.trades}


def coarse_of(records: Sequence[ReasonRecord | DayBarRecord] | None) -> list[CoarseBar]:
    """The coarser bars among the records of what coarser files tell."""
    return [
        CoarseBar(_instant_of(one["start"]), one["interval"], one["trades"]) for one in records or [] if "trades" in one
    ]


def _plain(told: Sequence[ReasonRecord | CoarseRecord] | None) -> list[Reason]:
    return [
        Reason(_window((one["start"], one["end"])), Status(one["status"]), one["evidence"])
        for one in told or []
        if "status" in one
    ]


def _absent(told: Sequence[ReasonRecord | CoarseRecord] | None) -> list[Reason]:
    """What coarser files lack too. That they merely have a bar, as records said before, decides nothing."""
    return [one for one in _plain(told) if one.status is Status.UPSTREAM]


def _set_aside(one: ContradictionRecord) -> Reason:
    """A window in which rows came from REST that were set aside: it is asked again."""
    return Reason(_window((one["start"], one["end"])), Status.OPEN, one["evidence"])


def _withdrawn(one: WithdrawnRecord) -> Reason:
    """A run out of a record (first and last open) of which only earlier versions of objects have rows."""
    window = Window(_instant_of(one["start"]), _instant_of(one["end"]) + _INSTANT)
    others = "".join(f", what that lacks by {version}" for version in one.get("also", []))
    return Reason(window, Status.OPEN, f"withdrawn: held by version {one['version'][:12]}{others}")


def upstream(windows: Sequence[Sequence[str]] | None, words: str) -> list[Reason]:
    """Windows out of a record, in which the exchange has nothing, with how that is known."""
    return [Reason(_window(one), Status.UPSTREAM, words) for one in windows or []]


def not_published(since: datetime | None) -> list[Reason]:
    """That files need not be there from an instant on; nothing where all are due."""
    return [Reason(Window(since, since + _FAR), Status.NOT_PUBLISHED, "not due yet")] if since is not None else []


def quarantined(one: SetAsideRecord) -> Reason:
    """A run out of a record (first and last open) whose rows in the archive were set aside."""
    window = Window(_instant_of(one["start"]), _instant_of(one["end"]) + _INSTANT)
    words = one.get("evidence") or f"the archive's row breaks the rule {one['reason']}"
    return Reason(window, Status.QUARANTINED, words)


def _window(pair: Sequence[str]) -> Window:
    return Window(_instant_of(pair[0]), _instant_of(pair[1]))


def _instant(text: str | None) -> datetime | None:
    return _instant_of(text) if text else None


def _instant_of(text: str) -> datetime:
    return datetime.fromisoformat(text)
