"""The features say what their definitions say, computed by brute force, bar by bar."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

import numpy as np
import polars as pl
import pytest

from bcdata.features.proofs.bars import ONE_MINUTE, whole_window
from bcdata.features.proofs.world import REFERENCE, SYMBOL, World, calm, wild
from bcdata.features.registry import all_features
from bcdata.features.table.compute import compute
from bcdata.interval import Interval
from bcdata_tests.features.oracles import ORACLES, SLACK, History
from bcdata_tests.features.oracles.history import history_of


def test_every_feature_has_an_oracle() -> None:
    assert set(ORACLES) == {feature.name for feature in all_features()}


def assert_agrees(history: History, table: pl.DataFrame, rows: list[int]) -> None:
    """Every column of these rows of the table is what its oracle says."""
    spread = {name: cast("float | None", table[name].std()) or 0.0 for name in ORACLES if name in table.columns}
    opens = table["open_time"].to_physical().to_list()
    for row in rows:
        values = table.row(row, named=True)
        for name, deviation in spread.items():
            expected, actual = ORACLES[name](history, opens[row]), values[name]
            where = f"{name} at {values['open_time']}: {actual}, expected {expected}"
            assert (actual is None) == (expected is None), where
            if expected is not None:
                tolerance = 1e-9 * (abs(expected) + deviation) * SLACK.get(name, 1.0) + 1e-15
                assert abs(actual - expected) <= tolerance, where


def around_holes(bars: pl.DataFrame, rng: np.random.Generator, *, holes: int) -> list[int]:
    """Rows at random, and at every distance that matters after the holes."""
    gaps = (bars["open_time"].diff() > timedelta(minutes=1)).arg_true().to_numpy()
    after = [gap + distance for gap in rng.choice(gaps, holes) for distance in (0, 1, 59, 60, 61, 215, 216, 239, 240)]
    rows = np.concatenate([rng.integers(0, bars.height, 15 * holes), after, [0, bars.height - 1]])
    return sorted({int(row) for row in rows if row < bars.height})


def table_of(world: World) -> pl.DataFrame:
    return compute(world.bars, window=whole_window(world.bars), interval=world.interval, around=world.around)


@pytest.mark.parametrize(("seed", "holes"), [(0, 1), pytest.param(1, 3, marks=pytest.mark.slow)])
def test_agrees_on_hostile_minutes(seed: int, holes: int) -> None:
    world = wild(seed=seed)
    table = table_of(world)
    rows = around_holes(world.bars, np.random.default_rng(seed), holes=holes)
    assert_agrees(history_of(world), table, rows)
    sampled = table[rows]
    assert all(sampled[name].null_count() < len(rows) for name in ORACLES)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", ["1h", "1d", "1w"])
def test_coarser_bars_count_in_bars(name: str) -> None:
    interval = Interval.parse(name)
    assert interval.length is not None
    days = 1600 * interval.length // timedelta(days=1)
    world = calm(days, interval=name, start=interval.ceil(datetime(2000, 1, 1, tzinfo=UTC)))
    world = world.lacking(world.bars["open_time"][50])
    table = table_of(world)
    assert table["log_ret_1440"].count() > 0
    assert_agrees(history_of(world), table, list(range(0, table.height, 61)))


def test_prices_that_are_not_positive_have_no_logarithm_but_keep_their_shape() -> None:
    world = calm(1)
    bars = world.bars.with_columns(pl.col("open", "high", "low", "close") - 20_000)
    world = replace(world, members={**world.members, SYMBOL: bars}, name=("negative",))
    table = table_of(world)
    negative = (bars["close"] <= 0).to_numpy()
    assert 0 < negative.sum() < bars.height
    assert table.filter(negative)["log_ret_1"].null_count() == negative.sum()
    assert table["body"].null_count() == 0
    shapes = table.select("open_time", *(one.name for one in all_features() if one.family == "Price & Returns"))
    assert_agrees(history_of(world), shapes, list(range(0, table.height, 31)))


def test_a_steady_climb_has_no_deviation_to_divide_by() -> None:
    world = calm(1)
    climb = pl.Series(100 * 1.0001 ** np.arange(world.bars.height))
    bars = world.bars.with_columns(climb.alias(name) for name in ("open", "high", "low", "close"))
    table = compute(bars, window=whole_window(bars), interval=ONE_MINUTE, around=world.around)
    assert table["ret_vol_z"].count() == 0
    assert table["log_ret_60"].count() == bars.height - 60
    assert table["corr_btc_240"].count() == 0


def test_the_reference_itself_is_not_compared_with_itself() -> None:
    world = calm(2)
    own = replace(world.around, symbol=REFERENCE, is_reference=True, reference=None)
    table = compute(world.reference, window=whole_window(world.bars), interval=ONE_MINUTE, around=own)
    for name in ("beta_btc_240", "corr_btc_240", "resid_ret", "idio_vol_240", "btc_lead_corr_240"):
        assert table[name].count() == 0
    assert table["rel_strength_btc_1440"].drop_nulls().unique().to_list() == [0.0]


def test_what_surrounds_a_symbol_may_be_missing() -> None:
    world = calm(2)
    table = compute(world.bars, window=whole_window(world.bars), interval=ONE_MINUTE)
    around = [one.name for one in all_features() if any("@" in name or name == "funding" for name in one.inputs)]
    assert all(table[name].count() == 0 for name in around)
    assert table["log_ret_1"].count() == world.bars.height - 1


def test_a_member_that_lacks_a_bar_without_a_reason_leaves_no_rank() -> None:
    world = calm(1)
    hole = world.bars["open_time"][700]
    for member, explained in (("CUSDT", True), ("DUSDT", False)):
        frame = world.members[member].filter(pl.col("open_time") != hole)
        table = table_of(replace(world, members={**world.members, member: frame}, name=("hole", member)))
        ranks = table["xs_rank_60"]
        assert ranks[[700, 760]].null_count() == (0 if explained else 2)
        assert ranks[60:].null_count() == (0 if explained else 2)
