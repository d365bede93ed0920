"""Parsed answers of the repair source: one audited frame, and what they confirm to be missing at the exchange."""

from collections.abc import Iterator, Sequence

import polars as pl

from bcdata.catalog import Dataset
from bcdata.pipeline.context import Workbench
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.lake import repair
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.parsed.answer_rows import read_bodies
from bcdata.pipeline.parsed.archive import parsed_fingerprint
from bcdata.pipeline.parsed.archive_view import ArchiveView
from bcdata.pipeline.parsed.rest_answers import Days, span_of, weigh
from bcdata.pipeline.publish import publish, unchanged
from bcdata.pipeline.records.manifests import answers_manifest, held_manifest
from bcdata.pipeline.records.shapes import learnt_of
from bcdata.pipeline.stream import each
from bcdata.quality.verdict import Verdict, failed
from bcdata.store.layout import Partition


def materialize(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Parses and audits the answers in raw, and yields outcomes in order; nothing asked, nothing parsed."""
    yield from each(work.store.root, partitions, lambda one: _parse(work, dataset, one))


def _parse(work: Workbench, dataset: Dataset, partition: Partition) -> Outcome:
    raw = partition.in_zone("raw", partition.provider)
    manifest = held_manifest(work.store, raw, answers_manifest)
    if manifest is None:
        return Outcome(partition, State.UNCHANGED, Verdict(0))
    view = ArchiveView.read(work.store, dataset, partition)
    if view is None:
        return Outcome(partition, State.HELD_BACK, failed("upstream", f"parsed/{dataset.bulk} is not published"))
    queries = manifest["queries"]
    made_of = fingerprint(
        own=parsed_fingerprint(dataset, manifest["fingerprint"]), archive=view.made_of(span_of(view, queries))
    )
    if done := unchanged(work.store, partition, made_of):
        return done
    answers = [read_bodies(work.store, raw, query["pages"]) for query in queries]
    days = read_bodies(work.store, raw, manifest.get("days") or [])
    if days is None or None in answers:
        words = f"a page of raw is lost or damaged; repair it with: {repair(raw, dataset.name)}"
        return Outcome(partition, State.FAILED, failed("upstream", words))
    exchange = Days(days, manifest.get("witnesses") or [])
    weighed = weigh(view, queries, [bodies or [] for bodies in answers], exchange)
    record = {"raw": manifest["fingerprint"], **learnt_of(manifest), **weighed.facts}
    rejected = weighed.rejected.drop("object", "from_us", "to_us", "rank", strict=False)
    return publish(
        work.store,
        partition,
        weighed.bars,
        weighed.verdict,
        fingerprint=made_of,
        record=record,
        rejected=rejected.select("line", "reason", pl.exclude("line", "reason")),
    )
