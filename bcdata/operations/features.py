"""features: one wide table per symbol and partition, its warm-up read across the partition's border."""

from collections.abc import Iterator, Sequence

from bcdata.catalog import Dataset
from bcdata.features.compute import compute, warm_up_window
from bcdata.features.registry import Feature, all_features, feature_set_version
from bcdata.operations.fingerprint import fingerprint
from bcdata.operations.lake import merged_over, read_over, trusted
from bcdata.operations.outcome import Outcome, State
from bcdata.operations.publish import publish, unchanged
from bcdata.operations.stream import each
from bcdata.operations.workbench import Workbench, window_of
from bcdata.quality.models import audit, feature_model
from bcdata.quality.verdict import Finding, Severity, Verdict, failed
from bcdata.store.layout import Partition


def materialize(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Computes the features of what merged holds, and yields outcomes in order."""
    chosen = all_features()
    yield from each(partitions, lambda one: _compute(work, dataset, one, chosen))


def _compute(work: Workbench, dataset: Dataset, partition: Partition, chosen: Sequence[Feature]) -> Outcome:
    if trusted(work.store, partition.in_zone("merged")) is None:
        return Outcome(partition, State.HELD_BACK, failed("upstream", "merged is not published"))
    window = window_of(dataset, partition)
    reach = warm_up_window(window, dataset.bar_interval, chosen)
    # Warm-up is an untracked read: what was there is part of the fingerprint.
    read = list(merged_over(work.store, dataset, partition.symbol, reach))
    made_of = fingerprint(
        merged=[(one.date, made) for one, made in read],
        features=feature_set_version(chosen),
        interval=dataset.bar_interval.name,
    )
    if done := unchanged(work.store, partition, made_of):
        return done
    bars = read_over(work.store, dataset, partition.symbol, reach)
    table = compute(bars, window=window, interval=dataset.bar_interval, features=chosen)
    ranges = [(one.name, *(one.range or (None, None))) for one in chosen]
    findings = audit(table, feature_model(ranges))
    absent = [one.date for one, made in read if made is None and dataset.start <= one.date]
    if absent:
        words = f"no merged bars of {', '.join(absent)}: features that need them are null"
        findings.append(Finding("warm_up", Severity.WARN, len(absent), words))
    nulls = {name: int(n) for name, n in table.null_count().row(0, named=True).items() if n}
    verdict = Verdict(table.height, tuple(findings), {"nulls": nulls})
    record = {"merged": [(one.date, made) for one, made in read], "features": feature_set_version(chosen)}
    return publish(work.store, partition, table, verdict, fingerprint=made_of, record=record)
