"""raw/binance_rest of funding: the answer to a month that lacks settlements, as sent, and what of it was asked twice.

A question spans the partition and a day on both sides, so that a hole at its edge shows its other side. A provider that
cannot be asked proves nothing: what is missing stays open, and the verdict says so.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from bcdata.bars.schema import TIME
from bcdata.bars.settlements import missing_settlements
from bcdata.catalog import Dataset
from bcdata.errors import NotFoundError, ProviderError
from bcdata.operations.answered import ASK_AGAIN
from bcdata.operations.fingerprint import fingerprint
from bcdata.operations.funding import ARCHIVE, AROUND, due, joined, proved
from bcdata.operations.funding_answer import Answer
from bcdata.operations.manifests import MANIFEST, Record, read_manifest
from bcdata.operations.outcome import Outcome, State
from bcdata.operations.present import as_of, with_warnings
from bcdata.operations.stream import each
from bcdata.operations.workbench import Workbench, series_of, window_of
from bcdata.providers.binance.answers import RestPage
from bcdata.quality.verdict import Finding, Severity, Verdict
from bcdata.store.attempts import Refilled
from bcdata.store.layout import Partition
from bcdata.windows import Window


def materialize(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Asks for the partitions that lack a settlement, again after a day if nothing explains it; yields outcomes."""
    yield from with_warnings(
        work, each(work.store.root, partitions, lambda one: _ask(as_of(work, dataset, one), dataset, one))
    )


def _ask(work: Workbench, dataset: Dataset, partition: Partition) -> Outcome:
    manifest = read_manifest(work.store, partition)
    idle = Outcome(partition, State.UNCHANGED, Verdict(0), (manifest or {}).get("fingerprint", ""))
    archive = work.store.read(partition.in_zone("parsed", ARCHIVE)) if ARCHIVE in dataset.sources else None
    if ARCHIVE in dataset.sources and archive is None:
        words = "parsed/binance_archive is not published; nothing was asked"
        return _warned(idle, "upstream", words)
    question = _Question.of(work, dataset, partition, archive, Answer.kept(work.store, partition, manifest, archive))
    if not question.is_due():
        return idle
    try:
        pages = work.loop.run(work.rest.funding(series_of(dataset, partition.symbol), question.asked))
    except NotFoundError:
        pages = []
    except ProviderError as error:
        return question.unanswered(idle, str(error))
    answer = question.answered([page.body for page in pages])
    if pages and (objection := question.objection(answer)):
        return question.unanswered(idle, f"binance_rest: {pages[0].url}: the answer {objection}")
    if not pages and question.earlier:
        question.note(question.earlier)
        return idle  # what it knew of the symbol before stays true
    as_of(work, dataset, partition)  # the answer says what time it is elsewhere
    outcome = _keep(work, partition, answer, pages)
    question.note(answer)
    return outcome


@dataclass(frozen=True, slots=True)
class _Question:
    """What to ask for a partition, and what is known of it before."""

    work: Workbench
    partition: Partition
    window: Window
    asked: Window
    archive: pl.DataFrame | None
    earlier: Answer | None

    @classmethod
    def of(
        cls,
        work: Workbench,
        dataset: Dataset,
        partition: Partition,
        archive: pl.DataFrame | None,
        earlier: Answer | None,
    ) -> "_Question":
        window = window_of(dataset, partition)
        asked = Window(window.start - AROUND, window.end + AROUND).until(work.now.replace(second=0, microsecond=0))
        return cls(work, partition, window, asked, archive, earlier)

    def is_due(self) -> bool:
        """Whether the archive lacks a settlement, and this was not asked for within the last day or is settled."""
        if due(self.window, self.work.now).is_empty or self._missing(None).is_empty():
            return False
        if self.earlier is None or self.earlier.asked != self.asked:
            return True
        age = self._age()
        return (age is None or age >= ASK_AGAIN) and not self._left(self.earlier).is_empty()

    def answered(self, pages: Sequence[bytes]) -> Answer:
        """The answer, weighed with the one before."""
        return Answer(self.asked, pages, archive=self.archive).after(self.earlier, self._age(), ASK_AGAIN)

    def known(self) -> set[datetime]:
        """The settlements that REST must have: those of the archive, and those that it gave before."""
        archived = set() if self.archive is None else set(self.archive["time"].to_list())
        return archived | (self.earlier.times if self.earlier else set())

    def objection(self, answer: Answer) -> str | None:
        """Why an answer cannot be used, in words; None where it has what is known, most of it with the known rate."""
        if lacking := answer.lacks(self.known()):
            return f"lacks {len(lacking)} settlements that are known, from {lacking[0]:%Y-%m-%d %H:%M} on"
        if answer.is_anothers:
            first = answer.differs[0]
            return f"has other rates for {len(answer.differs)} settlements, from {first:%Y-%m-%d %H:%M} on"
        return None

    def note(self, answer: Answer) -> None:
        """Remembers when this was asked, and how it went."""
        self.work.attempts.note([self._key], self.work.now)
        if not self._left(answer).is_empty():
            self._note(Refilled.EMPTY)
        else:
            self._note(Refilled.FILLED if self._missing(answer).is_empty() else Refilled.CONFIRMED)

    def unanswered(self, idle: Outcome, cause: str) -> Outcome:
        """The outcome without a usable answer."""
        self._note(Refilled.UNANSWERED)
        return _warned(idle, "refill_unanswered", f"unanswered; the month stays open ({cause})")

    def _missing(self, answer: Answer | None) -> pl.DataFrame:
        given = answer.of(self.window).settled if answer else None
        return missing_settlements(joined([self.archive, given]), due(self.window, self.work.now))

    def _left(self, answer: Answer) -> pl.DataFrame:
        """The missing settlements that the answer neither gives nor explains."""
        left = self._missing(answer)
        for reason in proved(answer.facts()):
            start, end = (pl.lit(edge, dtype=TIME) for edge in (reason.window.start, reason.window.end))
            left = left.filter(~pl.col("open_time").is_between(start, end, closed="left"))
        return left

    @property
    def _key(self) -> str:
        """Where the side table tells when it was asked."""
        return f"{self.partition.prefix}funding"

    def _age(self) -> timedelta | None:
        last = self.work.attempts.last(self._key)
        return None if last is None else self.work.now - last

    def _note(self, outcome: Refilled) -> None:
        one = self.partition
        self.work.attempts.note_refill(one.dataset, one.symbol, one.date, self.work.now, outcome)


def _keep(work: Workbench, partition: Partition, answer: Answer, pages: Sequence[RestPage]) -> Outcome:
    objects: list[Record] = []
    for number, page in enumerate(pages):
        digest = hashlib.sha256(page.body).hexdigest()
        file = f"funding.{number}.{digest[:12]}.json"
        work.store.objects.put(partition.key(file), page.body)
        objects.append({"name": f"{number}", "file": file, "bytes": len(page.body), "sha256": digest, "url": page.url})
    manifest: dict[str, Any] = {"asked": _record(answer.asked), "objects": objects, "evidence": {}}
    # That it is the second time is a fact, and is kept; when the first was stands in the side table.
    manifest["twice"] = _record(answer.twice) if answer.twice else None
    manifest["fingerprint"] = fingerprint(**manifest)
    work.store.put_json(partition, MANIFEST, manifest)
    rows = sum(page.rows for page in pages)
    return Outcome(
        partition, State.PUBLISHED, Verdict(rows), manifest["fingerprint"], rows, requests=max(1, len(pages))
    )


def _record(window: Window) -> dict[str, str]:
    return {"start": window.start.isoformat(), "end": window.end.isoformat()}


def _warned(idle: Outcome, rule: str, words: str) -> Outcome:
    return replace(idle, verdict=Verdict(0, (Finding(rule, Severity.WARN, 1, words),)))
