"""parsed of a source that is asked by windows: what its pages hold, by the functions of their frame type."""

from collections.abc import Iterator, Sequence

from bcdata.catalog import Dataset
from bcdata.pipeline.context import RunContext
from bcdata.pipeline.frame_types import functions_of
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.parsed.archive import parsed_fingerprint
from bcdata.pipeline.publish import unchanged
from bcdata.pipeline.records.manifests import held_manifest, windows_manifest
from bcdata.pipeline.stream import each
from bcdata.quality.verdict import Verdict
from bcdata.store.layout import Partition


def materialize(context: RunContext, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Parses and audits the pages in raw, and yields outcomes in order; nothing asked, nothing parsed."""
    yield from each(context.store.root, partitions, lambda one: _parse(context, dataset, one))


def _parse(context: RunContext, dataset: Dataset, partition: Partition) -> Outcome:
    raw = partition.in_zone("raw", partition.provider)
    manifest = held_manifest(context.store, raw, windows_manifest)
    if manifest is None:
        return Outcome(partition, State.UNCHANGED, Verdict(0))
    made_of = parsed_fingerprint(dataset, manifest["fingerprint"])
    if done := unchanged(context.store, partition, made_of):
        return done
    return functions_of(dataset).pages.parse(context, dataset, partition, manifest, made_of)
