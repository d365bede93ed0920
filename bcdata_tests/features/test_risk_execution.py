"""Risk & Execution beside scipy, TA-Lib and numpy on real minutes, and at the edges."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
import talib
from scipy import stats

from bcdata.features.families.risk_execution import FAMILY
from bcdata.features.kernels.drawdown import deepest
from bcdata.features.proofs.bars import ONE_MINUTE, START, complete, whole_window
from bcdata.features.table.compute import compute
from bcdata.interval import Interval
from bcdata_tests.features.real_bars import january

Array = npt.NDArray[np.float64]
FEATURES = list(FAMILY.features.values())


def table(bars: pl.DataFrame, interval: Interval = ONE_MINUTE) -> pl.DataFrame:
    return compute(bars, window=whole_window(bars), interval=interval, features=FEATURES)


def assert_close(actual: pl.Series, expected: Array) -> None:
    """The last values agree; those before are not looked at."""
    found = actual[-expected.size :].to_numpy()
    assert (np.abs(found - expected) <= 1e-9 * (np.abs(expected) + np.std(expected))).all()


def windows(values: Array, n: int) -> Array:
    return np.lib.stride_tricks.sliding_window_view(values, n)


@pytest.fixture(scope="module")
def bars(shared_data: Path) -> pl.DataFrame:
    return january(shared_data)[:5760]


@pytest.fixture(scope="module")
def found(bars: pl.DataFrame) -> pl.DataFrame:
    return table(bars)


def test_real_losses_agree_with_talib_and_numpy(bars: pl.DataFrame, found: pl.DataFrame) -> None:
    close = bars["close"].to_numpy()
    assert_close(found["drawdown_1440"], (close / talib.MAX(close, 1440) - 1)[1439:])
    last = windows(close, 1440)
    assert_close(found["max_dd_1440"], (last / np.maximum.accumulate(last, axis=1)).min(axis=1) - 1)
    returns = windows(np.diff(np.log(close)), 1440)
    assert_close(found["var5_1440"], np.quantile(returns, 0.05, axis=1, method="inverted_cdf"))
    assert_close(found["cvar5_1440"], np.partition(returns, 72, axis=1)[:, :72].mean(axis=1))
    assert_close(found["tstat_1440"], stats.ttest_1samp(returns, 0.0, axis=1).statistic)
    assert (found["cvar5_1440"] <= found["var5_1440"]).all()
    assert (found["max_dd_1440"] <= found["drawdown_1440"]).all()


def test_real_sizes_and_costs_agree_with_talib_and_numpy(bars: pl.DataFrame, found: pl.DataFrame) -> None:
    high, low, close, quote = (bars[name].to_numpy() for name in ("high", "low", "close", "quote_volume"))
    assert_close(found["atr_units"], (100 / (2 * talib.ATR(high, low, close, 14)))[1440:])
    squares = np.diff(np.log(close)) ** 2
    volatility = np.sqrt(windows(squares, 60).mean(axis=1) * 525_600)
    assert_close(found["vol_target_w"], np.minimum(2.0, 0.4 / volatility))
    daily = np.sqrt(windows(squares, 1440).sum(axis=1)), windows(quote[1:], 1440).sum(axis=1)
    assert_close(found["impact_bp"], 1e4 * daily[0] * np.sqrt(100_000 / daily[1]))


@pytest.mark.parametrize("name", ["1h", "1d"])
def test_coarser_bars_have_the_volatility_of_a_year_and_the_volume_of_a_day(name: str) -> None:
    interval = Interval.parse(name)
    assert interval.length is not None
    per_day = timedelta(days=1) / interval.length
    bars = complete(1500 * interval.length // timedelta(days=1), interval=name)
    last = table(bars, interval).row(-1, named=True)
    returns = np.diff(np.log(bars["close"].to_numpy()))
    yearly = np.sqrt((returns[-60:] ** 2).mean() * per_day * 365)
    daily = np.sqrt((returns[-1440:] ** 2).mean() * per_day), bars["quote_volume"][-1440:].to_numpy().mean() * per_day
    assert last["vol_target_w"] == pytest.approx(min(2.0, 0.4 / yearly), rel=1e-12)
    assert last["impact_bp"] == pytest.approx(1e4 * daily[0] * np.sqrt(1e5 / daily[1]), rel=1e-12)


def test_the_deepest_fall_has_the_bits_of_brute_force_holes_included() -> None:
    rng = np.random.default_rng(0)
    values = np.exp(np.cumsum(rng.normal(0, 0.05, 600)))
    values[rng.random(600) < 0.04] = np.nan
    for n, first in ((1, 5), (2, 0), (7, 3), (30, 11)):
        found = deepest(values, n, first, n // 10)
        for row in range(600):
            window = values[max(0, row - n + 1) : row + 1]
            there = window[np.isfinite(window)]
            if row < n - 1 or not np.isfinite(window[0]) or n - there.size > n // 10:
                assert np.isnan(found[row])
            else:
                assert found[row] == (there / np.maximum.accumulate(there)).min()


def test_flat_prices_lose_nothing_and_size_nothing() -> None:
    flat = complete(3).with_columns(pl.lit(100.0).alias(name) for name in ("open", "high", "low", "close"))
    last = table(flat).drop("open_time", "known_at").row(-1, named=True)
    zero = ("drawdown_1440", "max_dd_1440", "var5_1440", "cvar5_1440", "half_spread_bp", "impact_bp")
    undefined = ("tstat_1440", "atr_units", "vol_target_w")
    assert last == {**dict.fromkeys(zero, 0.0), **dict.fromkeys(undefined)}


def test_a_crash_of_a_third_is_the_deepest_fall_until_it_leaves_the_window() -> None:
    price = np.full(4320, 90.0)
    price[[1500, 1501]] = 120.0, 80.0
    prices = {name: pl.Series(price) for name in ("open", "high", "low", "close")}
    deepest_fall = table(complete(3).with_columns(**prices))["max_dd_1440"]
    assert deepest_fall[1501:2940].to_list() == [80 / 120 - 1] * 1439
    assert deepest_fall[2940:].to_list() == [0.0] * 1380  # without the top only the rise from 80 to 90 is left


def test_without_trades_an_order_has_no_known_impact() -> None:
    found = table(complete(2).with_columns(quote_volume=pl.lit(0.0)))
    assert found["impact_bp"].count() == 0
    assert found["var5_1440"].count() == 1440


def test_an_order_four_times_as_large_moves_the_price_twice_as_far() -> None:
    impact = FAMILY.features["impact_bp"]
    larger = impact.with_parameters({"size": 400_000.0})
    bars = complete(2)
    one, four = (
        compute(bars, window=whole_window(bars), interval=ONE_MINUTE, features=[feature])["impact_bp"].drop_nulls()
        for feature in (impact, larger)
    )
    np.testing.assert_allclose(four, 2 * one, rtol=1e-14)


@pytest.mark.parametrize("name", ["var5_1440", "cvar5_1440"])
def test_a_tail_is_at_most_a_half(name: str) -> None:
    bars, feature = complete(2), FAMILY.features[name]
    with pytest.raises(ValueError, match=r"to 0\.5, and is 0\.6"):
        feature.with_parameters({"tail": 0.6})
    half = feature.with_parameters({"n": 60, "tail": 0.5})
    column = compute(bars, window=whole_window(bars), interval=ONE_MINUTE, features=[half])[name]
    lower = np.sort(np.diff(np.log(bars["close"][-61:].to_numpy())))[:30]
    assert column[-1] == pytest.approx(lower[-1] if name == "var5_1440" else lower.mean(), rel=1e-9)


def test_a_short_history_has_only_what_needs_little() -> None:
    hour = table(complete(1, start=START)[:100]).drop("open_time", "known_at")
    assert [name for name in hour.columns if hour[name].count()] == ["vol_target_w", "half_spread_bp"]
    one = table(complete(1)[:1]).drop("open_time", "known_at")
    assert one.row(0) == (None,) * len(FEATURES)


def test_prices_that_are_not_known_or_not_positive_are_no_losses() -> None:
    unknown = table(complete(2).with_columns(close=pl.lit(None, dtype=pl.Float64)))
    assert [name for name in FAMILY.features if unknown[name].count()] == ["half_spread_bp"]
    negative = table(complete(2).with_columns(-pl.col("open", "high", "low", "close")))
    assert negative["drawdown_1440"].count() == negative["max_dd_1440"].count() == 0
