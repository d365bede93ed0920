"""What asking a source that repairs has in common, whatever is asked about: when it was asked, and what is kept."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bcdata.catalog import Dataset
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.records.manifests import write_manifest
from bcdata.pipeline.records.pages import PageRecord
from bcdata.pipeline.records.shapes import Manifest
from bcdata.providers.base import Page
from bcdata.quality.verdict import Finding, Severity, Verdict
from bcdata.store.layout import Partition
from bcdata.store.state.attempts import ASK_AGAIN, Attempts, Refilled
from bcdata.store.store import Store


@dataclass(slots=True)
class AskedTimes:
    """When what was asked about one partition, as the side table has it."""

    attempts: Attempts
    partition: Partition
    now: datetime
    _notes: list[str] = field(default_factory=list)

    def last(self, what: str) -> datetime | None:
        """When this was asked last (UTC); None where it is not known."""
        return self.attempts.last(self._key(what))

    def age(self, what: str) -> timedelta | None:
        """How long ago that was; None where it is not known."""
        last = self.last(what)
        return None if last is None else self.now - last

    def is_recent(self, what: str) -> bool:
        """Whether this was asked within the last day."""
        age = self.age(what)
        return age is not None and age < ASK_AGAIN

    def detail(self, what: str) -> str | None:
        """What was noted with it; None where nothing was."""
        return self.attempts.detail(self._key(what))

    def note(self, what: str) -> None:
        """Remembers that this was asked now, once the answers are kept."""
        self._notes.append(self._key(what))

    def keep(self, detail: str = "") -> None:
        """The answers survive a loss of power: who was stopped before that asks again, and loses nothing."""
        self.attempts.note(self._notes, self.now, detail)

    def note_outcome(self, outcome: Refilled) -> None:
        """Remembers how it went when the partition's missing rows were asked for."""
        one = self.partition
        self.attempts.note_refill(one.dataset, one.symbol, one.date, self.now, outcome)

    def _key(self, what: str) -> str:
        return f"{self.partition.prefix}{what}"


@dataclass(slots=True)
class Replies:
    """What became of the questions about one partition.

    Attributes:
        unanswered: what kept questions from being answered.
        contradicted: answers that what is known contradicts, and how.
        requests: how many were sent.
        fetched: how many bytes came.
    """

    unanswered: list[str] = field(default_factory=list)
    contradicted: list[str] = field(default_factory=list)
    requests: int = 0
    fetched: int = 0

    def outcome(
        self, partition: Partition, made_of: str, rows: int, *, changed: bool, facts: dict[str, Any] | None = None
    ) -> Outcome:
        """The end of the partition's work.

        Args:
            partition: of raw.
            made_of: the fingerprint of all that is known.
            rows: how many were received.
            changed: whether the manifest has.
            facts: what else the verdict says.
        """
        verdict = Verdict(rows, self._findings(), facts or {})
        state = State.PUBLISHED if changed or self.requests else State.UNCHANGED
        return Outcome(partition, state, verdict, made_of, rows, fetched=self.fetched, requests=self.requests)

    def _findings(self) -> tuple[Finding, ...]:
        told = (
            ("refill_unanswered", self.unanswered, "questions unanswered; the holes stay open"),
            ("answer_contradicted", self.contradicted, "answers contradict what is known; they prove nothing"),
        )
        return tuple(
            Finding(rule, Severity.WARN, len(some), f"{len(some)} {words} ({some[0]})")
            for rule, some, words in told
            if some
        )


def save(store: Store, partition: Partition, manifest: Manifest, before: Manifest | None) -> bool:
    """Writes a manifest that has changed, so that it survives a loss of power; whether it had."""
    if manifest == before:
        return False
    write_manifest(store, partition, manifest)
    store.objects.sync()
    return True


def put_pages(store: Store, partition: Partition, name: str, pages: Sequence[Page]) -> list[PageRecord]:
    """The records of pages that are put beside the manifest, under names that begin with this one."""
    stored: list[PageRecord] = []
    for page in pages:
        digest = hashlib.sha256(page.body).hexdigest()
        file = f"{name}.{len(stored)}.{digest[:12]}.json"
        store.keep(partition.key(file), page.body)
        stored.append({"file": file, "bytes": len(page.body), "sha256": digest, "url": page.url, "rows": page.rows})
    return stored


def nothing_asked(dataset: Dataset, partition: Partition, fingerprint: str = "") -> Outcome:
    """The outcome of a partition of which nobody knows what it lacks; `fingerprint` is that of what it has."""
    words = f"parsed/{dataset.bulk} is not published; nothing was asked"
    verdict = Verdict(0, (Finding("upstream", Severity.WARN, 1, words),))
    return Outcome(partition, State.UNCHANGED, verdict, fingerprint)
