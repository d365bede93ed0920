"""Damage planted into sound histories is told of by its name, in any of them; sound histories are silent."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from bcdata.quality.damage.found import damage
from bcdata_tests.quality.damage import histories
from bcdata_tests.quality.damage.histories import Random, Stock, gains, stock

SEEDS = range(40 if os.environ.get("BCDATA_CAMPAIGN_CASES") == "all" else 16)
Planted = Callable[[Random, Stock], Stock]
KINDS: dict[str, tuple[Planted, str]] = {
    "unit of a stretch": (histories.unit_stretch, "unit_jump"),
    "unit of a bar": (histories.unit_row, "unit_jump"),
    "unit of many bars": (histories.unit_of_many, "unit_jump"),
    "far and back": (histories.unit_back, "unit_jump"),
    "split": (histories.missing_split, "missing_split"),
    "a payment told hundredfold": (histories.told_size(100), "dividend_size"),
    "a hundredth told": (histories.told_size(0.01), "dividend_size"),
    "not taken off": (histories.taken_size(0), "dividend_size"),
    "taken off twice": (histories.taken_size(2), "dividend_size"),
    "half taken off": (histories.taken_size(0.5), "dividend_size"),
    "taken off for nothing": (histories.taken_for_nothing, "dividend_size"),
    "all payments hundredfold": (histories.both_sizes(100), "dividend_size"),
}
FIXTURES = {
    "bad-unit.csv": {"unit_jump"},
    "100x-error.csv": {"unit_jump"},
    "bad-div.csv": {"dividend_size"},
    "cg-double-count.csv": {"double_count"},
    "bad-stock-split.csv": {"missing_split"},
    "-fixed.csv": set(),
    "no-bad-divs.csv": set(),
}


def differ(one: Stock, other: Stock) -> bool:
    return not (one.bars().equals(other.bars()) and one.actions().equals(other.actions()))


@pytest.mark.parametrize("adjusted", [True, False])
@pytest.mark.parametrize("is_fund", [True, False])
def test_sound_histories_are_silent(is_fund: bool, adjusted: bool) -> None:
    for seed in range(3 * len(SEEDS)):
        found = stock(np.random.default_rng(seed), is_fund=is_fund).damage(adjusted=adjusted)
        assert found.is_empty(), (seed, found.rows())


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_told_of_by_its_name(kind: str) -> None:
    plant, rule = KINDS[kind]
    planted = 0
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        sound = stock(random)
        damaged = plant(random, sound)
        if differ(sound, damaged):
            planted += 1
            assert damaged.rules() == {rule}, (seed, damaged.damage().rows())
    assert planted > len(SEEDS) / 2


@pytest.mark.parametrize("kind", ["unit of a stretch", "unit of a bar", "far and back", "split"])
def test_leaps_are_told_of_without_adjusted_closes(kind: str) -> None:
    plant, rule = KINDS[kind]
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        assert rule in plant(random, stock(random)).rules(adjusted=False), seed


def test_a_leap_is_told_of_at_its_bar() -> None:
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        damaged = stock(random)
        first, last = sorted(int(one) for one in random.choice(np.arange(1, 499), 2, replace=False))
        for name in histories.PRICES:
            damaged.prices[name][first:last] /= 100
        assert damaged.damage()["row"].to_list() == [first, last]


@pytest.mark.parametrize("twice", [True, False])
def test_capital_gains(twice: bool) -> None:
    planted, found = 0, 0
    for seed in range(3 * len(SEEDS)):
        random = np.random.default_rng(seed)
        fund = gains(random, stock(random, is_fund=True), twice=twice)
        planted += bool(fund.gains.any())
        found += fund.rules() == {"double_count"} if fund.gains.any() else 0
        assert fund.rules() <= ({"double_count"} if twice else set()), seed
    assert planted > len(SEEDS)
    assert found >= 0.95 * planted if twice else not found


def test_a_phantom_beside_a_payment() -> None:
    """In some the price happens to fall on the phantom's day, too: it is then no phantom that anyone could know of."""
    planted, found = 0, 0
    for seed in range(3 * len(SEEDS)):
        random = np.random.default_rng(seed)
        sound = stock(random)
        damaged = histories.phantom(random, sound)
        planted += differ(sound, damaged)
        found += damaged.rules() == {"dividend_size"}
    assert planted > 2 * len(SEEDS)
    assert found >= 0.95 * planted


def test_one_payment_of_another_unit_beside_regular_ones() -> None:
    """Where the adjusted close has it, too, only the others and the price tell."""
    for factor in (100.0, 0.01):
        for seed in SEEDS:
            found = stock(np.random.default_rng(seed), bars=700)
            rows = np.arange(60, 690, 63)
            before = found.prices["close"][rows - 1]
            found.cash[:], found.taken[:] = 0, 0
            found.cash[rows] = 0.006 * float(np.median(before))
            found.cash[rows[4]] *= factor
            found.taken[rows] = found.cash[rows] / before
            if found.taken.max() < 1:
                told = found.damage()
                assert rows[4] in told["row"], (factor, seed)
                assert set(told["rule"]) == {"dividend_size"}


def test_bars_that_carry_the_last_price_on_are_not_told_of() -> None:
    found = stock(np.random.default_rng(1))
    for row in range(100, 120):
        price = found.prices["close"][99] * (100 if row > 105 else 1)
        found.volume[row] = 0
        for name in histories.PRICES:
            found.prices[name][row] = price
    found.cash[:], found.taken[:] = 0, 0
    assert found.damage()["row"].to_list() == [120], "the leap to what was traded"


def test_damage_of_short_and_empty_frames() -> None:
    found = stock(np.random.default_rng(1))
    for count in range(4):
        assert damage(found.bars().head(count), found.actions()).is_empty()
    nulls = found.bars().with_columns(pl.lit(None, pl.Float64).alias(name) for name in histories.PRICES)
    assert damage(nulls, found.actions()).is_empty()


def test_order_and_nulls_change_nothing() -> None:
    found = histories.unit_stretch(random := np.random.default_rng(2), stock(random))
    bars, told = found.bars(), found.damage()
    turned = damage(bars.reverse(), found.actions())
    assert sorted(bars.height - 1 - turned["row"]) == told["row"].to_list()
    holes = bars.head(1).with_columns(pl.lit(None, pl.Float64).alias(name) for name in bars.columns[2:])
    assert (damage(pl.concat([holes, bars]), found.actions())["row"] - 1).to_list() == told["row"].to_list()


def fixtures(shared_data: Path) -> list[Path]:
    return sorted((shared_data / "providers/yahoo/yfinance_repair_csv").glob("*.csv"))


def read(path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Bars and actions of a file: times, OHLC, `Adj Close`, `Volume`, payments and splits in columns."""
    file = pl.read_csv(path, infer_schema_length=None)
    time = file.columns[0]
    values = file.with_columns(pl.exclude(time, "Repaired?").cast(pl.Float64, strict=False)).with_columns(
        at=pl.col(time).str.to_datetime("%Y-%m-%d %H:%M:%S%z"), day=pl.col(time).str.head(10).str.to_date()
    )
    names = {"Open": "open", "High": "high", "Low": "low", "Close": "close", "Volume": "volume"}
    bars = values.rename({**names, "Adj Close": "adjusted_close"})
    columns = {"Dividends": "cash", "Capital Gains": "capital_gain", "Stock Splits": "split"}
    actions = [
        values.filter(pl.col(column) != 0).select(
            kind=pl.lit(kind), ex_session="day",
            ratio=pl.col(column) if kind == "split" else pl.lit(None, pl.Float64),
            amount=pl.lit(None, pl.Float64) if kind == "split" else pl.col(column),
        )
        for column, kind in columns.items() if column in file.columns
    ]  # fmt: skip
    return bars, pl.concat(actions)


def test_files_of_damage_seen_in_practice(shared_data: Path) -> None:
    wrong = {}
    files = fixtures(shared_data)
    assert len(files) == 65
    for path in files:
        expected = next(rules for name, rules in reversed(FIXTURES.items()) if path.name.endswith(name))
        found = {*damage(*read(path))["rule"]}
        if found != expected:
            wrong[path.name] = found
    assert wrong == {}


def test_payments_are_taken_off_no_leap() -> None:
    """A payment of half the price beside a split of two for one is no split that is missing."""
    for seed in SEEDS:
        found = stock(np.random.default_rng(seed))
        row = 250
        found.splits = [(row + 3, 2.0)]
        found.cash[row - 20 : row + 20], found.taken[row - 20 : row + 20] = 0, 0
        found.cash[row], found.taken[row] = 0.5 * found.prices["close"][row - 1], 0.5
        for name in histories.PRICES:
            found.prices[name][row:] *= 0.5
        found.cash[row + 1 :] *= 0.5
        assert found.rules() == set(), seed
