"""Bars in, feature table out. One partition computed alone has the bits of the whole history."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from bcdata.features.feature import SETTLEMENTS, Feature
from bcdata.features.table.context import FeatureContext
from bcdata.features.table.grid import Grid, plain
from bcdata.features.table.known import known_at
from bcdata.features.table.placing import Rows, make_grid, opened, rows, taken, within
from bcdata.features.table.reach import chosen, warm_up_window
from bcdata.features.table.splits import around_in_shares_of, in_shares_of, stretches
from bcdata.interval import Interval
from bcdata.windows import Window

_DAY = timedelta(days=1)
_TIME = pl.Datetime("us", "UTC")
_OPTIONAL = frozenset({"funding_rate"})  # markets without funding have no such column: null throughout
_ALONE = FeatureContext()
_PART = 31 * 1440
"""Bars that are worked on at once."""


def compute(
    bars: pl.DataFrame,
    *,
    window: Window,
    interval: Interval,
    features: Sequence[Feature] | None = None,
    around: FeatureContext = _ALONE,
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
        One row per bar of `bars` that opens in the window: `open_time`, `known_at` (UTC, see `known`),
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
    around: FeatureContext = _ALONE,
    known_for: Sequence[Feature] | None = None,
) -> tuple[pl.DataFrame, dict[str, int]]:
    """What `compute` gives, and of every column that clips how many of its rows were clipped.

    `known_at` is that of a table with the columns `known_for`; by default of those that are computed.
    """
    wanted = chosen(features)
    columns = wanted if known_for is None else known_for
    _require(bars, wanted)
    times = opened(bars)
    tables, clipped = [], Counter[str]()
    own = around.splits.get(around.symbol, ())
    for part in (one for whole in _parts(window, interval, wanted) for one in stretches(whole, around.splits)):
        near = in_shares_of(bars[within(times, warm_up_window(part, interval, wanted))], own, part.start)
        beside = around_in_shares_of(around, part.start)
        grid = make_grid(near, window=part, interval=interval, features=wanted, around=beside)
        inside = within(times, part)
        at = rows(grid.opens, times[inside])
        opens = bars["open_time"][inside]
        known = known_at(opens, bars[: inside.stop], interval=interval, features=columns, around=around)
        tables.append(_table([opens, known], wanted, grid, at))
        clipped.update(_clipped(wanted, grid, at))
    return pl.concat(tables), dict(clipped)


def _parts(window: Window, interval: Interval, features: Sequence[Feature]) -> Iterator[Window]:
    """The window in parts of a month of minutes, so that memory is bounded and caches hold what is worked on.

    A part computed alone has the bits of the whole: that is what allows it. It is no less than four times its warm-up,
    which would else be most of the work.
    """
    start = window.start
    if interval.has_sessions:  # what is scaled to a year counts the bars of the years before
        while (january := datetime(start.year + 1, 1, 1, tzinfo=UTC)) < window.end:
            yield Window(start, january)
            start = january
    elif interval.length is not None:
        warm_up = start - warm_up_window(window, interval, features).start
        step = max(_PART * interval.length, 4 * warm_up) // _DAY * _DAY + _DAY
        while start + step < window.end:
            yield Window(start, start + step)
            start += step
    yield Window(start, window.end)


def _require(bars: pl.DataFrame, features: Sequence[Feature]) -> None:
    wanted = {name for feature in features for name in feature.inputs if "@" not in name} - _OPTIONAL - SETTLEMENTS
    if missing := sorted(wanted.difference(bars.columns)):
        raise ValueError(f"features need columns that the bars do not have: {', '.join(missing)}")
    if bars.schema.get("open_time") != _TIME:
        raise ValueError(f"open_time has to be {_TIME}, and is {bars.schema.get('open_time')}")
    times = opened(bars)
    if bars["open_time"].null_count() or not (times[1:] > times[:-1]).all():
        raise ValueError("bars have to be ascending by open_time, without duplicates")


def _table(keys: Sequence[pl.Series], features: Sequence[Feature], grid: Grid, at: Rows) -> pl.DataFrame:
    """The keys of these rows and their features, null where they are not finite."""
    from bcdata.features.kernels.finite import all_finite

    with np.errstate(all="ignore"):  # what is undefined is NaN or infinite in a kernel, and null in the table
        columns = {feature.name: taken(feature.values(grid), at) for feature in features}
    table = pl.DataFrame([*keys, *(pl.Series(name, values) for name, values in columns.items())])
    flawed = [pl.col(name) for name, values in columns.items() if not all_finite(plain(values))]
    return table.with_columns(pl.when(one.is_finite()).then(one) for one in flawed) if flawed else table


def _clipped(features: Sequence[Feature], grid: Grid, at: Rows) -> dict[str, int]:
    return {
        feature.name: int(taken(feature.clipped(grid, **dict(feature.parameters)), at).sum())
        for feature in features
        if feature.clipped
    }
