"""Damaged charts of Yahoo, raw to merged: told of by name, published as they were sent; of sound ones nothing."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from bcdata.pipeline.zones import Zone
from bcdata.simulate.session_market import ListedSymbol, SessionMarket
from bcdata.simulate.yahoo import Day, LoopbackYahoo, WrittenDays
from bcdata_tests.command import Command, materialize
from bcdata_tests.quality.damage.histories import PRICES, Stock, stock
from bcdata_tests.run import Lake, pointed_at, utc
from bcdata_tests.scenarios.session_lake import hours_of, lake_at

NOW = utc("2024-12-20T12:00")
BARS, ACTIONS = "us_equity_klines_1d", "us_equity_actions"
CATALOG = f"""
datasets:
  {BARS}: {{grain: month, start: 2024-08, symbols: [AAPL], sources: [yahoo], features: false}}
  {ACTIONS}: {{grain: month, start: 2024-08, symbols: [AAPL], sources: [yahoo]}}
"""
NAMES = {"unit_jump", "missing_split", "dividend_size", "double_count"}


@pytest.fixture(scope="module")
def market() -> SessionMarket:
    hours = hours_of("XNYS", date(2024, 1, 2), date(2024, 12, 31))
    return SessionMarket([ListedSymbol("AAPL", hours, date(2024, 1, 2), 100.0)])


@pytest.fixture
def sound(market: SessionMarket) -> Stock:
    """A history of a year of sessions, with a payment in August and a split in October."""
    days = [one.label for one in market.symbols["AAPL"].sessions() if one.label < NOW.date()]
    found = stock(np.random.default_rng(7), bars=len(days))
    row = days.index(date(2024, 8, 9))
    found = replace(found, days=np.array(days, "datetime64[D]"), cash=np.zeros(len(days)), taken=np.zeros(len(days)))
    found.cash[row] = 0.04 * found.prices["close"][row - 1]
    found.taken[row] = 0.04
    for name in PRICES:
        found.prices[name][row:] *= 0.96
    found.splits = [(days.index(date(2024, 10, 8)), 4.0)]
    return found


def served(found: Stock) -> WrittenDays:
    rows = found.bars().select("day", *PRICES, "adjusted_close", "volume").rows()
    days = [day for day, *_ in rows]

    def paid(amounts: "np.typing.NDArray[np.float64]") -> dict[date, float]:
        return {days[row]: float(amounts[row]) for row in np.flatnonzero(amounts)}

    splits = {days[row]: (ratio, 1.0) for row, ratio in found.splits}
    return WrittenDays({day: Day(*values) for day, *values in rows}, paid(found.cash), paid(found.gains), splits)


@contextmanager
def world(folder: Path, market: SessionMarket, found: Stock) -> Iterator[Lake]:
    lake = lake_at(folder, CATALOG, NOW)
    with LoopbackYahoo(market, now=NOW) as server, pointed_at(server.environment(), folder / "state"):
        server.serve("AAPL", served(found))
        yield lake


def told(lake: Lake, dataset: str) -> dict[str, set[str]]:
    """The damage that each month is told of."""
    ran = lake.materialize(dataset, "AAPL", "2024-08", "2024-10")
    assert ran.ok, ran.troubles
    months = {month: set(one.verdict.counts()) & NAMES for (_, month), one in ran.of(Zone.PARSED, "yahoo").items()}
    return {month: rules for month, rules in months.items() if rules}


def in_row(found: Stock, day: date) -> int:
    return int(np.flatnonzero(found.days == np.datetime64(day))[0])


def unit_of_a_stretch(found: Stock) -> None:
    for name in PRICES:
        found.prices[name][in_row(found, date(2024, 8, 1)) : in_row(found, date(2024, 9, 17))] *= 100


def split_of_some(found: Stock) -> None:
    for name in PRICES:
        found.prices[name][: in_row(found, date(2024, 10, 7))] *= 4


def payment_in_cents(found: Stock) -> None:
    found.cash *= 100


def payment_missing(found: Stock) -> None:
    found.taken[:] = 0


def payment_of_no_price(found: Stock) -> None:
    row = in_row(found, date(2024, 9, 12))
    found.cash[row] = 0.4 * found.prices["close"][row - 1]
    found.taken[row] = 0.4


def gains_twice(found: Stock) -> None:
    row = in_row(found, date(2024, 8, 9))
    found.gains[row] = found.cash[row]
    found.taken[row] = 0.08


DAMAGE: dict[Callable[[Stock], None], tuple[dict[str, set[str]], dict[str, set[str]]]] = {
    unit_of_a_stretch: ({"2024-08": {"unit_jump"}, "2024-09": {"unit_jump"}}, {}),
    split_of_some: ({"2024-10": {"missing_split"}}, {"2024-10": {"missing_split"}}),
    payment_in_cents: ({"2024-08": {"dividend_size"}}, {"2024-08": {"dividend_size"}}),
    payment_missing: ({"2024-08": {"dividend_size"}}, {"2024-08": {"dividend_size"}}),
    payment_of_no_price: ({"2024-09": {"dividend_size"}}, {"2024-09": {"dividend_size"}}),
    gains_twice: ({"2024-08": {"double_count"}}, {"2024-08": {"double_count"}}),
}
"""What each kind of damage is called, by the months of bars and of actions. August begins with a leap."""


def test_nothing_is_said_of_a_sound_history(tmp_path: Path, market: SessionMarket, sound: Stock) -> None:
    with world(tmp_path, market, sound) as lake:
        assert told(lake, BARS) == {}
        assert told(lake, ACTIONS) == {}


@pytest.mark.parametrize("planted", DAMAGE, ids=lambda one: one.__name__)
def test_damage_is_told_of_where_it_is(
    planted: Callable[[Stock], None], tmp_path: Path, market: SessionMarket, sound: Stock
) -> None:
    planted(sound)
    with world(tmp_path, market, sound) as lake:
        assert (told(lake, BARS), told(lake, ACTIONS)) == DAMAGE[planted]
        whole = sound.bars()
        for month in ("2024-08", "2024-09"):
            bars = lake.bars(BARS, "AAPL", month)
            assert bars is not None
            sent = whole.filter(whole["day"].dt.strftime("%Y-%m") == month)
            assert bars["session"].to_list() == sent["day"].to_list()
            for name in PRICES:
                assert bars[name].to_list() == [4 * one for one in sent[name]], "as sent, the split taken out"


@pytest.mark.parametrize(("planted", "rule"), [(unit_of_a_stretch, "unit_jump"), (payment_in_cents, "dividend_size")])
def test_the_command_warns_and_succeeds(
    planted: Callable[[Stock], None], rule: str, tmp_path: Path, market: SessionMarket, sound: Stock
) -> None:
    planted(sound)
    with world(tmp_path, market, sound) as lake:
        own = {"BCDATA_ROOT": str(lake.root), "BCDATA_CATALOG": str(tmp_path / "catalog.yaml"), "COLUMNS": "200"}
        own |= {"BCDATA_NOW": NOW.isoformat(), "DAGSTER_HOME": str(tmp_path / "dagster")}
        words = materialize(BARS, "AAPL", "2024-08", "2024-08", "--json")
        ran = Command(tmp_path, {**os.environ, **own}).here(words)
    assert ran.returncode == 0, ran.stderr
    print(ran.stdout[:3000])
    assert rule in ran.stdout
