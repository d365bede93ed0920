"""features: one wide table per symbol and partition, its warm-up read across the partition's border."""

from collections.abc import Iterator, Sequence

import polars as pl

from bcdata.catalog import Catalog, Dataset
from bcdata.features.table.compute import compute_counted
from bcdata.pipeline.context import RunContext, columns_of, window_of
from bcdata.pipeline.features.column_reuse import ReusedColumns, reused_columns
from bcdata.pipeline.features.inputs import FeatureInputs
from bcdata.pipeline.features.lacking import lack_of_columns
from bcdata.pipeline.features.warm_up import warm_up
from bcdata.pipeline.fingerprint import CODE_VERSION, fingerprint
from bcdata.pipeline.lake import trusted
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.publish import publish, unchanged
from bcdata.pipeline.records.in_footers import FeaturesRecord
from bcdata.pipeline.stream import each
from bcdata.quality.models import audit, feature_model
from bcdata.quality.verdict import Verdict, failed
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.venues.calendar import session_column
from bcdata.windows import Window


def materialize(context: RunContext, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Computes the features of what merged holds, and yields outcomes date by date.

    All symbols of a date look at the same universe and reference, which so are read once, and memory stays flat.
    """
    near = FeatureInputs(context.store, context.catalog, dataset)
    ordered = sorted(partitions, key=lambda one: one.date)
    yield from each(context.store.root, ordered, lambda one: _compute(context.store, dataset, one, near))


def made_of(store: Store, catalog: Catalog, dataset: Dataset, partition: Partition) -> str:
    """The fingerprint that the partition's features would have now; another one than theirs: they are stale."""
    return _fingerprint(dataset, partition, FeatureInputs(store, catalog, dataset))


def _compute(store: Store, dataset: Dataset, partition: Partition, near: FeatureInputs) -> Outcome:
    if trusted(store, partition.in_zone("merged")) is None:
        return Outcome(partition, State.HELD_BACK, failed("upstream", "merged is not published"))
    made = _fingerprint(dataset, partition, near)
    if done := unchanged(store, partition, made):
        return done
    window = window_of(dataset, partition)
    bars = near.bars(partition.symbol, window)
    inside = pl.col("open_time").is_between(window.start, window.end, closed="left")
    kept = reused_columns(store, partition, near, bars.filter(inside)["open_time"])
    table, clipped = _table(bars, dataset, partition, near, kept)
    ranges = [(one.name, *(one.range or (None, None))) for one in near.features]
    findings = audit(table, feature_model(ranges, sessions=dataset.hours.are_sessions))
    own = near.own(partition.symbol, window)
    findings += warm_up(dataset, [(one.date, one.made) for one in own], "features")
    findings += near.findings(partition.symbol, window)
    findings += lack_of_columns(near.features, columns_of(dataset))
    nulls = {name: int(n) for name, n in table.null_count().row(0, named=True).items() if n}
    facts = {"features": near.version, "nulls": nulls, **({"clipped": clipped} if clipped else {})}
    verdict = Verdict(table.height, tuple(findings), facts)
    return publish(store, partition, table, verdict, fingerprint=made, record=_record(dataset, partition, near))


def _table(
    bars: pl.DataFrame, dataset: Dataset, partition: Partition, near: FeatureInputs, kept: ReusedColumns
) -> tuple[pl.DataFrame, dict[str, int]]:
    """The features that are not kept, computed, beside those that are; and how many rows were clipped."""
    window, symbol = window_of(dataset, partition), partition.symbol
    table, clipped = compute_counted(
        bars,
        window=window,
        interval=dataset.bar_interval,
        features=[one for one in near.features if one.name not in kept.columns],
        around=near.around(symbol, window),
        known_for=near.features,
    )
    whole = table.with_columns(kept.columns[name] for name in kept.columns)
    sessions = session_column(dataset.bar_interval)
    return whole.select("open_time", "known_at", *sessions, *near.identities), {**kept.clipped, **clipped}


def _record(dataset: Dataset, partition: Partition, near: FeatureInputs) -> FeaturesRecord:
    window = window_of(dataset, partition)
    return {
        "merged": [(one.date, one.made) for one in near.own(partition.symbol, window)],
        "inputs": [*near.reads(partition.symbol, window)],
        "features": near.version,
        "columns": near.identities,
        "code": CODE_VERSION,
    }


def _fingerprint(dataset: Dataset, partition: Partition, near: FeatureInputs) -> str:
    """Warm-up and others' bars are untracked reads: what was there is part of the fingerprint."""
    window = window_of(dataset, partition)
    return fingerprint(
        merged=[(one.date, one.made) for one in near.own(partition.symbol, window)],
        inputs=near.reads(partition.symbol, window),
        features=near.version,
        interval=dataset.bar_interval.name,
        **_counted_from(dataset, window),
    )


def _counted_from(dataset: Dataset, window: Window) -> dict[str, int]:
    """Where bars are counted by sessions, the number of the first: sums begin anew at some numbers."""
    interval = dataset.bar_interval
    return {"first": interval.number(interval.ceil(window.start)), "session": 1} if interval.has_sessions else {}
