"""Volume & Liquidity beside TA-Lib, scipy and numpy on real minutes, and where nobody trades."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
import talib
from scipy import stats

from bcdata.features.families.volume_liquidity import FAMILY
from bcdata.features.proofs.bars import FLOWS, ONE_MINUTE, START, complete, whole_window
from bcdata.features.table.compute import compute
from bcdata.interval import Interval
from bcdata_tests.features.real_bars import january

Array = npt.NDArray[np.float64]
FEATURES = list(FAMILY.features.values())
IDLE = pl.int_range(pl.len()) % 7 == 3
"""More than a tenth of the bars of every window."""


def table(bars: pl.DataFrame, interval: Interval = ONE_MINUTE) -> pl.DataFrame:
    return compute(bars, window=whole_window(bars), interval=interval, features=FEATURES)


def without_trades(bars: pl.DataFrame, when: pl.Expr) -> pl.DataFrame:
    names = (*FLOWS, "trades")
    return bars.with_columns(pl.when(when).then(0).otherwise(name).cast(pl.Float64).alias(name) for name in names)


def windows(values: Array, n: int) -> Array:
    return np.lib.stride_tricks.sliding_window_view(values, n)


def assert_close(actual: pl.Series, expected: Array) -> None:
    """The last values agree, the others are null."""
    assert actual[: -expected.size].null_count() == actual.len() - expected.size
    found = actual[-expected.size :].to_numpy()
    assert (np.abs(found - expected) <= 1e-9 * (np.abs(expected) + np.std(expected))).all()


@pytest.fixture(scope="module")
def bars(shared_data: Path) -> pl.DataFrame:
    return january(shared_data)[:4320]


@pytest.fixture(scope="module")
def found(bars: pl.DataFrame) -> pl.DataFrame:
    return table(bars)


def test_real_volumes_agree_with_numpy_and_scipy(bars: pl.DataFrame, found: pl.DataFrame) -> None:
    volume, quote, trades = (bars[name].cast(pl.Float64).to_numpy() for name in ("volume", "quote_volume", "trades"))
    assert_close(found["rel_volume"], volume[1440:] / windows(volume, 1440).mean(axis=1)[:-1])
    for name, values in (("volume_z", np.log(quote)), ("trade_size_z", quote / trades)):
        assert_close(found[name], stats.zscore(windows(values, 1440), axis=1, ddof=1)[:, -1])


def test_real_flows_agree_with_talib(bars: pl.DataFrame, found: pl.DataFrame) -> None:
    high, low, close, volume = (bars[name].to_numpy() for name in ("high", "low", "close", "volume"))
    assert_close(found["mfi_14"], talib.MFI(high, low, close, volume, 14)[14:])
    line = np.append(0.0, talib.AD(high, low, close, volume))
    assert_close(found["cmf_20"], (line[20:] - line[:-20]) / windows(volume, 20).sum(axis=1))
    line = talib.OBV(close, volume)
    assert_close(found["signed_vol_60"], (line[60:] - line[:-60]) / windows(volume[1:], 60).sum(axis=1))


def test_real_liquidity_agrees_with_numpy_and_scipy(bars: pl.DataFrame, found: pl.DataFrame) -> None:
    close, quote = bars["close"].to_numpy(), bars["quote_volume"].to_numpy()
    returns, growth = np.diff(np.log(close)), np.diff(np.log(quote))
    assert_close(found["amihud_60"], 1e6 * windows(np.abs(returns) / quote[1:], 60).mean(axis=1))
    assert_close(found["price_vol_corr_240"], stats.pearsonr(windows(returns, 240), windows(growth, 240), axis=1)[0])


@pytest.mark.parametrize("name", ["1h", "1d"])
def test_coarser_bars_count_in_bars(name: str) -> None:
    interval = Interval.parse(name)
    assert interval.length is not None
    bars = complete(1500 * interval.length // timedelta(days=1), interval=name)
    as_minutes = bars.with_columns(open_time=pl.Series(START + timedelta(minutes=i) for i in range(bars.height)))
    coarse, fine = table(bars, interval).row(-1, named=True), table(as_minutes).row(-1, named=True)
    for feature in FAMILY.features:
        assert coarse[feature] == pytest.approx(fine[feature], rel=1e-9), feature


def test_no_score_depends_on_the_unit_of_volume() -> None:
    bars = complete(2)
    thousands = table(bars.with_columns(pl.col(FLOWS) / 1000))
    plain = table(bars)
    for name in ("rel_volume", "volume_z", "trade_size_z", "mfi_14", "cmf_20", "signed_vol_60", "price_vol_corr_240"):
        np.testing.assert_allclose(thousands[name], plain[name], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(thousands["amihud_60"], 1000 * plain["amihud_60"], rtol=1e-12)


def test_small_flows_are_flows() -> None:
    """TA-Lib long took sums of flows below 1 for none, so that the index of a cheap coin was 0."""
    tiny = complete(1).with_columns(pl.col("high", "low", "close", "open") * 1e-10)
    np.testing.assert_allclose(table(tiny)["mfi_14"], table(complete(1))["mfi_14"], rtol=1e-9)


def test_a_typical_price_that_differs_by_rounding_did_not_move() -> None:
    bars = complete(1).head(16)
    up_down = np.arange(16) % 2 == 0
    prices = {
        "high": np.where(up_down, 100.3, 100.2),
        "low": np.where(up_down, 100.1, 100.2),
        "close": np.where(up_down, 100.2, 100.2),
    }
    total = prices["high"] + prices["low"] + prices["close"]
    assert total[0] != total[1]
    same = bars.with_columns(pl.Series(name, values) for name, values in prices.items())
    assert table(same)["mfi_14"].count() == 0


def test_bars_without_a_range_weigh_nothing_but_their_volume() -> None:
    bars = complete(1).head(20).with_columns(volume=pl.lit(1.0), close=pl.col("high"))
    flat = pl.int_range(pl.len()) < 5
    bars = bars.with_columns(pl.when(flat).then("close").otherwise(name).alias(name) for name in ("high", "low"))
    assert table(bars)["cmf_20"][-1] == 15 / 20


def test_flat_prices_have_no_impact_and_no_side() -> None:
    flat = complete(2).with_columns(pl.lit(100.0).alias(name) for name in ("open", "high", "low", "close"))
    last = table(flat).row(-1, named=True)
    assert (last["amihud_60"], last["cmf_20"], last["signed_vol_60"]) == (0.0, 0.0, 0.0)
    assert (last["mfi_14"], last["price_vol_corr_240"]) == (None, None)
    assert last["volume_z"] is not None


def test_a_market_that_only_climbs_has_all_its_volume_on_one_side() -> None:
    price = 100 * np.exp(1e-3 * np.arange(1440))
    climb = complete(1).with_columns(pl.Series(name, price) for name in ("high", "close"))
    climb = climb.with_columns(low=pl.Series(price * 0.999))
    last = table(climb).row(-1, named=True)
    assert (last["mfi_14"], last["cmf_20"], last["signed_vol_60"]) == (100.0, 1.0, 1.0)


def test_without_trades_nothing_is_said() -> None:
    found = table(without_trades(complete(2), pl.lit(value=True)))
    assert [name for name in FAMILY.features if found[name].count()] == []


def test_idle_bars_have_volume_zero_but_no_logarithm_and_no_mean_trade() -> None:
    bars = complete(2)
    found = table(without_trades(bars, IDLE))
    idle = bars.select(IDLE).to_series()
    assert found["rel_volume"].filter(idle).drop_nulls().unique().to_list() == [0.0]
    for name in ("volume_z", "trade_size_z", "price_vol_corr_240"):
        assert found[name].count() == 0
    for name, warm_up in (("mfi_14", 14), ("cmf_20", 19), ("signed_vol_60", 60), ("amihud_60", 60)):
        assert found[name].count() == bars.height - warm_up, name


def test_a_few_idle_bars_are_left_out_of_scores() -> None:
    bars = complete(2)
    idle = bars.select(pl.int_range(pl.len()) % 20 == 3).to_series()
    found = table(without_trades(bars, pl.int_range(pl.len()) % 20 == 3))
    assert found["volume_z"].filter(idle).count() == 0
    turnover = bars["quote_volume"][1440 + 5 - 1439 : 1440 + 6].filter(~idle[1440 + 5 - 1439 : 1440 + 6])
    assert found["volume_z"][1440 + 5] == pytest.approx(stats.zscore(np.log(turnover), ddof=1)[-1], rel=1e-9)


def test_illiquidity_is_that_of_the_bars_that_traded_however_few() -> None:
    bars = complete(1).head(120)
    rare = pl.int_range(pl.len()) % 30 != 10
    found = table(without_trades(bars, rare))["amihud_60"]
    moves = np.abs(np.diff(np.log(bars["close"].to_numpy())))
    expected = [1e6 * np.mean([moves[i - 1] / bars["quote_volume"][i] for i in rows]) for rows in ((40, 70), (70, 100))]
    assert [found[95], found[119]] == pytest.approx(expected, rel=1e-9)


def test_equal_turnover_has_no_score() -> None:
    same = table(complete(2).with_columns(quote_volume=pl.lit(12_345.6), trades=pl.lit(7)))
    assert same["volume_z"].count() == same["trade_size_z"].count() == same["price_vol_corr_240"].count() == 0


def test_a_short_history_has_only_what_needs_little() -> None:
    hour = table(complete(1).head(61))
    assert [name for name in FAMILY.features if hour[name].count()] == [
        "amihud_60",
        "mfi_14",
        "cmf_20",
        "signed_vol_60",
    ]
    assert table(complete(1).head(1)).select(list(FAMILY.features)).row(0) == (None,) * len(FEATURES)


def test_a_source_without_turnover_leaves_null_what_needs_it() -> None:
    unknown = (pl.lit(None, dtype=pl.Float64).alias(name) for name in ("quote_volume", "trades"))
    found = table(complete(2).with_columns(*unknown))
    for name, feature in FAMILY.features.items():
        assert (found[name].count() == 0) == ("quote_volume" in feature.inputs), name
