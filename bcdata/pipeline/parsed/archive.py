"""Parsed files: the objects of a partition as one audited frame, bad rows set aside."""

from collections.abc import Iterator, Sequence

from bcdata.catalog import Dataset
from bcdata.pipeline.context import RunContext
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.frame_types import files_of, functions_of
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.publish import unchanged
from bcdata.pipeline.records.manifests import archive_manifest, held_manifest
from bcdata.pipeline.stream import each
from bcdata.quality.verdict import failed
from bcdata.store.layout import Partition
from bcdata.store.store import Store


def materialize(context: RunContext, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Parses and audits what raw holds, and yields outcomes in order."""
    yield from each(context.store.root, partitions, lambda one: _parse(context.store, dataset, one))


def _parse(store: Store, dataset: Dataset, partition: Partition) -> Outcome:
    raw = partition.in_zone("raw", partition.provider)
    manifest = held_manifest(store, raw, archive_manifest)
    if manifest is None:
        return Outcome(partition, State.FAILED, failed("upstream", "raw holds nothing for it; materialize raw first"))
    made_of = parsed_fingerprint(dataset, manifest["fingerprint"])
    if done := unchanged(store, partition, made_of):
        return done
    return files_of(dataset).parse(store, dataset, raw, manifest).publish(store, partition, made_of)


def parsed_fingerprint(dataset: Dataset, raw: str) -> str:
    """What a parsed partition is made of: what raw holds, the rules, the settings that bear on it."""
    length = {"interval": dataset.interval.name} if dataset.interval else {}
    rules = functions_of(dataset).rules
    return fingerprint(raw=raw, rules=rules, **length, max_bad_share=dataset.quality.max_bad_share)
