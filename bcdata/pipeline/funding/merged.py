"""merged settlements: those of all sources with the interval in force, and the ledger of those that are missing."""

from collections.abc import Iterator, Sequence

import polars as pl

from bcdata.bars.settlements import in_force, missing_settlements, settlement_ledger
from bcdata.catalog import Dataset
from bcdata.frames.schema import SETTLEMENT, conform
from bcdata.intervals import SETTLEMENT_MINUTE
from bcdata.pipeline.context import Workbench, window_of
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.funding.common import before_of, due, joined, known_of, unpublished_of
from bcdata.pipeline.lake import published_sound, read_sound
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.present import as_of
from bcdata.pipeline.publish import is_whole, nothing_sound, publish, unchanged
from bcdata.pipeline.records.in_footers import MergedRecord, answers_record, files_record
from bcdata.pipeline.stream import each
from bcdata.quality.models import audit, funding_model
from bcdata.quality.rules import sample
from bcdata.quality.settlements import VERSION
from bcdata.quality.verdict import Finding, Severity, Verdict, failed
from bcdata.store.layout import Partition


def materialize(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Merged funding with its ledger; yields outcomes in order."""
    yield from each(work.store.root, partitions, lambda one: _merge(as_of(work, dataset, one), dataset, one))


def _merge(work: Workbench, dataset: Dataset, partition: Partition) -> Outcome:
    parsed = {name: partition.in_zone("parsed", name) for name in dataset.sources}
    published = {name: published_sound(work.store, one) for name, one in parsed.items()}
    if dataset.bulk and published[dataset.bulk] is None:
        return Outcome(partition, State.HELD_BACK, failed("upstream", "parsed is not published"))
    window = window_of(dataset, partition)
    archive = files_record(published.get(dataset.bulk or ""))
    rest = answers_record(published.get(dataset.repair or ""))
    done_by, unpublished = due(window, work.now), unpublished_of(dataset, window, work.now, archive)
    # What is not over yet is not known, whatever a file says; the settlements of a month that is over all are.
    settled = None if window.end <= work.now else _settled(work, dataset, partition)
    made_of = fingerprint(
        sources=[(name, one.fingerprint if one else None) for name, one in published.items()],
        due=done_by.end,
        last=None if settled is None else settled["time"].max(),
        unpublished=unpublished,
        rules=VERSION,
    )
    done = unchanged(work.store, partition, made_of)
    if done and (not done.ok or is_whole(work.store, partition.in_zone("gaps"), made_of)):
        return done
    settled = _settled(work, dataset, partition) if settled is None else settled
    before = _unlabelled(joined([before_of(files_record(one)) for one in published.values()]))
    settled = in_force(settled, before)
    known = known_of(window, archive, rest, pl.concat([before, settled]), unpublished)
    missing = missing_settlements(_as_stated(settled), done_by, _as_stated(before))
    gaps = settlement_ledger(missing, known.reasons())
    nothing = nothing_sound(settled.height, archive.get("quarantined") or [])
    findings = (*audit(settled, funding_model(SETTLEMENT)), *_coverage(gaps), *_differing(settled), *nothing)
    verdict = Verdict(settled.height, findings)
    record: MergedRecord = {"closed": done_by.end.isoformat()}
    return publish(work.store, partition, settled, verdict, fingerprint=made_of, record=record, ledger=gaps)


def _settled(work: Workbench, dataset: Dataset, partition: Partition) -> pl.DataFrame:
    """The settlements of all sources (`SETTLEMENT`, without the interval in force) that are known by now."""
    frames = [read_sound(work.store, partition.in_zone("parsed", name), dataset.name) for name in dataset.sources]
    known = pl.col("time") + SETTLEMENT_MINUTE <= work.now
    return _unlabelled(joined(frames)).filter(known)


def _unlabelled(settled: pl.DataFrame) -> pl.DataFrame:
    """Settlements with what their file states, and without the interval in force."""
    return conform(settled.rename({"interval_hours": "file_interval_hours"}), SETTLEMENT)


def _as_stated(settled: pl.DataFrame) -> pl.DataFrame:
    return settled.with_columns(interval_hours="file_interval_hours")


def _differing(settled: pl.DataFrame) -> Iterator[Finding]:
    """A warning where a file states another interval than follows from the settlements before."""
    differ = settled.filter(pl.col("interval_hours") != pl.col("file_interval_hours"))
    if differ.height:
        words = "the file states another interval than follows from the settlements up to it; both are kept"
        yield Finding("interval_differs", Severity.WARN, differ.height, words, sample(differ))


def _coverage(gaps: pl.DataFrame) -> Iterator[Finding]:
    if gaps.height:
        yield Finding("coverage", Severity.WARN, int(gaps["bars"].sum()), "settlements are missing", sample(gaps))
