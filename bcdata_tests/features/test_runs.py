"""Recursions that restart each day, against the obvious loop; and what is not sound."""

from datetime import timedelta

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from bcdata.features.proofs.bars import START
from bcdata.features.runs import Runs, ema, wilder
from bcdata.features.table.grid import DAY, FloatArray, Grid
from bcdata.interval import Interval
from bcdata.windows import Window

quickly = settings(max_examples=60, deadline=None, database=None)
HOUR = Interval.parse("1h")


def grid_of(values: FloatArray, start_hour: int = 0) -> Grid:
    start = START + timedelta(hours=start_hour)
    opens = HOUR.opens(Window(start, start + values.size * timedelta(hours=1)))
    return Grid(opens, HOUR.number(start), {"close": values})


def by_hand(grid: Grid, alpha: float, length: int) -> FloatArray:
    """From `length` bars before each bar's day on, one bar after the other."""
    close, out = grid["close"], np.full(grid.opens.size, np.nan)
    for row, opened in enumerate(grid.opens):
        day = int(np.searchsorted(grid.opens, opened - opened % DAY))
        seed = day - length
        known = grid.opens[0] <= opened - opened % DAY and seed >= 0 and np.isfinite(close[[seed, row]]).all()
        last = close[max(row - length + 1, 0) : row + 1]
        if not known or np.isnan(last).sum() > length // 10:
            continue
        state = close[seed]
        for value in close[seed + 1 : row + 1]:
            state = state if np.isnan(value) else state + alpha * (value - state)
        out[row] = state
    return out


@quickly
@given(
    seed=st.integers(0, 1000),
    hours=st.integers(1, 150),
    length=st.integers(1, 60),
    alpha=st.floats(0.01, 1),
    start=st.integers(0, 30),
    holes=st.floats(0, 0.2),
)
def test_an_exponential_mean_is_the_loop(
    *, seed: int, hours: int, length: int, alpha: float, start: int, holes: float
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(100, 1, hours)
    values[rng.random(hours) < holes] = np.nan
    grid = grid_of(values, start)
    np.testing.assert_array_equal(ema(values, alpha, length=length, grid=grid), by_hand(grid, alpha, length))


@quickly
@given(seed=st.integers(0, 1000), length=st.integers(1, 60), cut=st.integers(0, 80))
def test_a_later_beginning_of_the_grid_changes_no_bit(seed: int, length: int, cut: int) -> None:
    values = np.random.default_rng(seed).normal(100, 1, 200)
    whole = wilder(values, 14, length=length, grid=grid_of(values))
    part = wilder(values[cut:], 14, length=length, grid=grid_of(values[cut:], cut))
    first = -(-(cut + length) // 24) * 24  # the first day that has its seed
    np.testing.assert_array_equal(part[first - cut :], whole[first:])
    assert np.isnan(part[: max(first - cut, 0)]).all()
    assert np.isfinite(part[first - cut :]).all()


def test_coupled_recursions_stay_in_their_run() -> None:
    values = np.random.default_rng(0).normal(100, 1, 24 * 30)
    grid = grid_of(values)
    runs = grid.runs(400, "close")
    close = runs.unroll(grid["close"])
    line = runs.ema(close, 2 / 13) - runs.ema(close, 2 / 27)
    histogram = runs.roll(line - runs.ema(line, 2 / 10))
    assert grid.runs(400, "close") is runs
    assert np.isnan(runs.lag(close)[runs.borders[:-1]]).all()
    expected = talib.MACD(values, 12, 26, 9)[2]
    assert np.isnan(histogram[:408]).all()
    np.testing.assert_allclose(histogram[408:], expected[408:], atol=1e-9)


def test_bars_of_a_day_or_more_have_a_run_each() -> None:
    week = Interval.parse("1w")
    start = week.ceil(START)
    opens = week.opens(Window(start, start + 60 * timedelta(weeks=1)))
    days = Grid(opens, week.number(start), {}).days
    values = np.random.default_rng(0).normal(100, 1, 60)
    runs = Runs.of(days, np.isfinite(values), 10)
    result = runs.roll(runs.ema(runs.unroll(values), 0.5))
    assert np.isnan(result[:10]).all()
    for row in range(10, 60):
        state = values[row - 10]
        for value in values[row - 9 : row + 1]:
            state += 0.5 * (value - state)
        assert result[row] == state


@pytest.mark.parametrize("missing", [4, 5])
def test_more_than_a_tenth_of_the_last_bars_missing_is_null(missing: int) -> None:
    values = np.full(24 * 8, 100.0)
    values[150 : 150 + missing] = np.nan
    result = ema(values, 0.1, length=40, grid=grid_of(values))
    after = result[150 + missing : 160 + missing]
    assert np.isfinite(after).all() == (missing == 4)
    assert np.isnan(result[150 : 150 + missing]).all()


def test_a_missing_seed_costs_its_day_and_no_other() -> None:
    values = np.full(24 * 8, 100.0)
    values[24 * 5 - 40] = np.nan
    missing = np.flatnonzero(np.isnan(ema(values, 0.1, length=40, grid=grid_of(values))))
    assert missing.tolist() == [*range(48), 24 * 5 - 40, *range(24 * 5, 24 * 6)]
