"""Bars onto the explicit grid, and values of the grid back to bars."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from bcdata.features.feature import SETTLEMENTS, Feature
from bcdata.features.table.context import FeatureContext, Settlements
from bcdata.features.table.grid import FloatArray, Grid, IntArray, microseconds
from bcdata.features.table.reach import settlement_window, warm_up_window
from bcdata.interval import Interval
from bcdata.windows import Window

if TYPE_CHECKING:
    import polars as pl

Rows = slice | IntArray
S = TypeVar("S", bound=np.generic)


def make_grid(
    bars: "pl.DataFrame", *, window: Window, interval: Interval, features: Sequence[Feature], around: FeatureContext
) -> Grid:
    """The bars, and what surrounds them, on the explicit grid from the window's warm-up to its end."""
    reach, settled = warm_up_window(window, interval, features), settlement_window(window, features)
    opens = interval.opens(reach)
    names = {name for feature in features for name in feature.inputs}
    reference = bars if around.is_reference else around.reference
    of_reference = placed(reference, opens, {name.partition("@")[0] for name in names if "@reference" in name})
    bounds = microseconds(settled.start), microseconds(settled.end)
    own_funding = Settlements.of(around.funding, *bounds)
    return Grid(
        opens,
        interval.number(interval.ceil(reach.start)),
        {
            **placed(bars, opens, {name for name in names if "@" not in name} - SETTLEMENTS),
            **{f"{name}@reference": values for name, values in of_reference.items()},
        },
        interval=interval,
        bars_per_year=interval.bars_a_year(window.start.year),
        symbol=around.symbol,
        is_reference=around.is_reference,
        universe=around.universe.over(opens) if around.universe else None,
        funding=own_funding,
        reference_symbol=around.reference_symbol,
        reinvested=around.reinvested if interval.has_sessions else {},
        reference_funding=own_funding if around.is_reference else Settlements.of(around.reference_funding, *bounds),
    )


def placed(bars: "pl.DataFrame | None", opens: IntArray, columns: Collection[str]) -> dict[str, FloatArray]:
    """Columns of the bars, one value per open of the grid; NaN where there is none."""
    if bars is None or not opens.size:
        return {name: np.full(opens.size, np.nan) for name in columns}
    times = opened(bars)
    near = slice(*np.searchsorted(times, [opens[0], opens[-1] + 1]).tolist())
    found = rows(opens, times[near])
    return {
        name: _laid(bars[name][near].to_numpy(writable=True), found, opens.size)
        if name in bars.columns
        else np.full(opens.size, np.nan)
        for name in columns
    }


def _laid(values: npt.NDArray[np.generic], found: Rows, size: int) -> FloatArray:
    """Values at their rows, as float64 that nobody else writes into."""
    if values.size == size and isinstance(found, slice):
        return values.astype(np.float64, copy=False)
    on_grid = np.full(size, np.nan)
    if isinstance(found, slice):
        on_grid[found] = values
    else:
        on_grid[found[found >= 0]] = values[found >= 0]
    return on_grid


def opened(bars: "pl.DataFrame") -> IntArray:
    """The opens of the bars, µs since the epoch."""
    return bars["open_time"].to_numpy().view(np.int64)


def within(times: IntArray, window: Window) -> slice:
    """Where the times of the window stand among times that ascend."""
    first, last = np.searchsorted(times, [microseconds(window.start), microseconds(window.end)])
    return slice(int(first), int(last))


def rows(opens: IntArray, times: IntArray) -> Rows:
    """The grid row of every time, ascending: -1 where it is off the grid. A slice where none is, nor any missing."""
    if not times.size:
        return slice(0, 0)
    first = int(np.searchsorted(opens, times[0]))
    run = slice(first, first + times.size)
    if np.array_equal(opens[run], times):
        return run
    found = np.searchsorted(opens, times, side="right") - 1
    return np.where((found >= 0) & (opens[found] == times), found, -1)


def taken(values: npt.NDArray[S], wanted: Rows) -> npt.NDArray[S]:
    """The values of these rows; the value's own kind of nothing where there is no row: NaN, False."""
    if isinstance(wanted, slice):
        return values[wanted]
    found = values[wanted]
    found[wanted < 0] = False if values.dtype == np.bool_ else np.nan
    return found
