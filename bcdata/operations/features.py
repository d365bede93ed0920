"""features: one wide table per symbol and partition, its warm-up read across the partition's border."""

from collections.abc import Iterator, Sequence

from bcdata.catalog import Catalog, Dataset
from bcdata.features.compute import compute_counted
from bcdata.operations.feature_set import version_of
from bcdata.operations.fingerprint import fingerprint
from bcdata.operations.lake import trusted
from bcdata.operations.neighbours import Neighbours
from bcdata.operations.outcome import Outcome, State
from bcdata.operations.publish import publish, unchanged
from bcdata.operations.stream import each
from bcdata.operations.workbench import Workbench, window_of
from bcdata.quality.models import audit, feature_model
from bcdata.quality.verdict import Finding, Severity, Verdict, failed
from bcdata.store.layout import Partition
from bcdata.store.store import Store


def materialize(work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Computes the features of what merged holds, and yields outcomes date by date.

    All symbols of a date look at the same universe and reference, which so are read once, and memory stays flat.
    """
    near = Neighbours(work.store, work.catalog, dataset)
    ordered = sorted(partitions, key=lambda one: one.date)
    yield from each(work.store.root, ordered, lambda one: _compute(work.store, dataset, one, near))


def made_of(store: Store, catalog: Catalog, dataset: Dataset, partition: Partition) -> str:
    """The fingerprint that the partition's features would have now; another one than theirs: they are stale."""
    return _fingerprint(dataset, partition, Neighbours(store, catalog, dataset))


def _compute(store: Store, dataset: Dataset, partition: Partition, near: Neighbours) -> Outcome:
    if trusted(store, partition.in_zone("merged")) is None:
        return Outcome(partition, State.HELD_BACK, failed("upstream", "merged is not published"))
    made = _fingerprint(dataset, partition, near)
    if done := unchanged(store, partition, made):
        return done
    window, symbol = window_of(dataset, partition), partition.symbol
    table, clipped = compute_counted(
        near.bars(symbol, window),
        window=window,
        interval=dataset.bar_interval,
        features=near.features,
        around=near.around(symbol, window),
    )
    findings = audit(table, feature_model([(one.name, *(one.range or (None, None))) for one in near.features]))
    findings += [*_warm_up(dataset, partition, near), *near.findings(symbol, window)]
    nulls = {name: int(n) for name, n in table.null_count().row(0, named=True).items() if n}
    facts = {"features": version_of(dataset), "nulls": nulls, **({"clipped": clipped} if clipped else {})}
    verdict = Verdict(table.height, tuple(findings), facts)
    record = {
        "merged": [(one.date, one.made) for one in near.own(symbol, window)],
        "inputs": near.reads(symbol, window),
        "features": version_of(dataset),
    }
    return publish(store, partition, table, verdict, fingerprint=made, record=record)


def _fingerprint(dataset: Dataset, partition: Partition, near: Neighbours) -> str:
    """Warm-up and others' bars are untracked reads: what was there is part of the fingerprint."""
    window = window_of(dataset, partition)
    return fingerprint(
        merged=[(one.date, one.made) for one in near.own(partition.symbol, window)],
        inputs=near.reads(partition.symbol, window),
        features=version_of(dataset),
        interval=dataset.bar_interval.name,
    )


def _warm_up(dataset: Dataset, partition: Partition, near: Neighbours) -> Iterator[Finding]:
    own = near.own(partition.symbol, window_of(dataset, partition))
    absent = [one.date for one in own if one.made is None and dataset.start <= one.date]
    if absent:
        words = f"no merged bars of {', '.join(absent)}: features that need them are null"
        yield Finding("warm_up", Severity.WARN, len(absent), words)
