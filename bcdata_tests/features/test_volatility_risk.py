"""Volatility & Risk beside TA-Lib, scipy and numpy on real minutes, beside markets whose volatility is known."""

import math
from datetime import timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
import talib
from scipy import signal, stats

from bcdata.features.families.volatility_risk import FAMILY
from bcdata.features.proofs.bars import ONE_MINUTE, PRICES, START, complete, whole_window
from bcdata.features.registry import Feature
from bcdata.features.table.compute import compute
from bcdata.interval import Interval
from bcdata_tests.features.real_bars import january

Array = npt.NDArray[np.float64]
FEATURES = list(FAMILY.features.values())
OF_BARS = ("parkinson_60", "garman_klass_60", "rogers_satchell_60", "yang_zhang_60")
YEARLY = ("rv_60", *OF_BARS, "ewma_vol")
YEAR = 525_600


def table(bars: pl.DataFrame, interval: Interval = ONE_MINUTE, features: list[Feature] | None = None) -> pl.DataFrame:
    return compute(bars, window=whole_window(bars), interval=interval, features=features or FEATURES)


def assert_close(actual: Array, expected: Array) -> None:
    assert actual.size == expected.size
    assert (np.abs(actual - expected) <= 1e-9 * (np.abs(expected) + np.std(expected))).all()


def windows(values: Array, n: int) -> Array:
    return np.lib.stride_tricks.sliding_window_view(values, n)


def priced(bars: pl.DataFrame, **prices: Array) -> pl.DataFrame:
    """The bars at other prices."""
    return bars.with_columns(pl.Series(name, values) for name, values in prices.items())


def at_one_price(price: Array) -> pl.DataFrame:
    """Minutes that open, stay and close at a price each."""
    bars = complete(-(-price.size // 1440)).head(price.size)
    return priced(bars, **dict.fromkeys(PRICES, price))


@pytest.fixture(scope="module")
def bars(shared_data: Path) -> pl.DataFrame:
    return january(shared_data)[:4320]


@pytest.fixture(scope="module")
def found(bars: pl.DataFrame) -> dict[str, Array]:
    return {name: values.to_numpy() for name, values in table(bars).select(list(FAMILY.features)).to_dict().items()}


def test_real_volatilities_agree_with_numpy(bars: pl.DataFrame, found: dict[str, Array]) -> None:
    o, h, low, c = (np.log(bars[name].to_numpy()) for name in PRICES)
    squares = windows(np.diff(c) ** 2, 60).mean(axis=1)
    assert_close(found["rv_60"][60:], np.sqrt(squares * YEAR))
    ranges = windows((h - low) ** 2, 60).mean(axis=1)
    assert_close(found["parkinson_60"][59:], np.sqrt(ranges / (4 * math.log(2)) * YEAR))
    bodies = windows((c - o) ** 2, 60).mean(axis=1)
    assert_close(found["garman_klass_60"][59:], np.sqrt((ranges / 2 - (2 * math.log(2) - 1) * bodies) * YEAR))
    u, d, k = h - o, low - o, c - o
    steady = windows(u * (u - k) + d * (d - k), 60).mean(axis=1)
    assert_close(found["rogers_satchell_60"][59:], np.sqrt(steady * YEAR))
    weight = 0.34 / (1.34 + 61 / 59)
    jumps, moves = (windows(x, 60).var(axis=1, ddof=1) for x in (o[1:] - c[:-1], k[1:]))
    assert_close(found["yang_zhang_60"][60:], np.sqrt((jumps + weight * moves + (1 - weight) * steady[1:]) * YEAR))
    unsteady = windows(np.log(np.sqrt(squares * YEAR)), 240).std(axis=1, ddof=1)
    assert_close(found["vol_of_vol"][299:], unsteady)


def test_real_recursions_agree_with_talib_and_scipy(bars: pl.DataFrame, found: dict[str, Array]) -> None:
    high, low, close = (bars[name].to_numpy() for name in ("high", "low", "close"))
    assert_close(found["natr_14"][1440:], talib.NATR(high, low, close, 14)[1440:])
    squares = np.diff(np.log(close)) ** 2
    endless = np.append(np.nan, np.sqrt(signal.lfilter([0.06], [1, -0.94], squares) * YEAR))
    # At midnight 4e-9 of an endless recursion is beyond the seed, by noon nothing that doubles could hold.
    noon = np.arange(close.size) % 1440 >= 720
    assert_close(found["ewma_vol"][1440:][noon[1440:]], endless[1440:][noon[1440:]])
    assert np.isnan(found["ewma_vol"][:1440]).all()


def test_real_shapes_agree_with_scipy_and_numpy(bars: pl.DataFrame, found: dict[str, Array]) -> None:
    returns = np.diff(np.log(bars["close"].to_numpy()))
    long = windows(returns, 240)
    assert_close(found["skew_240"][240:], stats.skew(long, axis=1))
    assert_close(found["kurt_240"][240:], stats.kurtosis(long, axis=1))
    assert_close(found["semivar_ratio_240"][240:], (np.minimum(long, 0) ** 2).sum(axis=1) / (long**2).sum(axis=1))
    bipower = math.pi / 2 * windows(np.abs(returns[1:] * returns[:-1]), 60).sum(axis=1)
    variance = windows(returns[1:] ** 2, 60).sum(axis=1)
    assert_close(found["jump_share_60"][61:], np.maximum(0, 1 - bipower / variance))


def simulated(volatility: float, drift: float = 0.0, jump: float = 0.0) -> pl.DataFrame:
    """A day of minutes of Brownian motion with these deviations and this drift per minute; `jump` is between bars."""
    rng, steps = np.random.default_rng(4), 2000
    moves = rng.normal(drift / steps, volatility / math.sqrt(steps), (1440, steps))
    inside = np.cumsum(moves, axis=1)
    gaps = rng.normal(0, jump, 1440) if jump else np.zeros(1440)
    start = np.cumsum(gaps) + np.append(0, np.cumsum(inside[:-1, -1]))
    path = 100 * np.exp(start[:, None] + np.hstack([np.zeros((1440, 1)), inside]))
    return priced(complete(1), open=path[:, 0], high=path.max(axis=1), low=path.min(axis=1), close=path[:, -1])


def typical(bars: pl.DataFrame) -> dict[str, float]:
    """Root mean square of the volatilities of a day, per minute."""
    found = table(bars, features=[FAMILY.features[name] for name in ("rv_60", *OF_BARS)])
    columns = {name: found[name].drop_nulls().to_numpy() for name in ("rv_60", *OF_BARS)}
    return {name: math.sqrt(np.mean(column**2) / YEAR) for name, column in columns.items()}


def test_a_volatility_that_is_known_is_found() -> None:
    for name, value in typical(simulated(0.001)).items():
        assert value == pytest.approx(0.001, rel=0.04), name


def test_a_drift_misleads_those_that_assume_there_is_none() -> None:
    value = typical(simulated(0.001, drift=0.002))
    for name in ("rogers_satchell_60", "yang_zhang_60"):
        assert value[name] == pytest.approx(0.001, rel=0.06), name  # steps of 1/2000 miss the true extremes
    for name in ("rv_60", "parkinson_60", "garman_klass_60"):
        assert value[name] > 0.00115, name


def test_jumps_between_bars_are_seen_from_closes_alone_or_by_yang_and_zhang() -> None:
    value = typical(simulated(0.001, jump=0.001))
    for name in ("rv_60", "yang_zhang_60"):
        assert value[name] == pytest.approx(0.001 * math.sqrt(2), rel=0.04), name
    for name in ("parkinson_60", "garman_klass_60", "rogers_satchell_60"):
        assert value[name] == pytest.approx(0.001, rel=0.04), name


def test_one_jump_is_nearly_all_of_the_variance_and_a_random_walk_has_few() -> None:
    returns = np.random.default_rng(0).normal(0, 1e-4, 1440)
    calm = table(at_one_price(np.exp(np.cumsum(returns))))["jump_share_60"].to_numpy()
    returns[700] = 0.05
    jumped = table(at_one_price(np.exp(np.cumsum(returns))))["jump_share_60"].to_numpy()
    assert np.nanmean(calm) < 0.1
    assert jumped[700:760].min() > 0.98
    np.testing.assert_allclose(jumped[761:], calm[761:], atol=1e-9)  # equal moves from another price


def test_a_jump_is_forgotten_by_a_fixed_share_a_bar() -> None:
    price = np.full(2880, 100.0)
    price[2000:] = 130.0
    volatility = table(at_one_price(price))["ewma_vol"][2000:2300].to_numpy()
    assert volatility[0] == pytest.approx(math.log(1.3) * math.sqrt(0.06 * YEAR), rel=1e-12)
    np.testing.assert_allclose(volatility, volatility[0] * np.sqrt(0.94) ** np.arange(300), rtol=1e-12)


@pytest.mark.parametrize(("name", "per_year"), [("5m", 105_120), ("1h", 8760), ("1d", 365), ("1w", 365 / 7)])
def test_volatility_is_of_a_year_whatever_the_bars(name: str, per_year: float) -> None:
    interval = Interval.parse(name)
    assert interval.length is not None
    bars = complete(900 * interval.length // timedelta(days=1), interval=name, start=interval.ceil(START))
    as_minutes = bars.with_columns(open_time=pl.Series(START + timedelta(minutes=i) for i in range(bars.height)))
    features = [FAMILY.features[one] for one in ("rv_60", *OF_BARS, "natr_14")]
    coarse = table(bars, interval, features).row(-1, named=True)
    minutes = table(as_minutes.head(bars.height), features=features).row(-1, named=True)
    for one in ("rv_60", *OF_BARS):
        assert coarse[one] == pytest.approx(minutes[one] * math.sqrt(per_year / YEAR), rel=1e-12), one
    last = bars.tail(301)
    high, low, close = (last[price].to_numpy() for price in ("high", "low", "close"))
    assert coarse["natr_14"] == pytest.approx(talib.NATR(high, low, close, 14)[-1], rel=1e-6)  # per bar


def test_flat_prices_have_no_volatility_and_no_shape() -> None:
    flat = at_one_price(np.full(2880, 100.0))
    last = table(flat).drop("open_time", "known_at").row(-1, named=True)
    undefined = ("jump_share_60", "semivar_ratio_240", "skew_240", "kurt_240", "vol_of_vol")
    assert last == {**dict.fromkeys((*YEARLY, "natr_14"), 0.0), **dict.fromkeys(undefined)}


def test_a_steady_climb_has_no_shape_no_falls_and_no_jumps() -> None:
    climb: Array = np.exp(1e-4 * np.arange(2880))
    last = table(at_one_price(climb)).row(-1, named=True)
    assert (last["skew_240"], last["kurt_240"]) == (None, None)
    assert (last["semivar_ratio_240"], last["jump_share_60"]) == (0.0, 0.0)
    assert last["vol_of_vol"] == pytest.approx(0.0, abs=1e-9)
    assert last["rogers_satchell_60"] == 0.0
    assert table(at_one_price(100 / climb))["semivar_ratio_240"][-1] == 1.0


def test_two_spikes_alone_are_skewed_by_their_sides() -> None:
    price = np.full(1440, 100.0)
    price[700:] = 70.0  # a fall of 30 %, and nothing else
    last = table(at_one_price(price)).row(900, named=True)
    one_in_240 = stats.skew(np.append(np.zeros(239), -1.0)), stats.kurtosis(np.append(np.zeros(239), -1.0))
    assert (last["skew_240"], last["kurt_240"]) == pytest.approx(one_in_240, rel=1e-12)
    assert last["semivar_ratio_240"] == 1.0


def test_a_bar_out_of_order_leaves_no_volatility_rather_than_a_wrong_one() -> None:
    bars = complete(1).head(60)
    broken = priced(bars, high=bars["low"].to_numpy(), low=bars["low"].to_numpy())  # bodies without a range
    assert table(broken)["garman_klass_60"].count() == 0


def test_a_short_history_has_only_what_needs_little() -> None:
    hour = table(complete(1).head(61)).drop("open_time", "known_at")
    assert [name for name in hour.columns if hour[name].count()] == ["rv_60", *OF_BARS]
    assert table(complete(1).head(1)).drop("open_time", "known_at").row(0) == (None,) * len(FEATURES)


def test_closes_that_are_not_known_leave_the_range_alone() -> None:
    unknown = table(complete(2).with_columns(close=pl.lit(None, dtype=pl.Float64)))
    assert [name for name in FAMILY.features if unknown[name].count()] == ["parkinson_60"]


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("yang_zhang_60", {"n": 1}, "from 2 to 100,000, and is 1"),
        ("ewma_vol", {"decay": 1.0}, r"to 0\.998964, and is 1"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(name: str, changes: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        FAMILY.features[name].with_parameters(changes)


def test_a_window_of_the_catalog_s_choice_has_its_warm_up() -> None:
    chosen = FAMILY.features["vol_of_vol"].with_parameters({"n": 30, "window": 90})
    assert chosen.warm_up == 119
    bars = complete(1)
    column = table(bars, features=[chosen])["vol_of_vol"]
    assert (column[118], column[119] is not None) == (None, True)
