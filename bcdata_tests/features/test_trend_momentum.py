"""Trend & Momentum beside TA-Lib and scipy on real minutes, and at the edges."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
import talib
from scipy import stats

from bcdata.features.families.trend_momentum import FAMILY
from bcdata.features.proofs.bars import ONE_MINUTE, PRICES, complete, whole_window
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


def test_real_trends_agree_with_talib_and_scipy(bars: pl.DataFrame, found: pl.DataFrame) -> None:
    high, low, close = (bars[name].to_numpy() for name in ("high", "low", "close"))
    assert_close(found["sma_ratio_60"], (close / talib.SMA(close, 60) - 1)[59:])
    assert_close(found["aroon_osc_25"], talib.AROONOSC(high, low, 25)[25:])
    moved = np.log(close / close[0])  # TA-Lib's running sums lose digits to a level
    assert_close(found["slope_60"], talib.LINEARREG_SLOPE(moved, 60)[59:])
    lines = stats.linregress(np.arange(60.0), windows(moved, 60), axis=1)
    assert_close(found["slope_60"], lines.slope)
    assert_close(found["r2_60"], lines.rvalue**2)


def test_real_moves_agree_with_numpy(bars: pl.DataFrame, found: pl.DataFrame) -> None:
    close = bars["close"].to_numpy()
    sigma = windows(np.diff(np.log(close)), 1440).std(axis=1, ddof=1)
    assert_close(found["tsmom_1440"], np.log(close[1441:] / close[1:-1440]) / (sigma[:-1] * np.sqrt(1440)))
    path = windows(np.abs(np.diff(close)), 60).sum(axis=1)
    assert_close(found["efficiency_60"], np.abs(close[60:] - close[:-60]) / path)


def test_real_recursions_agree_with_talib_once_the_seeds_are_forgotten(bars: pl.DataFrame, found: pl.DataFrame) -> None:
    """At midnight PPO's seeds still weigh (25 / 27)^270 = 1e-9, and those of DI (13 / 14)^300 = 2e-10."""
    high, low, close = (bars[name].to_numpy() for name in ("high", "low", "close"))
    ppo = talib.PPO(close, 12, 26, matype=talib.MA_Type.EMA)  # type: ignore[attr-defined]
    assert_close(found["ppo_12_26"], ppo[1440:], 1e-8)
    assert_close(found["macd_hist"], (talib.MACD(close, 12, 26, 9)[2] / close)[1440:])
    assert_close(found["adx_14"], talib.ADX(high, low, close, 14)[1440:])
    difference = talib.PLUS_DI(high, low, close, 14) - talib.MINUS_DI(high, low, close, 14)
    assert_close(found["di_diff_14"], difference[1440:], 1e-8)
    two_hours_later = np.arange(1440, 5760) % 1440 >= 120
    for name, expected in (("ppo_12_26", ppo), ("di_diff_14", difference)):
        assert_close(found[name][1440:].filter(two_hours_later), expected[1440:][two_hours_later])


@pytest.mark.parametrize("name", ["1h", "1d"])
def test_coarser_bars_have_windows_of_bars_and_agree_with_talib(name: str) -> None:
    interval = Interval.parse(name)
    assert interval.length is not None
    bars = complete(900 if name == "1d" else 60, interval=name)
    high, low, close = (bars[column].to_numpy() for column in ("high", "low", "close"))
    last = table(bars, interval).row(-1, named=True)
    assert last["aroon_osc_25"] == talib.AROONOSC(high, low, 25)[-1]
    assert last["macd_hist"] == pytest.approx(talib.MACD(close, 12, 26, 9)[2][-1] / close[-1], rel=1e-9)
    assert last["adx_14"] == pytest.approx(talib.ADX(high, low, close, 14)[-1], rel=1e-9)


def test_flat_prices_are_on_their_mean_and_have_no_direction() -> None:
    flat = complete(3).with_columns(pl.lit(100.1).alias(name) for name in PRICES)
    last = table(flat).drop("open_time", "known_at").row(-1, named=True)
    zero = ("sma_ratio_60", "ppo_12_26", "macd_hist", "aroon_osc_25", "slope_60")
    undefined = ("adx_14", "di_diff_14", "r2_60", "tsmom_1440", "efficiency_60")
    assert last == {**dict.fromkeys(zero, 0.0), **dict.fromkeys(undefined)}


def test_a_straight_climb_is_all_trend() -> None:
    price = 100.0 + np.arange(4320)
    prices = {name: pl.Series(price) for name in PRICES}
    last = table(complete(3).with_columns(**prices)).row(-1, named=True)
    assert [last[name] for name in ("adx_14", "di_diff_14", "aroon_osc_25", "efficiency_60")] == [100, 100, 100, 1]
    assert last["r2_60"] > 0.9999
    assert last["slope_60"] == pytest.approx(1 / price[-30], rel=1e-3)


def test_a_spike_of_a_third_is_gone_when_its_windows_are() -> None:
    price = np.full(4320, 90.0)
    price[2000] = 120.0
    spiked = table(complete(3).with_columns(**{name: pl.Series(price) for name in PRICES}))
    assert spiked["efficiency_60"][2001:2060].to_list() == [0.0] * 59  # up and down again is no way made good
    assert spiked["efficiency_60"][2061:].count() == 0
    assert spiked["aroon_osc_25"][2000:2026].to_list() == [4.0, *(-4.0 * age for age in range(1, 26))]
    assert spiked["sma_ratio_60"][2060:].to_list() == [0.0] * 2260


def test_the_path_leads_through_the_closes_that_are_there() -> None:
    price = 100.0 + np.arange(1440)
    climb = complete(1).with_columns(**{name: pl.Series(price) for name in PRICES})
    holed = climb.filter(~pl.int_range(pl.len()).is_in([200, 201, 202]))
    efficiency = table(holed)["efficiency_60"]
    assert efficiency[60:256].to_list() == [1.0] * 196  # over the hole it is one step, and none is lost
    assert efficiency[256:260].null_count() == 4  # where the bar 60 before is missing, or the oldest step
    assert efficiency[260:].to_list() == [1.0] * (1437 - 260)


def test_a_short_history_has_only_what_needs_little() -> None:
    hundred = table(complete(1)[:100]).drop("open_time", "known_at")
    known = ["sma_ratio_60", "aroon_osc_25", "slope_60", "r2_60", "efficiency_60"]
    assert [name for name in hundred.columns if hundred[name].count()] == known
    one = table(complete(1)[:1]).drop("open_time", "known_at")
    assert one.row(0) == (None,) * len(FEATURES)


def test_closes_that_are_not_known_give_nothing_but_what_needs_none() -> None:
    unknown = table(complete(2).with_columns(close=pl.lit(None, dtype=pl.Float64)))
    assert [name for name in FAMILY.features if unknown[name].count()] == ["aroon_osc_25"]
