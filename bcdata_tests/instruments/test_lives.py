"""Whose a ticker was: renames, tickers that were used again, and what the catalog states."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.instruments.lives import Life, Renamed, lives
from bcdata.venues.dated_symbols import DatedSymbol

META = date(2022, 6, 9)
METV = date(2022, 1, 31)
RENAMES = [Renamed(META, "FB", "META", "alpaca"), Renamed(METV, "META", "METV", "alpaca")]
DAYS = st.dates(date(2020, 1, 1), date(2020, 3, 1))
SYMBOLS = st.sampled_from("ABCD")


def test_a_symbol_that_never_changed_has_one_life() -> None:
    assert lives("AAPL", [], RENAMES) == [Life("AAPL")]


def test_a_rename_ends_one_life_and_begins_another() -> None:
    assert lives("FB", [], RENAMES) == [
        Life("FB", None, META, goes_on_as="META", told_by="alpaca"),
        Life("FB", META),  # whoever takes the ticker then is somebody else
    ]
    assert lives("META", [], RENAMES) == [
        Life("META", None, METV, goes_on_as="METV", told_by="alpaca"),
        Life("META", METV, META, told_by="alpaca"),
        Life("META", META, came_from="FB", told_by="alpaca"),
    ]


def test_a_ticker_that_goes_from_one_to_another_on_one_day() -> None:
    at = date(2024, 5, 6)
    found = lives("B", [], [Renamed(at, "B", "C", "x"), Renamed(at, "A", "B", "x")])
    assert found == [Life("B", None, at, goes_on_as="C", told_by="x"), Life("B", at, came_from="A", told_by="x")]


def test_what_the_catalog_states_counts() -> None:
    dated = [
        DatedSymbol("META", None, METV, "metaverse"),
        DatedSymbol("FB", None, META, "facebook"),
        DatedSymbol("META", META, None, "facebook"),
        DatedSymbol("META", currency="USD"),
    ]
    assert lives("FB", dated, RENAMES) == [Life("FB", None, META, "facebook", goes_on_as="META")]
    assert lives("META", dated, RENAMES) == [
        Life("META", None, METV, "metaverse"),
        Life("META", META, None, "facebook", came_from="FB"),
    ]
    assert lives("METV", dated, RENAMES)[1].came_from == "META"  # of which nothing is stated


def test_one_instrument_that_stood_still_has_one_life() -> None:
    dated = [DatedSymbol("A", None, METV, "one"), DatedSymbol("A", META, None, "one")]
    assert lives("A", dated, []) == [Life("A", instrument="one")]


@given(st.lists(st.builds(Renamed, DAYS, SYMBOLS, SYMBOLS, st.just("x")), max_size=8), SYMBOLS, DAYS)
def test_each_session_lies_in_one_life(renames: list[Renamed], symbol: str, session: date) -> None:
    found = lives(symbol, [], renames)
    assert sum(one.holds(session) for one in found) == 1
    assert [one.start for one in found[1:]] == [one.end for one in found[:-1]]
    assert found == lives(symbol, [], reversed(renames))


@given(
    st.lists(st.tuples(DAYS, st.integers(1, 9), st.sampled_from(["one", "two"])), max_size=4),
    st.lists(st.builds(Renamed, DAYS, SYMBOLS, SYMBOLS), max_size=3),
    DAYS,
)
def test_no_session_lies_in_two_stated_lives(
    stated: list[tuple[date, int, str]], renames: list[Renamed], session: date
) -> None:
    dated: list[DatedSymbol] = []
    for start, days, name in stated:
        one = DatedSymbol("A", start, start + timedelta(days=days), name)
        if not any(one.meets(other) for other in dated):
            dated.append(one)
    found = lives("A", dated, renames)
    assert sum(one.holds(session) for one in found) == 1 if not dated else sum(one.holds(session) for one in found) <= 1
    assert bool(dated) == any(one.instrument for one in found)


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_what_is_stated_does_not_matter(order: int) -> None:
    dated = [DatedSymbol("B", META, None, "one"), DatedSymbol("A", None, META, "one")][::order]
    assert lives("A", dated, []) == [Life("A", None, META, "one", goes_on_as="B")]
