"""merged: one truth per row out of what the sources have in parsed, and the ledger that explains what is missing."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bcdata.catalog import Dataset
from bcdata.pipeline.context import RunContext
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.frame_types import functions_of
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.parts import Parts
from bcdata.pipeline.publish import is_whole, unchanged
from bcdata.pipeline.raw.due import settled_by
from bcdata.pipeline.records.scores import quality_of
from bcdata.pipeline.run_clock import as_of
from bcdata.pipeline.stream import each
from bcdata.quality.verdict import Verdict, failed
from bcdata.store import quarantine
from bcdata.store.layout import Partition
from bcdata.venues.calendar import closed_window


def materialize(context: RunContext, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Merges what parsed holds, and yields outcomes in order."""
    yield from each(context.store.root, partitions, lambda one: _merge(as_of(context, dataset, one), dataset, one))


def _merge(context: RunContext, dataset: Dataset, partition: Partition) -> Outcome:
    parts, functions = Parts.read(context.store, dataset, partition), functions_of(dataset)
    if reason := _not_ready(context, parts):
        return Outcome(partition, State.HELD_BACK, failed("upstream", reason))
    merge = functions.merge(context, parts)
    made_of = fingerprint(**merge.made_of, rules=functions.rules)
    done = unchanged(context.store, partition, made_of)
    if done and (not done.ok or is_whole(context.store, partition.in_zone("gaps"), made_of)):
        return replace(done, quality=quality_of(context.store, partition)) if done.ok else done
    return merge.draft().publish(context.store, partition, made_of)


def _not_ready(context: RunContext, parts: Parts) -> str | None:
    """Why the partition cannot be merged: the part of it that has files is not published, or nobody gave anything."""
    dataset = parts.dataset
    sources = list(dataset.sources) if dataset.is_asked_by_windows else [name for name in (dataset.bulk,) if name]
    settled = closed_window(parts.window, dataset.pace, settled_by(context.now))
    is_closed = dataset.pace.has_sessions and not dataset.pace.opens(parts.window).size
    is_awaited = sources and not (dataset.is_asked_by_windows and (settled.is_empty or is_closed))
    if not is_awaited or any(parts.published[name] for name in sources):
        return None
    for name in sources:
        if report := quarantine.report(context.store, parts.partition.in_zone("parsed", name)):
            return f"parsed was held back: {Verdict.from_json(report['verdict']).summary()}"
    if dataset.is_asked_by_windows:
        return f"nothing was received from {' or '.join(sources)}"
    return "parsed is not published; materialize it first"
