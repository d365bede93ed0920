"""Bars in, feature table out. One partition computed alone has the bits of the whole history."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import numpy as np
import polars as pl

from bcdata.features.grid import FloatArray, Grid, IntArray, bars_per_year, grid_number, grid_opens
from bcdata.features.registry import Feature, all_features
from bcdata.intervals import Interval
from bcdata.windows import Window

_DAY = timedelta(days=1)
_TIME = pl.Datetime("us", "UTC")
_OPTIONAL = frozenset({"funding_rate"})  # markets without funding have no such column: null throughout


def warm_up_window(window: Window, interval: Interval, features: Sequence[Feature] | None = None) -> Window:
    """The bars to read so that every bar of the window has its features.

    The longest warm-up in whole UTC days, one bar more, and up to the window's end. For `1mo` the days are
    months.
    """
    bars = max((feature.warm_up for feature in _chosen(features)), default=0)
    if interval.length is None:
        start = window.start
        for _ in range(bars + 1):
            start = interval.floor(interval.floor(start) - timedelta(microseconds=1))
        return Window(start, window.end)
    midnight = window.start.replace(hour=0, minute=0, second=0, microsecond=0)
    days = -(-bars * interval.length // _DAY)
    return Window(midnight - days * _DAY - interval.length, window.end)


def compute(
    bars: pl.DataFrame, *, window: Window, interval: Interval, features: Sequence[Feature] | None = None
) -> pl.DataFrame:
    """The feature table of the bars in the window.

    Args:
        bars: Merged bars of one symbol, ascending by `open_time` (µs, UTC) and unique; missing bars are not
            rows. What lies outside `warm_up_window` has no influence.
        window: The instants whose bars get a row.
        interval: The length of the bars.
        features: The columns, in this order; by default all there are.

    Returns:
        One row per bar of `bars` that opens in the window: `open_time`, `known_at` (the bar's close, UTC),
        then one Float64 per feature, null where it is not defined, never NaN or infinite. A window of bars
        that lacks its oldest bar, or more than a tenth of its bars, is null (`bcdata.features.rolling`). A
        bar that opens off the interval's grid (the exchange's early 2018 has some) has a row of nulls.

    Raises:
        ValueError: bars are not ascending and unique, `open_time` has another type, or a column is missing.
    """
    chosen = _chosen(features)
    _require(bars, chosen)
    reach = warm_up_window(window, interval, chosen)
    near = bars.filter(pl.col("open_time").is_between(reach.start, reach.end, closed="left"))
    grid = _grid(near, reach, interval, {name for feature in chosen for name in feature.inputs})
    wanted = near.filter(pl.col("open_time") >= window.start)
    rows = _rows(grid.opens, wanted)
    values = pl.DataFrame({feature.name: _values(feature, grid, rows) for feature in chosen})
    times = wanted.select("open_time", known_at=pl.col("open_time").dt.offset_by(interval.name))
    return pl.concat([times, values.fill_nan(None)], how="horizontal")


def _chosen(features: Sequence[Feature] | None) -> Sequence[Feature]:
    return all_features() if features is None else features


def _require(bars: pl.DataFrame, features: Sequence[Feature]) -> None:
    wanted = {name for feature in features for name in feature.inputs} - _OPTIONAL
    if missing := sorted(wanted.difference(bars.columns)):
        raise ValueError(f"features need columns that the bars do not have: {', '.join(missing)}")
    if bars.schema.get("open_time") != _TIME:
        raise ValueError(f"open_time has to be {_TIME}, and is {bars.schema.get('open_time')}")
    if not (bars["open_time"].diff().drop_nulls() > timedelta()).all():
        raise ValueError("bars have to be ascending by open_time, without duplicates")


def _grid(bars: pl.DataFrame, reach: Window, interval: Interval, columns: Iterable[str]) -> Grid:
    opens = grid_opens(reach, interval)
    rows = _rows(opens, bars)
    placed = rows >= 0
    on_grid = {name: np.full(opens.size, np.nan) for name in columns}
    for column in bars.select(pl.col(on_grid.keys() & bars.columns).cast(pl.Float64)):
        on_grid[column.name][rows[placed]] = column.to_numpy()[placed]
    return Grid(opens, grid_number(interval.ceil(reach.start), interval), on_grid, bars_per_year(interval))


def _rows(opens: IntArray, bars: pl.DataFrame) -> IntArray:
    """The grid row of every bar; -1 where it opens off the grid."""
    times = bars["open_time"].to_physical().to_numpy()
    rows = np.searchsorted(opens, times, side="right") - 1
    return np.where((rows >= 0) & (opens[rows] == times), rows, -1)


def _values(feature: Feature, grid: Grid, rows: IntArray) -> FloatArray:
    with np.errstate(all="ignore"):  # what is undefined is NaN or infinite in a kernel, and null in the table
        values = feature.function(grid, **dict(feature.parameters))
    chosen = values[rows]
    return np.where((rows >= 0) & np.isfinite(chosen), chosen, np.nan)
