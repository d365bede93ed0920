"""reports: what a partition's features look like, one row a feature, beside the 30 days before it. An asset of its own.

Nothing is held back here: the gate of the features is behind them. What asks for attention is a warning.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import polars as pl

from bcdata.catalog import Dataset
from bcdata.features.feature import SETTLEMENTS, Feature
from bcdata.features.report import TRAILING, feature_report
from bcdata.pipeline.context import RunContext, columns_of, window_of
from bcdata.pipeline.features.feature_set import features_of, reference_of, universe_of
from bcdata.pipeline.features.lacking import lacking
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.lake import keys_over, published_sound, read_sound
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.publish import publish, unchanged
from bcdata.pipeline.records.in_footers import features_record, made_of
from bcdata.pipeline.stream import each
from bcdata.quality.features import attention
from bcdata.quality.verdict import Verdict, failed
from bcdata.store.footer import Published
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window

VERSION = 1
"""Raised when the same features give another report."""

Read = list[tuple[str, str | None]]


def materialize(context: RunContext, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Reports on published features, and yields outcomes date by date."""
    ordered = sorted(partitions, key=lambda one: one.date)
    yield from each(context.store.root, ordered, lambda one: _report(context.store, dataset, one))


def trailing(window: Window) -> Window:
    """The time before a partition whose features it is compared with."""
    return Window(window.start - TRAILING, window.start)


def _report(store: Store, dataset: Dataset, partition: Partition) -> Outcome:
    own = partition.in_zone("features")
    published = published_sound(store, own)
    if published is None:
        return Outcome(partition, State.HELD_BACK, failed("upstream", "features are not published"))
    window, config = window_of(dataset, partition), made_of(published).get("features")
    before = {one: published_sound(store, one) for one in _partitions(dataset, partition.symbol, trailing(window))}
    # Partitions before this one are an untracked read: what was there is part of the fingerprint.
    read: Read = [(partition.date, published.fingerprint)]
    read += [(one.date, there.fingerprint if there else None) for one, there in before.items()]
    made = fingerprint(features=read, report=VERSION)
    if done := unchanged(store, partition, made):
        return done
    table = read_sound(store, own, dataset.name)
    if table is None:
        return Outcome(partition, State.HELD_BACK, failed("upstream", "features are not published"))
    alike = [one for one, there in before.items() if there and made_of(there).get("features") == config]
    report = feature_report(
        table,
        _features_over(store, alike, trailing(window)),
        features=features_of(dataset),
        config=config,
        clipped=_clipped(published),
    )
    findings = tuple(attention(report, absent=absent_of(dataset, partition.symbol), day=bars_of_a_day(dataset)))
    facts = {"features": config, "compared_with": [one.date for one in alike]}
    return publish(
        store,
        partition,
        report,
        Verdict(report.height, findings, facts),
        fingerprint=made,
        record={"features_read": read},
    )


def _partitions(dataset: Dataset, symbol: str, window: Window) -> list[Partition]:
    keys = [key for key in keys_over(dataset, window) if key >= dataset.start]
    return [Partition("features", dataset.name, symbol, key) for key in keys]


def _features_over(store: Store, partitions: Sequence[Partition], window: Window) -> pl.DataFrame | None:
    """The features of these partitions inside the window; None where there are none."""
    frames = [frame for one in partitions if (frame := read_sound(store, one, one.dataset)) is not None]
    if not frames:
        return None
    inside = pl.col("open_time").is_between(window.start, window.end, closed="left")
    return pl.concat([frame.filter(inside) for frame in frames], how="diagonal")


def _clipped(published: Published) -> dict[str, int]:
    found: dict[str, int] = features_record(published)["verdict"]["facts"].get("clipped", {})
    return found


def absent_of(dataset: Dataset, symbol: str) -> frozenset[str]:
    """The features that are null by their nature for this symbol."""
    features = features_of(dataset)
    by_nature = {one.name for one in features if _is_nothing(one, dataset, symbol)}
    return frozenset(by_nature | lacking(features, columns_of(dataset)).keys())


def bars_of_a_day(dataset: Dataset) -> int:
    """How many bars make a day; 1 where one bar is longer."""
    length = dataset.bar_interval.length
    return 1 if length is None else max(1, timedelta(days=1) // length)


def _is_nothing(feature: Feature, dataset: Dataset, symbol: str) -> bool:
    """Whether the feature is null by its nature: no funding on spot, no comparison of the reference with itself."""
    pays = bool(SETTLEMENTS & set(feature.inputs)) or "funding_rate" in feature.inputs
    compares = feature.reads("@reference") and symbol == reference_of(dataset)
    ranks = feature.reads("@universe") and not universe_of(dataset)
    return (pays and not dataset.has_funding) or compares or ranks
