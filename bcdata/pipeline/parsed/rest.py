"""Parsed answers of the repair source: one audited frame, and what they confirm to be missing at the exchange."""

from collections.abc import Iterator, Sequence

from bcdata.catalog import Dataset
from bcdata.pipeline.context import RunContext
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.frame_types import repair_of
from bcdata.pipeline.lake import repair
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.parsed.archive import parsed_fingerprint
from bcdata.pipeline.publish import unchanged
from bcdata.pipeline.records.manifests import held_manifest, read_manifest
from bcdata.pipeline.stream import each
from bcdata.quality.verdict import Verdict, failed
from bcdata.store.layout import Partition
from bcdata.store.store import Store


def materialize(context: RunContext, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Parses and audits the answers in raw, and yields outcomes in order; nothing asked, nothing parsed."""
    yield from each(context.store.root, partitions, lambda one: _parse(context.store, dataset, one))


def _parse(store: Store, dataset: Dataset, partition: Partition) -> Outcome:
    raw = partition.in_zone("raw", partition.provider)
    manifest = held_manifest(store, raw, read_manifest)
    if manifest is None:
        return Outcome(partition, State.UNCHANGED, Verdict(0))
    answers = repair_of(dataset).read_answers(store, dataset, raw, manifest)
    if answers is None:
        return Outcome(partition, State.HELD_BACK, failed("upstream", f"parsed/{dataset.bulk} is not published"))
    made_of = fingerprint(own=parsed_fingerprint(dataset, manifest["fingerprint"]), **answers.weighed_against)
    if done := unchanged(store, partition, made_of):
        return done
    draft = answers.weigh()
    if draft is None:
        words = f"a page of raw is lost or damaged; repair it with: {repair(raw, dataset.name)}"
        return Outcome(partition, State.FAILED, failed("upstream", words))
    return draft.publish(store, partition, made_of)
