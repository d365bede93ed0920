"""A ticker that comes back: one instrument, or two."""

from dataclasses import replace
from datetime import date, timedelta

import polars as pl

from bcdata.instruments.update import read_universe
from bcdata.store.store import Store
from bcdata_tests.instruments.learning import NOW, known, learn, put
from bcdata_tests.mirror import made_day
from bcdata_tests.run import Lake, tree, utc
from bcdata_tests.world import World


def reused(world: World, price: int) -> None:
    """A ticker with an absence of three weeks, traded at 100 before it."""
    put(world, "TWOUSDT", "2025-01-01", "2025-01-02")
    put(world, "TWOUSDT", "2025-01-25", "2025-02-25", price=price)
    for day in range(26, 32):
        put(world, "TWOUSDT", f"2025-01-{day}", price=price)
    for day in range(1, 25):
        put(world, "TWOUSDT", f"2025-02-{day:02}", price=price)


def test_a_ticker_used_again_is_two_instruments(world: World, lake: Lake) -> None:
    reused(world, 900)
    learn(lake)
    table = read_universe(Store(lake.root), "spot").filter(pl.col("symbol") == "TWOUSDT")
    first, second = table.to_dicts()
    assert (first["first_seen"], first["last_seen"], first["status"]) == (
        date(2025, 1, 1),
        date(2025, 1, 2),
        "delisted",
    )
    assert (second["first_seen"], second["last_seen"], second["status"]) == (date(2025, 1, 25), None, "trading")
    assert [first["instrument_id"], second["instrument_id"]] == ["spot:TWOUSDT:2025-01-01", "spot:TWOUSDT:2025-01-25"]
    assert [first["use"], second["use"]] == [1, 2]
    assert first["evidence"].startswith("the ticker was used again: its bars end at 2025-01-02 01:00 at ")
    assert first["evidence"].endswith("REST has no bar in between")
    before = tree(lake.root)
    assert learn(lake).rows == 0, "seen again it is the same"
    assert tree(lake.root) == before


def test_a_ticker_that_comes_back_at_its_price_is_one_instrument(world: World, lake: Lake) -> None:
    reused(world, 104)
    learn(lake)
    assert known(lake)["TWOUSDT"]["instrument_id"] == "spot:TWOUSDT:2025-01-01"
    assert known(lake)["TWOUSDT"]["use"] == 1


def test_an_absence_that_rest_does_not_know_of_is_none(world: World, lake: Lake) -> None:
    """The archive lacks days on which it was traded: the price has changed, and yet it is one instrument."""
    reused(world, 900)
    world.truth.put_day("TWOUSDT", "2025-01-10", made_day("2025-01-10"))
    learn(lake)
    assert known(lake)["TWOUSDT"]["use"] == 1


def test_two_instruments_stay_two_when_the_proof_cannot_be_had_again(world: World, lake: Lake) -> None:
    reused(world, 900)
    learn(lake)
    for memory in lake.root.glob(".state/*"):
        memory.unlink()
    world.add("/spot/api/v3/klines", "status", status=500)
    learn(replace(lake, now=NOW + timedelta(days=1)))
    two = read_universe(Store(lake.root), "spot").filter(pl.col("symbol") == "TWOUSDT")
    assert two["use"].to_list() == [1, 2]
    assert two["first_seen"].to_list() == [date(2025, 1, 1), date(2025, 1, 25)]


def test_a_ticker_seen_to_be_used_again_later_keeps_what_was_known(world: World, lake: Lake) -> None:
    put(world, "TWOUSDT", "2025-01-01", "2025-01-02")
    early = replace(lake, now=utc("2025-01-05"))
    learn(early)
    reused(world, 900)
    learn(lake)
    then = read_universe(Store(lake.root), "spot", early.now).filter(pl.col("symbol") == "TWOUSDT")
    now = read_universe(Store(lake.root), "spot").filter(pl.col("symbol") == "TWOUSDT")
    assert then["instrument_id"].to_list() == ["spot:TWOUSDT:2025-01-01"]
    assert now["instrument_id"].to_list() == ["spot:TWOUSDT:2025-01-01", "spot:TWOUSDT:2025-01-25"]
