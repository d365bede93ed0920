"""Microstructure beside scipy and numpy on real minutes, beside markets whose spread is known, and at the edges."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy import stats

from bcdata.features.families.microstructure import FAMILY
from bcdata.features.proofs.bars import ONE_MINUTE, START, complete, whole_window
from bcdata.features.table.compute import compute
from bcdata_tests.features.real_bars import january

Array = npt.NDArray[np.float64]


def table(bars: pl.DataFrame) -> pl.DataFrame:
    return compute(bars, window=whole_window(bars), interval=ONE_MINUTE, features=list(FAMILY.features.values()))


def windows(values: Array, n: int) -> Array:
    """The last n values at every row that has so many."""
    return np.lib.stride_tricks.sliding_window_view(values, n)


def assert_close(actual: pl.Series, expected: Array) -> None:
    """The last values agree, the others are null."""
    assert actual[: -expected.size].null_count() == actual.len() - expected.size
    found = actual[-expected.size :].to_numpy()
    assert (np.abs(found - expected) <= 1e-9 * (np.abs(expected) + np.std(expected))).all()


def test_real_minutes_agree_with_scipy_and_numpy(shared_data: Path) -> None:
    bars = january(shared_data)[:2000]
    found = table(bars)
    columns = ("high", "low", "close", "volume", "taker_buy_volume", "quote_volume", "taker_buy_quote_volume")
    high, low, close, volume, bought, quote, bought_quote = (bars[name].to_numpy() for name in columns)
    imbalance = (2 * bought - volume) / volume
    assert_close(found["taker_imbalance"], imbalance)
    assert_close(found["taker_imbalance_z_60"], stats.zscore(windows(imbalance, 60), axis=1, ddof=1)[:, -1])
    net = np.abs(bought - (volume - bought))
    assert_close(found["vpin_like_60"], windows(net, 60).sum(axis=1) / windows(volume, 60).sum(axis=1))
    returns, flow = np.diff(np.log(close)), (2 * bought_quote - quote)[1:]
    pairs = zip(windows(flow, 240), windows(returns, 240), strict=True)
    assert_close(found["kyle_lambda_240"], np.array([stats.linregress(x, y).slope for x, y in pairs]))
    after, before = windows(returns[1:], 240), windows(returns[:-1], 240)
    bounce = np.array([np.cov(x, y)[0, 1] for x, y in zip(after, before, strict=True)])
    assert_close(found["roll_240"], 2 * np.sqrt(np.maximum(0, -bounce)))
    middle = np.log(high * low) / 2
    product = (np.log(close[:-1]) - middle[:-1]) * (np.log(close[:-1]) - middle[1:])
    assert_close(found["abdi_ranaldo_240"], 2 * np.sqrt(np.maximum(0, windows(product, 240).mean(axis=1))))


def traded(spread: float, volatility: float, *, bars: int = 1440, trades: int = 390) -> pl.DataFrame:
    """Bars of a random walk whose trades fall on bid or ask, `spread` apart, as Corwin and Schultz simulate them."""
    rng = np.random.default_rng(1)
    middle = np.cumsum(rng.normal(0, volatility / np.sqrt(trades), bars * trades))
    price = 100 * np.exp(middle) * (1 + spread / 2 * rng.choice([-1, 1], bars * trades))
    price = price.reshape(bars, trades)
    prices = {"high": price.max(axis=1), "low": price.min(axis=1), "close": price[:, -1]}
    return complete(1).head(bars).with_columns(pl.Series(name, values) for name, values in prices.items())


@pytest.mark.parametrize("spread", [0.005, 0.03])
def test_a_spread_that_is_known_is_found(spread: float) -> None:
    found = table(traded(spread, volatility=0.003))
    for name, error in (("roll_240", 0.05), ("corwin_schultz_60", 0.1), ("abdi_ranaldo_240", 0.05)):
        assert found[name].mean() == pytest.approx(spread, rel=error), name


def test_an_impact_that_is_known_is_found() -> None:
    bars, rng = complete(1), np.random.default_rng(0)
    flow = (2 * bars["taker_buy_quote_volume"] - bars["quote_volume"]).to_numpy()
    close = 100 * np.exp(np.cumsum(2e-9 * flow + rng.normal(0, 1e-6, flow.size)))
    found = table(bars.with_columns(close=pl.Series(close)))
    assert found["kyle_lambda_240"][-1] == pytest.approx(2e-9, rel=0.01)


def test_flat_prices_have_no_spread_and_no_impact() -> None:
    bars = complete(1).with_columns(pl.lit(100.0).alias(name) for name in ("open", "high", "low", "close"))
    last = table(bars).row(-1, named=True)
    zero = ("kyle_lambda_240", "roll_240", "corwin_schultz_60", "abdi_ranaldo_240")
    assert {name: last[name] for name in zero} == dict.fromkeys(zero, 0.0)


def test_without_trades_there_are_no_takers() -> None:
    flows = ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
    found = table(complete(1).with_columns(pl.lit(0.0).alias(name) for name in flows))
    for name in ("taker_imbalance", "taker_imbalance_z_60", "vpin_like_60", "kyle_lambda_240"):
        assert found[name].count() == 0
    assert found["corwin_schultz_60"].count() == 1440 - 60


def test_bars_without_volume_count_as_missing_in_the_score_and_as_bars_elsewhere() -> None:
    idle = pl.int_range(pl.len()) % 7 == 3  # more than a tenth of every window
    flows = ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
    found = table(complete(1).with_columns(pl.when(idle).then(0.0).otherwise(name).alias(name) for name in flows))
    assert found["taker_imbalance_z_60"].count() == 0
    assert found["vpin_like_60"].count() == 1440 - 59
    assert found["kyle_lambda_240"].count() == 1440 - 240


def test_one_bar_has_only_its_own_takers() -> None:
    row = table(complete(1)[:1]).drop("open_time", "known_at").row(0, named=True)
    assert [name for name, value in row.items() if value is not None] == ["taker_imbalance"]


def test_a_source_without_takers_leaves_them_null() -> None:
    unknown = (pl.lit(None, dtype=pl.Float64).alias(name) for name in ("taker_buy_volume", "taker_buy_quote_volume"))
    found = table(complete(1).with_columns(*unknown))
    assert found["open_time"][0] == START
    for name, feature in FAMILY.features.items():
        reads_takers = any(column.startswith("taker") for column in feature.inputs)
        assert (found[name].count() == 0) == reads_takers
