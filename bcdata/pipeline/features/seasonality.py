"""seasonality: how much a market moves at which time of day, over the 20 days before each day. An asset of its own."""

from collections.abc import Iterator, Sequence

import polars as pl

from bcdata.catalog import Dataset
from bcdata.features.seasonality import profile_window, volatility_profile
from bcdata.features.session_profile import session_profile, session_window
from bcdata.features.table.context import SplitAt
from bcdata.interval import Interval
from bcdata.pipeline.context import RunContext, window_of
from bcdata.pipeline.features.splits import Splits
from bcdata.pipeline.features.warm_up import warm_up
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.lake import merged_over, read_over, trusted
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.publish import publish, unchanged
from bcdata.pipeline.stream import each
from bcdata.quality.models import audit, profile_model
from bcdata.quality.verdict import Verdict, failed
from bcdata.store.layout import Partition
from bcdata.venues.calendar import session_of
from bcdata.venues.session_interval import SessionInterval
from bcdata.windows import Window

VERSION = 1
"""Raised when the same bars give another profile."""


def materialize(context: RunContext, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[Outcome]:
    """Computes the profiles of the days that merged holds, and yields outcomes in order."""
    yield from each(context.store.root, partitions, lambda one: _profile(context, dataset, one))


def _profile(context: RunContext, dataset: Dataset, partition: Partition) -> Outcome:
    store, splits = context.store, Splits.of(context.store, context.catalog, dataset)
    if trusted(store, partition.in_zone("merged")) is None:
        return Outcome(partition, State.HELD_BACK, failed("upstream", "merged is not published"))
    window = window_of(dataset, partition)
    reach = reach_of(dataset.bar_interval, window)
    # The 20 days before are an untracked read: what was there is part of the fingerprint.
    read = [(one.date, made) for one, made in merged_over(store, dataset, partition.symbol, reach)]
    told = splits.reads(partition.symbol, reach)
    actions = {"actions": told} if told else {}
    made_of = fingerprint(merged=read, seasonality=VERSION, interval=dataset.bar_interval.name, **actions)
    if done := unchanged(store, partition, made_of):
        return done
    bars = read_over(store, dataset, partition.symbol, reach, ["open_time", "close", "known_at"])
    table = _table(bars, dataset.bar_interval, window, splits.within(partition.symbol, reach))
    findings = [
        *audit(table, profile_model(dataset.bar_interval)),
        *warm_up(dataset, read, "profiles"),
        *splits.findings(partition.symbol, reach),
    ]
    nulls = {name: table[name].null_count() for name in ("sigma", "relative") if table[name].null_count()}
    verdict = Verdict(table.height, tuple(findings), {"nulls": nulls})
    return publish(store, partition, table, verdict, fingerprint=made_of, record={"merged": read})


def reach_of(interval: Interval, window: Window) -> Window:
    """The bars that the profiles of a window are made of."""
    return session_window(window, interval) if interval.has_sessions else profile_window(window, interval)


def _table(bars: pl.DataFrame, interval: Interval, window: Window, splits: Sequence[SplitAt]) -> pl.DataFrame:
    if not isinstance(interval, SessionInterval):
        return _days_of(bars, volatility_profile(bars, window=window, interval=interval))
    profile = session_profile(bars, window=window, interval=interval, splits=splits)
    label = session_of(interval)
    return profile.filter(label.is_in(bars.select(label).to_series().unique().implode()))


def _days_of(bars: pl.DataFrame, profile: pl.DataFrame) -> pl.DataFrame:
    """The days that have a bar: a month that is not over would have profiles of days whose 20 days are not over."""
    days = bars["open_time"].dt.truncate("1d").unique()
    return profile.filter(pl.col("open_time").dt.truncate("1d").is_in(days.implode()))
