"""What has to hold for every feature, as functions that raise AssertionError where it does not.

They take any `Feature`, so that the same proofs run over all registered ones and over planted mutants.
Equal means: the same bits.
"""

from datetime import timedelta

import numpy as np
import polars as pl

from bcdata.features.compute import compute, warm_up_window
from bcdata.features.registry import Feature
from bcdata.windows import Window
from bcdata_tests.features.generators import (
    FLOWS,
    MINUTE,
    ONE_MINUTE,
    PRICES,
    at,
    complete,
    hostile,
    whole_window,
)

DAY = timedelta(days=1)


def values(feature: Feature, bars: pl.DataFrame, window: Window) -> pl.Series:
    return compute(bars, window=window, interval=ONE_MINUTE, features=[feature])[feature.name]


def assert_same_bits(actual: pl.Series, expected: pl.Series) -> None:
    a, b = (series.to_numpy().view(np.int64) for series in (actual, expected))
    assert a.size == b.size, f"{a.size} rows, expected {b.size}"
    assert (a == b).all(), f"{(a != b).sum()} of {a.size} rows differ, the first at {(a != b).argmax()}"


def future_cut(feature: Feature, bars: pl.DataFrame, row: int) -> None:
    """Without the bars from `row` on, those before keep their values."""
    window = whole_window(bars)
    assert_same_bits(values(feature, bars[:row], window), values(feature, bars, window)[:row])
    shorter = window.until(bars["open_time"][row])
    assert_same_bits(values(feature, bars, shorter), values(feature, bars, window)[:row])


def future_changed(feature: Feature, bars: pl.DataFrame, row: int) -> None:
    """Whatever happens from `row` on, those before keep their values."""
    rng = np.random.default_rng(row)
    later = bars[row:].with_columns(
        pl.col(name) * pl.Series(rng.uniform(0.5, 2, bars.height - row)) for name in (*PRICES, *FLOWS)
    )
    window = whole_window(bars)
    changed = values(feature, pl.concat([bars[:row], later]), window)
    assert_same_bits(changed[:row], values(feature, bars, window)[:row])


def partition_alone(feature: Feature, bars: pl.DataFrame, window: Window) -> None:
    """A partition computed from its own bars and warm-up has the values of the whole history."""
    whole = whole_window(bars)
    first, end = at(bars, window.start), at(bars, window.end)
    expected = values(feature, bars, whole)[first:end]
    reach = warm_up_window(window, ONE_MINUTE, [feature])
    own = bars[at(bars, reach.start) : end]
    assert_same_bits(values(feature, own, window), expected)
    earlier = Window(window.start - DAY, window.end)
    assert_same_bits(values(feature, bars, earlier)[-expected.len() :], expected)


def warm_up_tight(feature: Feature, bars: pl.DataFrame) -> None:
    """At midnight the declared warm-up gives the value; one bar less, or its oldest missing, gives none."""
    midnight = bars["open_time"][0] + 2 * DAY
    row, window = at(bars, midnight), Window(midnight, midnight + MINUTE)
    expected = values(feature, bars, window)
    assert expected.null_count() == 0, "no value with all the history there is"
    enough = bars[row - feature.warm_up : row + 1]
    assert_same_bits(values(feature, enough, window), expected)
    if feature.warm_up:
        assert values(feature, enough[1:], window).null_count() == 1, "a value with less than the warm-up"
        oldest_missing = pl.concat([bars[: row - feature.warm_up], enough[1:]])
        assert values(feature, oldest_missing, window).null_count() == 1, "rows were taken for time"


def defined(feature: Feature, bars: pl.DataFrame) -> None:
    """On complete data there is no null after the warm-up, and the values are many."""
    column = values(feature, bars, whole_window(bars))
    assert column[: feature.warm_up].null_count() == feature.warm_up, "values before the warm-up"
    assert column[feature.warm_up :].null_count() == 0, "nulls after the warm-up"
    assert column.n_unique() > 1000, f"only {column.n_unique()} values"


def scaled(feature: Feature, bars: pl.DataFrame) -> None:
    """Prices, and volumes, times a power of two scale the value by the declared degrees."""
    window = whole_window(bars)
    plain = values(feature, bars, window).to_numpy()
    for names, degree in ((PRICES, feature.price_degree), (FLOWS, feature.volume_degree)):
        for power in (-3, 5):
            other = values(feature, bars.with_columns(pl.col(names) * 2.0**power), window).to_numpy()
            expected = plain * 2.0 ** (power * degree)
            np.testing.assert_allclose(other, expected, rtol=feature.scale_tolerance, atol=0, equal_nan=True)


def bounded(feature: Feature, bars: pl.DataFrame) -> None:
    """No value is NaN or infinite, or leaves the declared range."""
    column = values(feature, bars, whole_window(bars)).drop_nulls()
    assert column.is_finite().all(), "values that are not finite"
    low, high = feature.range or (-np.inf, np.inf)
    assert column.is_between(low, high).all(), f"outside of {feature.range}: {column.min()!r} .. {column.max()!r}"


def prove(feature: Feature, *, seed: int = 0) -> None:
    """All proofs, on well-behaved and on hostile bars."""
    calm, wild = complete(seed=seed), hostile(seed=seed)
    rng = np.random.default_rng(seed)
    month_end = calm["open_time"][0] + 2 * DAY
    defined(feature, calm)
    warm_up_tight(feature, calm)
    for bars in (calm, wild):
        scaled(feature, bars)
        bounded(feature, bars)
        rows = sorted(int(row) for row in rng.integers(1, bars.height, 2))
        for row in rows:
            future_cut(feature, bars, row)
            future_changed(feature, bars, row)
        partition_alone(feature, bars, Window(month_end, month_end + 2 * DAY))
        partition_alone(feature, bars, Window(*bars["open_time"][rows]))
