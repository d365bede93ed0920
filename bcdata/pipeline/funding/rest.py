"""Raw answers of funding: the answer to a month that lacks settlements, as sent, and what of it was asked twice.

A question spans the partition and a day on both sides, so that a hole at its edge shows its other side. A provider that
cannot be asked, or whose answer other sources contradict, proves nothing: what is missing stays open, and the verdict
says so.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bcdata.catalog import Dataset
from bcdata.errors import NotFoundError, ProviderError
from bcdata.evidence.delisting import Delistings
from bcdata.gaps.told import SpanRecord
from bcdata.pipeline.context import Workbench, series_of
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.funding.answer import Answer
from bcdata.pipeline.funding.common import Archived
from bcdata.pipeline.funding.listing import facts_of, learn
from bcdata.pipeline.funding.question import Question
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.present import as_of, with_warnings
from bcdata.pipeline.raw.answered import asking_findings
from bcdata.pipeline.records.manifests import funding_manifest, write_manifest
from bcdata.pipeline.records.objects import without
from bcdata.pipeline.records.pages import KeptAnswer, NewAnswer, SettlementPage
from bcdata.pipeline.records.shapes import FundingManifest
from bcdata.pipeline.stream import each
from bcdata.providers.base import Page
from bcdata.quality.verdict import Finding, Severity, Verdict
from bcdata.store.layout import Partition
from bcdata.store.state.attempts import Refilled
from bcdata.windows import Window


def materialize(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Asks for the partitions that lack a settlement, again after a day if nothing explains it; yields outcomes."""
    delistings = Delistings(work.clients.bulk(dataset.market), work.attempts, work.now)

    def ask(one: Partition) -> Outcome:
        return _ask(as_of(work, dataset, one), dataset, one, delistings)

    yield from with_warnings(work, each(work.store.root, partitions, ask))


def _ask(work: Workbench, dataset: Dataset, partition: Partition, delistings: Delistings) -> Outcome:
    manifest = funding_manifest(work.store, partition)
    archived = Archived.read(work.store, dataset, partition)
    if archived is None:
        idle = Outcome(partition, State.UNCHANGED, Verdict(0), manifest["fingerprint"] if manifest else "")
        words = f"parsed/{dataset.bulk} is not published; nothing was asked"
        return replace(idle, verdict=Verdict(0, (Finding("upstream", Severity.WARN, 1, words),)))
    earlier = Answer.kept(work.store, partition, manifest, archived.known)
    question = Question(work, dataset, partition, archived, earlier, facts_of(manifest))
    contradicted = manifest.get("contradicted") if manifest else None
    refused = Answer.kept(work.store, partition, contradicted, archived.known)
    return _Asking(question, manifest, refused, delistings).run()


@dataclass(slots=True)
class _Asking:
    """The work on one partition."""

    question: Question
    before: FundingManifest | None
    refused: Answer | None
    """The last answer that was contradicted, while there was a better one."""
    delistings: Delistings
    unanswered: tuple[str, ...] = ()
    contradicted: tuple[str, ...] = ()
    requests: int = 0
    rows: int = 0

    def run(self) -> Outcome:
        """Learns of the listing what is missing, asks for what that leaves, and keeps both."""
        nothing: FundingManifest = {"fingerprint": "", "asked": None, "objects": [], "evidence": {}, "twice": None}
        manifest: FundingManifest = {**nothing, **self.before} if self.before else nothing
        if self.refused is None:
            manifest.pop("contradicted", None)  # lost or damaged: nobody has it any more
        if self.question.lacks_any() and self.question.may_learn():
            self._learn()
        manifest = {**manifest, **self.question.facts}
        if self.question.is_due():
            manifest = {**manifest, **self._asked()}
        return self._conclude(manifest)

    def _learn(self) -> None:
        question = self.question
        begins, ends = question.edges()
        if not (begins or ends):
            return
        learning = learn(
            question.work,
            self.delistings,
            question.dataset,
            question.partition.symbol,
            question.facts,
            begins=begins,
            ends=ends,
        )
        try:
            question.facts = question.work.loop.run(learning)
        except ProviderError as error:
            self.unanswered += (str(error),)
            return
        question.note_facts()

    def _asked(self) -> NewAnswer:
        """What the manifest says after REST was asked."""
        question = self.question
        series = series_of(question.dataset, question.partition.symbol)
        try:
            pages = question.work.loop.run(question.work.clients.repair(series.market).funding(series, question.asked))
        except NotFoundError:
            pages = []
        except ProviderError as error:
            question.note_outcome(Refilled.UNANSWERED)
            self.unanswered += (str(error),)
            return {}
        self.requests, self.rows = max(1, len(pages)), sum(page.rows for page in pages)
        answer = question.answered([page.body for page in pages])
        if not pages and question.earlier:
            question.note(question.earlier)
            return {}  # what it knew of the symbol before stays true
        if pages and (objection := question.objection(answer)):
            question.note_outcome(Refilled.UNANSWERED)
            self.contradicted += (f"{question.partition.provider}: {pages[0].url}: the answer {objection}",)
            kept: KeptAnswer = {"asked": _span(answer.asked), "objects": self._stored("contradicted", pages)}
            has_better = question.earlier is not None and question.earlier.contradiction is None
            if has_better:
                return {"contradicted": kept}
            return {"asked": kept["asked"], "objects": kept["objects"], "twice": None}
        question.note(answer)
        # That it is the second time is a fact, and is kept; when the first was stands in the side table.
        twice = _span(answer.twice) if answer.twice else None
        return {"asked": _span(answer.asked), "objects": self._stored("funding", pages), "twice": twice}

    def _stored(self, name: str, pages: Iterable[Page]) -> list[SettlementPage]:
        objects: list[SettlementPage] = []
        store, partition = self.question.work.store, self.question.partition
        for number, page in enumerate(pages):
            digest = hashlib.sha256(page.body).hexdigest()
            file = f"{name}.{number}.{digest[:12]}.json"
            store.keep(partition.key(file), page.body)
            size = len(page.body)
            objects.append({"name": f"{number}", "file": file, "bytes": size, "sha256": digest, "url": page.url})
        return objects

    def _conclude(self, manifest: FundingManifest) -> Outcome:
        work, partition = self.question.work, self.question.partition
        as_of(work, self.question.dataset, partition)  # answers say what time it is elsewhere
        if not self._is_anything(manifest):
            self.question.kept()
            return self._outcome("", changed=False)
        manifest["fingerprint"] = fingerprint(**without(manifest, "fingerprint"))
        if changed := manifest != self.before:
            write_manifest(work.store, partition, manifest)
            work.store.objects.sync()
        self.question.kept()
        return self._outcome(manifest["fingerprint"], changed=changed)

    def _is_anything(self, manifest: FundingManifest) -> bool:
        return bool(self.before) or manifest["asked"] is not None or any(facts_of(manifest).values())

    def _outcome(self, made_of: str, *, changed: bool) -> Outcome:
        verdict = Verdict(self.rows, asking_findings(self.unanswered, self.contradicted))
        state = State.PUBLISHED if changed or self.requests else State.UNCHANGED
        return Outcome(self.question.partition, state, verdict, made_of, self.rows, requests=self.requests)


def _span(window: Window) -> SpanRecord:
    return {"start": window.start.isoformat(), "end": window.end.isoformat()}
