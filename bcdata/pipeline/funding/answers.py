"""Answers about missing settlements: those that are believed, weighed against what other sources have."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from bcdata.catalog import Dataset
from bcdata.frames.schema import SENT_SETTLEMENT
from bcdata.pipeline.context import window_of
from bcdata.pipeline.funding.answer import SettlementAnswer
from bcdata.pipeline.funding.common import ArchiveSettlements, day_before, plain
from bcdata.pipeline.funding.listing import facts_of
from bcdata.pipeline.publish import Draft
from bcdata.pipeline.records.shapes import FundingManifest, Manifest
from bcdata.quality.verdict import Finding, Severity
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window


@dataclass(frozen=True, slots=True)
class SettlementAnswers:
    """What raw holds of a partition, and what the archive has of it and beside it."""

    store: Store
    dataset: Dataset
    raw: Partition
    manifest: FundingManifest
    archived: ArchiveSettlements

    @classmethod
    def read(cls, store: Store, dataset: Dataset, raw: Partition, manifest: Manifest) -> "SettlementAnswers | None":
        """The answers; None where the archive's part is not published."""
        archived = ArchiveSettlements.read(store, dataset, raw)
        return cls(store, dataset, raw, cast("FundingManifest", manifest), archived) if archived else None

    @property
    def weighed_against(self) -> Mapping[str, object]:
        """What the archive has of the partition, and of the day after it."""
        return {"archive": self.archived.made_of, "after": plain(self.archived.after)}

    def weigh(self) -> Draft | None:
        """The settlements that are believed, and what the answer proves; None where a page is lost."""
        manifest, window = self.manifest, window_of(self.dataset, self.raw)
        answer = SettlementAnswer.kept(self.store, self.raw, manifest, self.archived.known)
        if answer is None and manifest["asked"] is not None:
            return None
        if answer is None:  # nothing was asked: what was learnt of the listing said enough
            answer = SettlementAnswer(self.dataset.market, Window(window.start, window.start), [])
        given, before = answer.gives(window), answer.gives(day_before(window)).settled
        record = {
            "raw": manifest["fingerprint"],
            **facts_of(manifest),
            **answer.proofs(),
            "before": plain(before),
        }
        verdict = given.verdict
        if given.settled.height and not answer.is_compared:
            words = "settlements came from REST where no other source has one beside them that could be compared"
            verdict = verdict.with_findings([Finding("not_compared", Severity.WARN, given.settled.height, words)])
        return Draft(given.settled, verdict, record, given.rejected.select("line", "reason", *SENT_SETTLEMENT.names()))
