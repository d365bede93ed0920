"""Mean Reversion beside TA-Lib and scipy on real minutes, on random walks, and at the edges."""

import json
import math
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
import talib
from scipy import stats

from bcdata.features.families.mean_reversion import FAMILY
from bcdata.features.proofs.bars import FLOWS, ONE_MINUTE, PRICES, complete, whole_window
from bcdata.features.table.compute import compute
from bcdata.interval import Interval
from bcdata_tests.features.real_bars import january

Array = npt.NDArray[np.float64]
FEATURES = list(FAMILY.features.values())


def table(bars: pl.DataFrame, interval: Interval = ONE_MINUTE) -> pl.DataFrame:
    return compute(bars, window=whole_window(bars), interval=interval, features=FEATURES)


def assert_close(actual: pl.Series, expected: Array, tolerance: float = 1e-9) -> None:
    """The last values agree; those before are not looked at."""
    found = actual[-expected.size :].to_numpy()
    assert (np.abs(found - expected) <= tolerance * (np.abs(expected) + np.std(expected))).all()


def windows(values: Array, n: int) -> Array:
    return np.lib.stride_tricks.sliding_window_view(values, n)


@pytest.fixture(scope="module")
def bars(shared_data: Path) -> pl.DataFrame:
    return january(shared_data)[:5760]


@pytest.fixture(scope="module")
def found(bars: pl.DataFrame) -> pl.DataFrame:
    return table(bars)


def test_real_oscillators_agree_with_talib(bars: pl.DataFrame, found: pl.DataFrame) -> None:
    high, low, close = (bars[name].to_numpy() for name in ("high", "low", "close"))
    upper, middle, _ = talib.BBANDS(close - close[0], 20, 1.0, 1.0)  # its squares lose digits to a level
    assert_close(found["bb_z_20"], ((close - close[0] - middle) / (upper - middle))[19:], 1e-8)
    stochastic = talib.STOCH(high, low, close, fastk_period=14, slowk_period=3, slowd_period=1)
    assert_close(found["stoch_k_14_3"], stochastic[0][15:])
    assert_close(found["cci_20"], talib.CCI(high, low, close, 20)[19:])


def test_real_strength_agrees_with_talib_once_the_seeds_are_forgotten(bars: pl.DataFrame, found: pl.DataFrame) -> None:
    """At midnight the seeds still weigh (13 / 14)^300 = 2e-10."""
    expected = talib.RSI(bars["close"].to_numpy(), 14)
    assert_close(found["rsi_14"], expected[1440:], 1e-8)
    two_hours_later = np.arange(1440, 5760) % 1440 >= 120
    assert_close(found["rsi_14"][1440:].filter(two_hours_later), expected[1440:][two_hours_later])


def test_variance_ratio_is_arch_s() -> None:
    """arch brings pandas, which pandera would then import in every run: its answers are kept in a file."""
    of_arch = json.loads((Path(__file__).parent / "oracles" / "variance_ratio_of_arch.json").read_text())
    assert len(of_arch["cases"]) == 4
    for case in of_arch["cases"]:
        bars = complete(1).head(241).with_columns(close=pl.Series(case["close"]))
        found = table(bars)["variance_ratio_5_240"]
        assert found[-1] == pytest.approx(case["variance_ratio"], rel=1e-9)


def test_real_prices_paid_and_returns_agree_with_numpy_and_scipy(bars: pl.DataFrame, found: pl.DataFrame) -> None:
    close, volume, quote = (bars[name].to_numpy() for name in ("close", "volume", "quote_volume"))
    vwap = windows(quote, 240).sum(axis=1) / windows(volume, 240).sum(axis=1)
    assert_close(found["vwap_dev_240"], close[239:] / vwap - 1)
    returns = np.diff(np.log(close))
    pairs = windows(returns[1:], 240), windows(returns[:-1], 240)
    assert_close(found["autocorr1_240"], stats.pearsonr(*pairs, axis=1).statistic)
    level = windows(np.log(close / close[0]), 241)
    pull = stats.linregress(level[:, :-1], np.diff(level, axis=1), axis=1).slope
    expected = np.where((pull < 0) & (pull > -1), -math.log(2) / np.log1p(np.clip(pull, -0.99, -1e-8)), np.nan)
    assert np.array_equal(found["ou_halflife_240"][240:].is_null(), np.isnan(expected))
    np.testing.assert_allclose(found["ou_halflife_240"][240:].to_numpy(), expected, rtol=1e-9, atol=1e-7)


def test_real_scaling_agrees_with_lo_mackinlay_and_a_fit_of_deviations(bars: pl.DataFrame, found: pl.DataFrame) -> None:
    level = np.log(bars["close"].to_numpy())
    for row in (240, 1471, 3333, 5759):
        path = level[row - 240 : row + 1]
        mean = (path[-1] - path[0]) / 240
        single = np.sum((np.diff(path) - mean) ** 2) / 239
        overlapping = np.sum((path[5:] - path[:-5] - 5 * mean) ** 2) / (5 * 236 * (1 - 5 / 240))
        assert found["variance_ratio_5_240"][row] == pytest.approx(overlapping / single, rel=1e-9)
    for row in (1471, 3333, 5759):
        moves = [level[row - 1439 : row + 1] - level[row - 1439 - k : row + 1 - k] for k in range(1, 33)]
        fit = np.polyfit(np.log(range(1, 33)), np.log([move.std() for move in moves]), 1)
        assert found["hurst_1440"][row] == pytest.approx(fit[0], rel=1e-9)


def test_a_random_walk_reads_what_is_documented() -> None:
    found = table(complete(60, seed=1))
    apart = found[1471::240]
    assert apart["autocorr1_240"].mean() == pytest.approx(-1 / 240, abs=0.01)
    assert apart["ou_halflife_240"].fill_null(math.inf).median() == pytest.approx(38, abs=4)
    assert apart["ou_halflife_240"].null_count() / apart.height == pytest.approx(0.043, abs=0.025)
    assert apart["variance_ratio_5_240"].mean() == pytest.approx(1.0, abs=0.03)
    assert apart["variance_ratio_5_240"].std() == pytest.approx(0.14, abs=0.02)
    assert found["hurst_1440"][1471::1440].mean() == pytest.approx(0.494, abs=0.02)


def test_prices_that_return_and_prices_that_trend_are_told_apart() -> None:
    noise = np.random.default_rng(0).normal(0, 1e-3, 4320)
    pulled, carried = np.zeros(4320), np.zeros(4320)
    for t in range(1, 4320):
        pulled[t] = 0.9 * pulled[t - 1] + noise[t]  # half of it is gone after ln 2 / -ln 0.9 = 6.6 bars
        carried[t] = 0.5 * carried[t - 1] + noise[t]
    there_and_back, onward = (
        table(complete(3).with_columns(**{name: pl.Series(100 * np.exp(path)) for name in PRICES}))[1471:]
        for path in (pulled, np.cumsum(carried))
    )
    assert there_and_back["ou_halflife_240"].median() == pytest.approx(6.6, abs=1.0)
    assert there_and_back["hurst_1440"].median() < 0.3  # type: ignore[operator]
    assert there_and_back["variance_ratio_5_240"].median() < 0.9  # type: ignore[operator]
    assert onward["autocorr1_240"].median() == pytest.approx(0.5, abs=0.1)
    assert onward["variance_ratio_5_240"].median() > 1.5  # type: ignore[operator]
    assert onward["hurst_1440"].median() > 0.55  # type: ignore[operator]


@pytest.mark.parametrize("name", ["1h", "1d"])
def test_coarser_bars_have_windows_of_bars_and_agree_with_talib(name: str) -> None:
    interval = Interval.parse(name)
    assert interval.length is not None
    bars = complete(1500 * interval.length // timedelta(days=1), interval=name)
    high, low, close = (bars[column].to_numpy() for column in ("high", "low", "close"))
    last = table(bars, interval).row(-1, named=True)
    assert last["rsi_14"] == pytest.approx(talib.RSI(close, 14)[-1], rel=1e-9)
    assert last["cci_20"] == pytest.approx(talib.CCI(high, low, close, 20)[-1], rel=1e-9)
    assert last["hurst_1440"] is not None


def test_flat_prices_have_no_deviation_to_measure_by() -> None:
    flat = complete(3).with_columns(pl.lit(100.1).alias(name) for name in PRICES)
    last = table(flat.with_columns(quote_volume=pl.col("volume") * 100.1)).drop("open_time", "known_at").row(-1)
    values = dict(zip(FAMILY.features, last, strict=True))
    assert values.pop("vwap_dev_240") == pytest.approx(0.0, abs=1e-14)
    assert set(values.values()) == {None}


def test_a_steady_climb_moves_without_deviating() -> None:
    climb = pl.Series(100 * 1.0001 ** np.arange(4320))
    last = table(complete(3).with_columns(**dict.fromkeys(PRICES, climb))).row(-1, named=True)
    assert last["rsi_14"] == last["stoch_k_14_3"] == 100.0
    assert [last[name] for name in ("autocorr1_240", "variance_ratio_5_240", "hurst_1440")] == [None] * 3


def test_a_lone_spike_of_a_third_stays_within_bounds_and_has_no_half_life() -> None:
    price = np.full(4320, 90.0)
    price[2000] = 120.0
    spiked = table(complete(3).with_columns(**{name: pl.Series(price) for name in PRICES}))
    assert spiked["bb_z_20"][2000] == pytest.approx(math.sqrt(19), rel=1e-12)
    assert spiked["cci_20"][2000] == pytest.approx(10 / 0.015, rel=1e-12)
    assert spiked["stoch_k_14_3"].drop_nulls().is_between(0, 100).all()
    assert spiked["rsi_14"].drop_nulls().is_between(0, 100).all()
    assert spiked["ou_halflife_240"][2240] is None  # all that is left in the window is the way back: b = -1


def test_without_trades_there_is_no_price_paid() -> None:
    found = table(complete(2).with_columns(pl.lit(0.0).alias(name) for name in FLOWS))
    assert found["vwap_dev_240"].count() == 0
    assert found["bb_z_20"].count() == 2861


def test_a_short_history_has_only_what_needs_little() -> None:
    hundred = table(complete(1)[:100]).drop("open_time", "known_at")
    assert [name for name in hundred.columns if hundred[name].count()] == ["bb_z_20", "stoch_k_14_3", "cci_20"]
    one = table(complete(1)[:1]).drop("open_time", "known_at")
    assert one.row(0) == (None,) * len(FEATURES)


def test_columns_that_are_not_known_give_nothing() -> None:
    found = table(complete(2).with_columns(close=pl.lit(None, dtype=pl.Float64)))
    assert all(found[name].count() == 0 for name in FAMILY.features)
    found = table(complete(2).with_columns(volume=pl.lit(None, dtype=pl.Float64)))
    assert [name for name in FAMILY.features if not found[name].count()] == ["vwap_dev_240"]


def test_a_close_of_zero_has_no_half_life_and_stops_nobody() -> None:
    bars = complete(2)
    close = bars["close"].to_numpy().copy()
    close[479] = 0.0
    found = table(bars.with_columns(close=pl.Series(close)))["ou_halflife_240"]
    assert found[480 + 480 :].null_count() < found[480 + 480 :].len()


def test_a_bar_without_a_high_has_no_place_in_the_channel() -> None:
    bars = complete(2)
    close, high = bars["close"].to_list(), bars["high"].to_list()
    close[700], high[700] = close[700] * 1.2, None
    found = table(bars.with_columns(close=pl.Series(close), high=pl.Series(high)))["stoch_k_14_3"]
    assert found[700] is None
    assert found.max() <= 100.0  # type: ignore[operator]
