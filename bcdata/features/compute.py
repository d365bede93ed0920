"""Bars in, feature table out. One partition computed alone has the bits of the whole history."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from bcdata.features.feature import SETTLEMENTS
from bcdata.features.grid import FloatArray, Grid, IntArray, bars_per_year, grid_number, grid_opens, microseconds
from bcdata.features.registry import Feature, all_features
from bcdata.features.surroundings import Settlements, Surroundings
from bcdata.intervals import Interval
from bcdata.windows import Window

_DAY = timedelta(days=1)
_TIME = pl.Datetime("us", "UTC")
_OPTIONAL = frozenset({"funding_rate"})  # markets without funding have no such column: null throughout
_ALONE = Surroundings()


def warm_up_window(window: Window, interval: Interval, features: Sequence[Feature] | None = None) -> Window:
    """The bars to read so that every bar of the window has its features; the reference's and universe's too.

    The longest warm-up in whole UTC days, one bar more, and up to the window's end. For `1mo` the days are
    months.
    """
    reaches = {(feature.lookback, feature.warm_up) for feature in _chosen(features)} or {(0, 0)}
    return Window(min(_start(window.start, interval, *reach) for reach in reaches), window.end)


def settlement_window(window: Window, features: Sequence[Feature] | None = None) -> Window:
    """The settlements to read so that every bar of the window has its features; empty where none reads any."""
    days = [feature.settlement_days for feature in _chosen(features) if SETTLEMENTS & set(feature.inputs)]
    if not days:
        return Window(window.start, window.start)
    return Window(_midnight(window.start) - max(days) * _DAY, window.end)


def _start(start: datetime, interval: Interval, lookback: int, bars: int) -> datetime:
    if interval.length is None:
        for _ in range(lookback + bars + 1):
            start = interval.floor(interval.floor(start) - timedelta(microseconds=1))
        return start
    days = -(-bars * interval.length // _DAY)
    return _midnight(start - lookback * interval.length) - days * _DAY - interval.length


def _midnight(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)


def compute(
    bars: pl.DataFrame,
    *,
    window: Window,
    interval: Interval,
    features: Sequence[Feature] | None = None,
    around: Surroundings = _ALONE,
) -> pl.DataFrame:
    """The feature table of the bars in the window.

    Args:
        bars: Merged bars of one symbol, ascending by `open_time` (µs, UTC) and unique; missing bars are not
            rows. What lies outside `warm_up_window` has no influence.
        window: The instants whose bars get a row.
        interval: The length of the bars.
        features: The columns, in this order; by default all there are.
        around: What else they read. Of bars and settlements there, what lies outside of `warm_up_window` and
            `settlement_window` has no influence either.

    Returns:
        One row per bar of `bars` that opens in the window: `open_time`, `known_at` (the bar's close, UTC),
        then one Float64 per feature, null where it is not defined, never NaN or infinite. A window of bars
        that lacks its oldest bar, or more than a tenth of its bars, is null (`bcdata.features.rolling`). A
        bar that opens off the interval's grid (the exchange's early 2018 has some) has a row of nulls.

    Raises:
        ValueError: bars are not ascending and unique, `open_time` has another type, or a column is missing.
    """
    return compute_counted(bars, window=window, interval=interval, features=features, around=around)[0]


def compute_counted(
    bars: pl.DataFrame,
    *,
    window: Window,
    interval: Interval,
    features: Sequence[Feature] | None = None,
    around: Surroundings = _ALONE,
) -> tuple[pl.DataFrame, dict[str, int]]:
    """What `compute` gives, and of every column that clips how many of its rows were clipped."""
    chosen = _chosen(features)
    _require(bars, chosen)
    grid = make_grid(bars, window=window, interval=interval, features=chosen, around=around)
    wanted = bars.filter(pl.col("open_time").is_between(window.start, window.end, closed="left"))
    rows = _rows(grid.opens, wanted)
    values = pl.DataFrame({feature.name: _values(feature, grid, rows) for feature in chosen})
    times = wanted.select("open_time", known_at=pl.col("open_time").dt.offset_by(interval.name))
    return pl.concat([times, values.fill_nan(None)], how="horizontal"), _clipped(chosen, grid, rows)


def make_grid(
    bars: pl.DataFrame, *, window: Window, interval: Interval, features: Sequence[Feature], around: Surroundings
) -> Grid:
    """The bars, and what surrounds them, on the explicit grid from the window's warm-up to its end."""
    reach = warm_up_window(window, interval, features)
    opens = grid_opens(reach, interval)
    names = {name for feature in features for name in feature.inputs}
    reference = bars if around.is_reference else around.reference
    of_reference = placed(reference, opens, {name.partition("@")[0] for name in names if "@reference" in name})
    settled = settlement_window(window, features)
    bounds = microseconds(settled.start), microseconds(settled.end)
    own_funding = Settlements.of(around.funding, *bounds)
    return Grid(
        opens,
        grid_number(interval.ceil(reach.start), interval),
        {
            **placed(bars, opens, {name for name in names if "@" not in name} - SETTLEMENTS),
            **{f"{name}@reference": values for name, values in of_reference.items()},
        },
        bars_per_year=bars_per_year(interval),
        symbol=around.symbol,
        is_reference=around.is_reference,
        universe=around.universe.over(opens) if around.universe else None,
        funding=own_funding,
        reference_funding=own_funding if around.is_reference else Settlements.of(around.reference_funding, *bounds),
    )


def _chosen(features: Sequence[Feature] | None) -> Sequence[Feature]:
    return all_features() if features is None else features


def _require(bars: pl.DataFrame, features: Sequence[Feature]) -> None:
    wanted = {name for feature in features for name in feature.inputs if "@" not in name} - _OPTIONAL - SETTLEMENTS
    if missing := sorted(wanted.difference(bars.columns)):
        raise ValueError(f"features need columns that the bars do not have: {', '.join(missing)}")
    if bars.schema.get("open_time") != _TIME:
        raise ValueError(f"open_time has to be {_TIME}, and is {bars.schema.get('open_time')}")
    if not (bars["open_time"].diff().drop_nulls() > timedelta()).all():
        raise ValueError("bars have to be ascending by open_time, without duplicates")


def placed(bars: pl.DataFrame | None, opens: IntArray, columns: Collection[str]) -> dict[str, FloatArray]:
    """Columns of the bars, one value per open of the grid; NaN where there is none."""
    on_grid = {name: np.full(opens.size, np.nan) for name in columns}
    if bars is None or not opens.size:
        return on_grid
    rows = _rows(opens, bars)
    placed = rows >= 0
    for column in bars.select(pl.col(on_grid.keys() & bars.columns).cast(pl.Float64)):
        on_grid[column.name][rows[placed]] = column.to_numpy()[placed]
    return on_grid


def _rows(opens: IntArray, bars: pl.DataFrame) -> IntArray:
    """The grid row of every bar; -1 where it opens off the grid."""
    times = bars["open_time"].to_physical().to_numpy()
    rows = np.searchsorted(opens, times, side="right") - 1
    return np.where((rows >= 0) & (opens[rows] == times), rows, -1)


def _values(feature: Feature, grid: Grid, rows: IntArray) -> FloatArray:
    with np.errstate(all="ignore"):  # what is undefined is NaN or infinite in a kernel, and null in the table
        values = feature.values(grid)
    chosen = values[rows]
    return np.where((rows >= 0) & np.isfinite(chosen), chosen, np.nan)


def _clipped(features: Sequence[Feature], grid: Grid, rows: IntArray) -> dict[str, int]:
    return {
        feature.name: int(feature.clipped(grid, **dict(feature.parameters))[rows[rows >= 0]].sum())
        for feature in features
        if feature.clipped
    }
