"""Regime beside TA-Lib and scipy on real minutes, and at the edges."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
import talib
from scipy import stats

from bcdata.features.proofs.bars import ONE_MINUTE, complete, whole_window
from bcdata.features.registry import all_features
from bcdata.features.table.compute import compute
from bcdata_tests.features.real_bars import january

Array = npt.NDArray[np.float64]
NAMES = ("vol_pctile_1440", "vol_term", "trend_state", "choppiness_14")


def table(bars: pl.DataFrame) -> pl.DataFrame:
    chosen = [feature for feature in all_features() if feature.name in NAMES]
    return compute(bars, window=whole_window(bars), interval=ONE_MINUTE, features=chosen)


def assert_close(actual: Array, expected: Array) -> None:
    assert (np.abs(actual - expected) <= 1e-9 * (np.abs(expected) + np.std(expected))).all()


@pytest.fixture(scope="module")
def bars(shared_data: Path) -> pl.DataFrame:
    return january(shared_data)[:8640]


@pytest.fixture(scope="module")
def found(bars: pl.DataFrame) -> pl.DataFrame:
    return table(bars)


def test_real_volatility_agrees_with_scipy(bars: pl.DataFrame, found: pl.DataFrame) -> None:
    squares = np.diff(np.log(bars["close"].to_numpy())) ** 2
    short, long = (np.sqrt(np.lib.stride_tricks.sliding_window_view(squares, n).mean(axis=1)) for n in (60, 1440))
    assert_close(found["vol_term"][1440:].to_numpy(), short[1380:] / long)
    windows = np.lib.stride_tricks.sliding_window_view(short, 1440)[::7]
    expected = [stats.percentileofscore(window[:-1], window[-1], kind="mean") / 100 for window in windows]
    assert_close(found["vol_pctile_1440"][1499:].gather_every(7).to_numpy(), np.array(expected))


def test_real_trends_and_choppiness_agree_with_talib(bars: pl.DataFrame, found: pl.DataFrame) -> None:
    high, low, close = (bars[name].to_numpy() for name in ("high", "low", "close"))
    slope = talib.LINEARREG_SLOPE(np.log(close), 60)
    state = np.where(talib.ADX(high, low, close, 14) > 25, np.sign(slope), 0)[1440:]
    np.testing.assert_array_equal(found["trend_state"][1440:].to_numpy(), state)
    assert set(state) == {-1.0, 0.0, 1.0}
    path = talib.SUM(talib.TRANGE(high, low, close)[1:], 14)
    reach = (talib.MAX(high, 14) - talib.MIN(low, 14))[1:]
    expected = 100 * np.log10(path / reach) / np.log10(14)
    assert_close(found["choppiness_14"][14:].to_numpy(), expected[13:])


def test_flat_prices_have_no_trend_and_rank_in_the_middle() -> None:
    flat = complete(3).with_columns(pl.lit(100.0).alias(name) for name in ("open", "high", "low", "close"))
    last = table(flat).row(-1, named=True)
    assert {name: last[name] for name in NAMES} == {
        "vol_pctile_1440": 0.5,
        "vol_term": None,
        "trend_state": None,
        "choppiness_14": None,
    }


def test_equal_moves_are_equal_volatility_wherever_they_lie_in_the_window() -> None:
    bars = complete(3)
    moves = np.zeros(bars.height)
    moves[1500::20] = 1e-3 * np.resize([1.0, -0.7, 0.3], moves[1500::20].size)  # each hour holds one of each
    found = table(bars.with_columns(close=pl.Series(100 * np.exp(np.cumsum(moves)))))
    assert found["vol_pctile_1440"][3020:].to_list() == [0.5] * (bars.height - 3020)


def test_a_straight_climb_is_a_trend_and_not_choppy() -> None:
    price = pl.Series(100.0 + np.arange(complete(2).height))
    climb = complete(2).with_columns(high=price + 1.0, low=price, close=price + 1.0, open=price)
    last = table(climb).row(-1, named=True)
    assert (last["trend_state"], last["choppiness_14"]) == (1.0, 0.0)


def test_choppiness_passes_100_only_where_the_window_begins_with_a_jump() -> None:
    price = np.where(np.arange(100) < 50, 100.0, 130.0)
    jump = (
        complete(1)
        .head(100)
        .with_columns(
            high=pl.Series(price + 1), low=pl.Series(price), close=pl.Series(price + 0.5), open=pl.Series(price)
        )
    )
    choppiness = table(jump)["choppiness_14"].fill_null(0.0)
    assert (choppiness > 100.0 + 1e-9).arg_true().to_list() == [63]


def test_a_history_shorter_than_the_window_has_no_rank() -> None:
    found = table(complete(1))
    assert found["vol_pctile_1440"].count() == found["vol_term"].count() == found["trend_state"].count() == 0
    assert found["choppiness_14"].count() == 1440 - 14
    assert table(complete(1)[:1]).select(NAMES).row(0) == (None,) * len(NAMES)
