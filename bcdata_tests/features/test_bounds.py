"""Bounds that follow from the parameters: nearly reached by the worst window there is, and never left."""

import numpy as np
import polars as pl
import pytest

from bcdata.features.feature import Feature
from bcdata.features.proofs.bars import ONE_MINUTE, complete, hostile, whole_window
from bcdata.features.registry import all_features
from bcdata.features.table.compute import compute

BY_NAME = {feature.name: feature for feature in all_features()}
WITH_N = [one for one in BY_NAME.values() if one.range_of and list(dict(one.parameters)) == ["n"]]
AT = 400
MOVED = ("open", "high", "low", "close", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume", "vwap")


def one_apart(n: int, factor: float) -> pl.DataFrame:
    """Minutes that are all alike, but for prices and flows of one in n of them."""
    bars = complete(1)[: AT + 1]
    alike = bars[:1].drop("open_time").select(pl.all().repeat_by(bars.height).explode())
    each_n = (pl.int_range(pl.len()) - AT) % n == 0
    moved = [pl.when(each_n).then(pl.col(name) * factor).otherwise(pl.col(name)).alias(name) for name in MOVED]
    return alike.with_columns(moved).with_columns(bars["open_time"])


def value(feature: Feature, bars: pl.DataFrame) -> float:
    found = compute(bars, window=whole_window(bars), interval=ONE_MINUTE, features=[feature])[feature.name][-1]
    assert found is not None
    return float(found)


@pytest.mark.parametrize("n", [5, 20, 150])
@pytest.mark.parametrize("name", ["bb_z_20", "cci_20", "volume_z", "trade_size_z", "taker_imbalance_z_60"])
def test_one_value_apart_reaches_the_bound_on_either_side(name: str, n: int) -> None:
    feature = BY_NAME[name].with_parameters({"n": n})
    bound = {"bb_z_20": np.sqrt(n - 1), "cci_20": n / 2 / 0.015}.get(name, (n - 1) / np.sqrt(n))
    for factor in (1.3, 0.7):
        assert value(feature, one_apart(n, factor)) == pytest.approx(np.copysign(bound, factor - 1), rel=1e-6)
    low, high = feature.range or (0.0, 0.0)
    assert -low == high
    assert bound < high < 1.15 * bound


@pytest.mark.parametrize("name", ["bb_z_20", "cci_20", "volume_z", "trade_size_z", "taker_imbalance_z_60"])
@pytest.mark.parametrize("n", [2, 5, 20])
def test_windows_that_vary_by_a_few_last_bits_stay_within_the_bounds(name: str, n: int) -> None:
    feature = BY_NAME[name].with_parameters({"n": n})
    bars, rng = complete(1), np.random.default_rng(n)
    for most in (2, 30, 1000):
        near = {column: bars[column][0] * (1 + rng.integers(0, most, bars.height) * 2.0**-52) for column in MOVED}
        flat = bars.with_columns(
            trades=1, volume=200.0, **{column: pl.Series(values) for column, values in near.items()}
        )
        column = compute(flat, window=whole_window(flat), interval=ONE_MINUTE, features=[feature])[name].drop_nulls()
        assert column.is_between(*(feature.range or (0.0, 0.0))).all()
    assert column.count() > 500


@pytest.mark.parametrize("n", [5, 20, 150])
def test_one_move_among_none_is_all_skew_and_all_kurtosis(n: int) -> None:
    bars = complete(1)[: n + 1]
    close = pl.Series(np.where(np.arange(n + 1) < n, 100.0, 70.0))
    flat = bars.with_columns(open=100.0, high=101.0, low=60.0, close=close)
    skew, kurt = (BY_NAME[name].with_parameters({"n": n}) for name in ("skew_240", "kurt_240"))
    assert skew.range is not None
    assert kurt.range is not None
    assert value(skew, flat) == pytest.approx(skew.range[0], rel=2e-6)
    assert value(kurt, flat) == pytest.approx(kurt.range[1], rel=2e-6)


def test_two_prices_in_turn_have_the_least_kurtosis() -> None:
    bars = complete(1)[:101].with_columns(close=pl.Series(100.0 * (1.0 + (np.arange(101) // 2) % 2)))
    turn = BY_NAME["kurt_240"].with_parameters({"n": 4})
    low, _ = turn.range or (0.0, 0.0)
    column = compute(bars, window=whole_window(bars), interval=ONE_MINUTE, features=[turn])["kurt_240"].drop_nulls()
    assert low <= column.min()  # type: ignore[operator]
    assert low < -2.0


@pytest.mark.parametrize("feature", WITH_N, ids=lambda feature: feature.name)
@pytest.mark.parametrize("n", [4, 7, 33])
def test_hostile_minutes_stay_within_the_bounds_of_every_window(feature: Feature, n: int) -> None:
    shorter = feature.with_parameters({"n": n})
    assert shorter.range != feature.range
    bars = hostile(3, seed=n)
    column = compute(bars, window=whole_window(bars), interval=ONE_MINUTE, features=[shorter])[feature.name]
    low, high = shorter.range or (0.0, 0.0)
    assert column.drop_nulls().is_between(low, high).all()
    assert column.count() > 1000


def test_bounds_follow_other_parameters_too() -> None:
    assert BY_NAME["vol_target_w"].with_parameters({"cap": 1.25}).range == (0.0, 1.25)
    short_and_long = BY_NAME["vol_term"].with_parameters({"short": 10, "long": 90}).range
    assert short_and_long == pytest.approx((0.0, np.sqrt(90 / 9)), rel=1e-5)
    assert not BY_NAME["rv_60"].bounded
    assert not BY_NAME["gap"].bounded
    assert BY_NAME["bb_z_20"].bounded
