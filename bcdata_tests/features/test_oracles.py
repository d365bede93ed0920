"""The features say what their definitions say, computed by brute force, bar by bar."""

from datetime import UTC, datetime, timedelta
from typing import cast

import numpy as np
import polars as pl
import pytest

from bcdata.features.compute import compute
from bcdata.features.registry import all_features
from bcdata.intervals import Interval
from bcdata.windows import Window
from bcdata_tests.features.generators import ONE_MINUTE, complete, hostile, whole_window
from bcdata_tests.features.oracles import ORACLES, History


def test_every_feature_has_an_oracle() -> None:
    assert set(ORACLES) == {feature.name for feature in all_features()}


def assert_agrees(bars: pl.DataFrame, table: pl.DataFrame, step: int, rows: list[int]) -> None:
    history = History.of(bars, step)
    spread = {name: cast("float | None", table[name].std()) or 0.0 for name in ORACLES}
    for row in rows:
        values = table.row(row, named=True)
        opened = int(table["open_time"].to_physical()[row])
        for name, oracle in ORACLES.items():
            expected, actual = oracle(history, opened), values[name]
            where = f"{name} at {values['open_time']}: {actual}, expected {expected}"
            assert (actual is None) == (expected is None), where
            if expected is not None:
                assert abs(actual - expected) <= 1e-9 * (abs(expected) + spread[name]) + 1e-15, where


def around_holes(bars: pl.DataFrame, rng: np.random.Generator) -> list[int]:
    """Rows at random, and at every distance that matters after the holes."""
    gaps = (bars["open_time"].diff() > timedelta(minutes=1)).arg_true().to_numpy()
    after = [gap + distance for gap in rng.choice(gaps, 4) for distance in (0, 1, 59, 60, 61, 215, 216, 239, 240)]
    rows = np.concatenate([rng.integers(0, bars.height, 120), after, [0, bars.height - 1]])
    return sorted({int(row) for row in rows if row < bars.height})


@pytest.mark.parametrize("seed", range(3))
def test_agrees_on_hostile_minutes(seed: int) -> None:
    bars = hostile(seed=seed)
    table = compute(bars, window=whole_window(bars), interval=ONE_MINUTE)
    rows = around_holes(bars, np.random.default_rng(seed))
    assert_agrees(bars, table, 60_000_000, rows)
    sampled = table[rows]
    assert all(sampled[name].null_count() < len(rows) for name in ORACLES)


@pytest.mark.parametrize("name", ["1h", "1d", "1w"])
def test_coarser_bars_count_in_bars(name: str) -> None:
    interval = Interval.parse(name)
    start = interval.ceil(datetime(2000, 1, 1, tzinfo=UTC))
    assert interval.length is not None
    days = 1500 * interval.length // timedelta(days=1)
    bars = complete(days, start=start, interval=name)
    bars = bars.filter(pl.int_range(pl.len()) % 97 != 50)
    table = compute(bars, window=Window(start, start + timedelta(days=days)), interval=interval)
    assert table["log_ret_1440"].count() > 0
    assert_agrees(bars, table, interval.length // timedelta(microseconds=1), list(range(0, table.height, 41)))


def test_prices_that_are_not_positive_have_no_logarithm_but_keep_their_shape() -> None:
    bars = complete(1).with_columns(pl.col("open", "high", "low", "close") - 20_000)
    table = compute(bars, window=whole_window(bars), interval=ONE_MINUTE)
    negative = (bars["close"] <= 0).to_numpy()
    assert 0 < negative.sum() < bars.height
    assert table.filter(negative)["log_ret_1"].null_count() == negative.sum()
    assert table["body"].null_count() == 0
    assert_agrees(bars, table, 60_000_000, list(range(0, table.height, 31)))


def test_a_steady_climb_has_no_deviation_to_divide_by() -> None:
    bars = complete(1)
    climb = pl.Series(100 * 1.0001 ** np.arange(bars.height))
    bars = bars.with_columns(climb.alias(name) for name in ("open", "high", "low", "close"))
    table = compute(bars, window=whole_window(bars), interval=ONE_MINUTE)
    assert table["ret_vol_z"].count() == 0
    assert table["log_ret_60"].count() == bars.height - 60
