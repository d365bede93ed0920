"""What is asked of the repair source about a month that lacks settlements, and what of it was asked twice.

A question spans the partition and a day on both sides, so that a hole at its edge shows its other side. An answer that
other sources contradict proves nothing.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bcdata.catalog import Dataset
from bcdata.errors import NotFoundError, ProviderError
from bcdata.evidence.delisting import Delistings
from bcdata.ledger.records import SpanRecord
from bcdata.pipeline.context import RunContext, series_of
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.funding.answer import SettlementAnswer
from bcdata.pipeline.funding.common import ArchiveSettlements
from bcdata.pipeline.funding.listing import facts_of, learn
from bcdata.pipeline.funding.request import STATUS, SettlementRequest
from bcdata.pipeline.outcome import Outcome
from bcdata.pipeline.raw.asking import Replies, nothing_asked, put_pages, save
from bcdata.pipeline.records.manifests import funding_manifest
from bcdata.pipeline.records.objects import without
from bcdata.pipeline.records.pages import KeptAnswer, NewAnswer, SettlementPage
from bcdata.pipeline.records.shapes import FundingManifest
from bcdata.pipeline.run_clock import as_of
from bcdata.providers.base import Page
from bcdata.store.layout import Partition
from bcdata.store.state.attempts import Refilled
from bcdata.windows import Window


def asking(
    context: RunContext, dataset: Dataset, _partitions: Sequence[Partition]
) -> Callable[[RunContext, Partition], Awaitable[Outcome]]:
    """Asks for the partitions that lack a settlement, again after a day if nothing explains it."""
    delistings = Delistings(context.clients.bulk(dataset.market), context.attempts, context.now)

    async def ask(own: RunContext, one: Partition) -> Outcome:
        return await _ask(own, dataset, one, delistings)

    return ask


async def _ask(context: RunContext, dataset: Dataset, partition: Partition, delistings: Delistings) -> Outcome:
    manifest = funding_manifest(context.store, partition)
    archived = ArchiveSettlements.read(context.store, dataset, partition)
    if archived is None:
        return nothing_asked(dataset, partition, manifest["fingerprint"] if manifest else "")
    earlier = SettlementAnswer.kept(context.store, partition, manifest, archived.known)
    question = SettlementRequest(context, dataset, partition, archived, earlier, facts_of(manifest))
    contradicted = manifest.get("contradicted") if manifest else None
    refused = SettlementAnswer.kept(context.store, partition, contradicted, archived.known)
    return await _Asking(question, manifest, refused, delistings).run()


@dataclass(slots=True)
class _Asking:
    """The work on one partition."""

    question: SettlementRequest
    before: FundingManifest | None
    refused: SettlementAnswer | None
    """The last answer that was contradicted, while there was a better one."""
    delistings: Delistings
    replies: Replies = field(default_factory=Replies)
    rows: int = 0

    async def run(self) -> Outcome:
        """Learns of the listing what is missing, asks for what that leaves, and keeps both."""
        nothing: FundingManifest = {"fingerprint": "", "asked": None, "objects": [], "evidence": {}, "twice": None}
        manifest: FundingManifest = {**nothing, **self.before} if self.before else nothing
        if self.refused is None:
            manifest.pop("contradicted", None)  # lost or damaged: nobody has it any more
        if self.question.lacks_any() and self.question.may_learn():
            await self._learn()
        manifest = {**manifest, **self.question.facts}
        if self.question.is_due():
            manifest = {**manifest, **await self._asked()}
        return self._conclude(manifest)

    async def _learn(self) -> None:
        question = self.question
        begins, ends = question.edges()
        if not (begins or ends):
            return
        try:
            question.facts = await learn(
                question.context,
                self.delistings,
                question.dataset,
                question.partition.symbol,
                question.facts,
                begins=begins,
                ends=ends,
            )
        except ProviderError as error:
            self.replies.unanswered.append(str(error))
            return
        question.times.note(STATUS)

    async def _asked(self) -> NewAnswer:
        """What the manifest says after REST was asked."""
        question = self.question
        series = series_of(question.dataset, question.partition.symbol)
        try:
            pages = await question.context.clients.repair(series.market).funding(series, question.asked)
        except NotFoundError:
            pages = []
        except ProviderError as error:
            question.times.note_outcome(Refilled.UNANSWERED)
            self.replies.unanswered.append(str(error))
            return {}
        self.replies.requests, self.rows = max(1, len(pages)), sum(page.rows for page in pages)
        answer = question.answered([page.body for page in pages])
        if not pages and question.earlier:
            question.note(question.earlier)
            return {}  # what it knew of the symbol before stays true
        if pages and (objection := question.objection(answer)):
            question.times.note_outcome(Refilled.UNANSWERED)
            self.replies.contradicted.append(f"{question.partition.provider}: {pages[0].url}: the answer {objection}")
            kept: KeptAnswer = {"asked": _span(answer.asked), "objects": self._stored("contradicted", pages)}
            has_better = question.earlier is not None and question.earlier.contradiction is None
            if has_better:
                return {"contradicted": kept}
            return {"asked": kept["asked"], "objects": kept["objects"], "twice": None}
        question.note(answer)
        # That it is the second time is a fact, and is kept; when the first was stands in the side table.
        twice = _span(answer.twice) if answer.twice else None
        return {"asked": _span(answer.asked), "objects": self._stored("funding", pages), "twice": twice}

    def _stored(self, name: str, pages: Sequence[Page]) -> list[SettlementPage]:
        stored = put_pages(self.question.context.store, self.question.partition, name, pages)
        return [
            {"name": f"{at}", "file": one["file"], "bytes": one["bytes"], "sha256": one["sha256"], "url": one["url"]}
            for at, one in enumerate(stored)
        ]

    def _conclude(self, manifest: FundingManifest) -> Outcome:
        context, partition = self.question.context, self.question.partition
        as_of(context, self.question.dataset, partition)  # answers say what time it is elsewhere
        is_anything = bool(self.before) or manifest["asked"] is not None or any(facts_of(manifest).values())
        manifest["fingerprint"] = fingerprint(**without(manifest, "fingerprint")) if is_anything else ""
        changed = is_anything and save(context.store, partition, manifest, self.before)
        self.question.times.keep()
        return self.replies.outcome(partition, manifest["fingerprint"], self.rows, changed=changed)


def _span(window: Window) -> SpanRecord:
    return {"start": window.start.isoformat(), "end": window.end.isoformat()}
