"""Answers about missing bars: one audited frame, and what they confirm to be missing at the exchange."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import polars as pl

from bcdata.catalog import Dataset
from bcdata.pipeline.parsed.answer_rows import read_bodies
from bcdata.pipeline.parsed.archive_view import ArchiveView
from bcdata.pipeline.parsed.rest_answers import ExchangeDays, span_of, weigh
from bcdata.pipeline.publish import Draft
from bcdata.pipeline.records.shapes import Manifest, RestManifest, learnt_of
from bcdata.store.layout import Partition
from bcdata.store.store import Store


@dataclass(frozen=True, slots=True)
class BarAnswers:
    """What raw holds of a partition, and the archive's part of it."""

    view: ArchiveView
    raw: Partition
    manifest: RestManifest

    @classmethod
    def read(cls, store: Store, dataset: Dataset, raw: Partition, manifest: Manifest) -> "BarAnswers | None":
        """The answers; None where the archive's part is not published."""
        view = ArchiveView.read(store, dataset, raw)
        return cls(view, raw, cast("RestManifest", manifest)) if view else None

    @property
    def weighed_against(self) -> Mapping[str, object]:
        """What the archive has around all that was asked for."""
        return {"archive": self.view.made_of(span_of(self.view, self.manifest["queries"]))}

    def weigh(self) -> Draft | None:
        """The bars that are believed, and what the answers prove; None where a page is lost."""
        store, queries = self.view.store, self.manifest["queries"]
        answers = [read_bodies(store, self.raw, query["pages"]) for query in queries]
        days = read_bodies(store, self.raw, self.manifest.get("days") or [])
        if days is None or None in answers:
            return None
        exchange = ExchangeDays(days, self.manifest.get("witnesses") or [])
        weighed = weigh(self.view, queries, [bodies or [] for bodies in answers], exchange)
        record = {"raw": self.manifest["fingerprint"], **learnt_of(self.manifest), **weighed.facts}
        rejected = weighed.rejected.drop("object", "from_us", "to_us", "rank", strict=False)
        rejected = rejected.select("line", "reason", pl.exclude("line", "reason"))
        return Draft(weighed.bars, weighed.verdict, record, rejected)
