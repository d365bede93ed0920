"""seasonality: how much a market moves at which time of day, over the 20 days before each day. An asset of its own."""

from collections.abc import Iterator, Sequence

import polars as pl

from bcdata.catalog import Dataset
from bcdata.features.seasonality import profile_window, volatility_profile
from bcdata.pipeline.context import RunContext, window_of
from bcdata.pipeline.features.warm_up import warm_up
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.lake import merged_over, read_over, trusted
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.publish import publish, unchanged
from bcdata.pipeline.stream import each
from bcdata.quality.models import audit, profile_model
from bcdata.quality.verdict import Verdict, failed
from bcdata.store.layout import Partition
from bcdata.store.store import Store

VERSION = 1
"""Raised when the same bars give another profile."""


def materialize(context: RunContext, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Computes the profiles of the days that merged holds, and yields outcomes in order."""
    yield from each(context.store.root, partitions, lambda one: _profile(context.store, dataset, one))


def _profile(store: Store, dataset: Dataset, partition: Partition) -> Outcome:
    if trusted(store, partition.in_zone("merged")) is None:
        return Outcome(partition, State.HELD_BACK, failed("upstream", "merged is not published"))
    window = window_of(dataset, partition)
    reach = profile_window(window, dataset.bar_interval)
    # The 20 days before are an untracked read: what was there is part of the fingerprint.
    read = [(one.date, made) for one, made in merged_over(store, dataset, partition.symbol, reach)]
    made_of = fingerprint(merged=read, seasonality=VERSION, interval=dataset.bar_interval.name)
    if done := unchanged(store, partition, made_of):
        return done
    bars = read_over(store, dataset, partition.symbol, reach, ["open_time", "close", "known_at"])
    table = _days_of(bars, volatility_profile(bars, window=window, interval=dataset.bar_interval))
    findings = [*audit(table, profile_model()), *warm_up(dataset, read, "profiles")]
    nulls = {name: table[name].null_count() for name in ("sigma", "relative") if table[name].null_count()}
    verdict = Verdict(table.height, tuple(findings), {"nulls": nulls})
    return publish(store, partition, table, verdict, fingerprint=made_of, record={"merged": read})


def _days_of(bars: pl.DataFrame, profile: pl.DataFrame) -> pl.DataFrame:
    """The days that have a bar: a month that is not over would have profiles of days whose 20 days are not over."""
    days = bars["open_time"].dt.truncate("1d").unique()
    return profile.filter(pl.col("open_time").dt.truncate("1d").is_in(days.implode()))
