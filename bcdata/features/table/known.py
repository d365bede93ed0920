"""When each row of the feature table is known: the latest of what it is computed from."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import polars as pl

from bcdata.features.feature import SETTLEMENTS, Feature
from bcdata.features.table.context import FeatureContext
from bcdata.features.table.grid import IntArray
from bcdata.interval import SETTLEMENT_MINUTE, Interval

Known = tuple[IntArray, IntArray]
"""Times of rows (µs, ascending) and the instants from which on they are known (µs)."""


def known_at(
    opens: pl.Series, bars: pl.DataFrame, *, interval: Interval, features: Sequence[Feature], around: FeatureContext
) -> pl.Series:
    """When the features of the bars with these opens are known.

    That is the bar's end; later where the bar itself, one before it, or what it is joined with up to its open (bars of
    the reference and of the universe, settlements) is known later. One instant for all features of a row: what one of
    them reads is said of all. A bar is known less than two intervals after its open, so that it makes no difference
    how many bars before the first row are given.

    Args:
        opens: of the rows (UTC), ascending.
        bars: the symbol's bars up to the last of these rows; without `known_at` all are known at their end.
        interval: the length of the bars.
        features: all columns of the table.
        around: what else they read.
    """
    ends = opens.to_frame("open_time").select(end_of(interval)).to_series()
    found, times = ends.to_physical().to_numpy(), opens.to_physical().to_numpy()
    for at, known in _late(bars, interval, {name for one in features for name in one.inputs}, around):
        last = np.searchsorted(at, times, side="right")
        latest = np.append(0, np.maximum.accumulate(known))
        found = np.maximum(found, latest[last])
    return pl.Series("known_at", found).cast(ends.dtype)


def late_bars(bars: "pl.DataFrame | None", interval: Interval) -> Known | None:
    """The bars as times and instants, if any of them is known after its end; else None."""
    if bars is None or "known_at" not in bars.columns:
        return None
    if not bars.select((pl.col("known_at") > end_of(interval)).any()).item():
        return None
    return _physical(bars["open_time"]), _physical(bars["known_at"])


def latest(opens: IntArray, late: Sequence[Known]) -> IntArray | None:
    """For every open of a grid (µs) when the last of these bars is known; None where there are none."""
    if not late:
        return None
    found = np.zeros(opens.size, dtype=np.int64)
    for times, known in late:
        inside = (times >= opens[0]) & (times <= opens[-1])
        np.maximum.at(found, np.searchsorted(opens, times[inside]), known[inside])
    return found


def _late(bars: pl.DataFrame, interval: Interval, inputs: set[str], around: FeatureContext) -> Iterator[Known]:
    """What the rows are computed from, as far as it is known after the end of its own bar."""
    if own := late_bars(bars, interval):
        yield own
    is_compared = any(name.endswith("@reference") for name in inputs - SETTLEMENTS)
    if is_compared and (compared := late_bars(around.reference, interval)):
        yield compared
    panel = around.universe
    if panel is not None and panel.known is not None and any(name.endswith("@universe") for name in inputs):
        yield panel.opens, panel.known
    if interval.length is not None and interval.length < SETTLEMENT_MINUTE:
        settled = {"funding": around.funding, "funding@reference": around.reference_funding}
        for frame in (settled[name] for name in SETTLEMENTS & inputs):
            if frame is not None:
                yield _physical(frame["time"]), _physical(frame["time"] + SETTLEMENT_MINUTE)


def end_of(interval: Interval) -> pl.Expr:
    """The end of the bars."""
    if interval.has_sessions:
        return mapped(interval.ends)
    if interval.length is None:
        return pl.col("open_time").dt.offset_by(interval.name)
    return pl.col("open_time") + interval.length


def _physical(column: pl.Series) -> IntArray:
    values: IntArray = column.to_physical().fill_null(0).to_numpy()
    return values


def mapped(of: Callable[[IntArray], IntArray]) -> pl.Expr:
    """What a function makes of the opens (µs) of the rows, as instants."""

    def instants(opens: pl.Series) -> pl.Series:
        return pl.Series(opens.name, of(opens.to_physical().to_numpy())).cast(opens.dtype)

    return pl.col("open_time").map_batches(instants, return_dtype=pl.Datetime("us", "UTC"), is_elementwise=True)
