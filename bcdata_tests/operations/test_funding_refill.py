"""Settlements that the archive lacks: REST heals them once it tells the truth, and takes nothing back that it gave."""

from datetime import datetime, timedelta

import pytest

from bcdata.operations.zones import Zone
from bcdata_tests.mirror import Mirror, zipped
from bcdata_tests.operations.conftest import World
from bcdata_tests.run import Lake, tree, utc

D, SYMBOL, MONTH = "um_funding", "BTCUSDT", "2025-01"
CATALOG = """
datasets:
  um_funding:
    grain: month
    start: 2025-01
    symbols: [BTCUSDT]
    sources: [binance_archive, binance_rest]
    features: false
"""
TIMES = [utc("2025-01-01") + at * timedelta(hours=8) for at in range(93)]
LOST = TIMES[10:13]
ASKED = "/fapi/v1/fundingRate"


def put(mirror: Mirror, times: list[datetime]) -> None:
    rows = "".join(f"{int(at.timestamp() * 1000) + 3},8,0.0001\n" for at in times)
    name = f"{SYMBOL}-fundingRate-{MONTH}"
    body = zipped(f"{name}.csv", f"calc_time,funding_interval_hours,last_funding_rate\n{rows}".encode())
    mirror.put(f"data/futures/um/monthly/fundingRate/{SYMBOL}/{name}.zip", body)


@pytest.fixture
def lake(world: World) -> Lake:
    """A month of settlements whole beyond REST; the archive lacks a day of them."""
    put(world.truth, TIMES)
    put(world.mirror, [at for at in TIMES if at not in LOST])
    return world.lake(CATALOG)


def run(lake: Lake, *, hours: int = 0) -> list[tuple[int, str]]:
    """Materializes the month so many hours later; its ledger."""
    later = Lake(lake.root, lake.now + timedelta(hours=hours), lake.catalog)
    assert later.materialize(D, SYMBOL, MONTH, until=Zone.MERGED).troubles == []
    rows: list[tuple[int, str]] = later.ledger(D, SYMBOL, MONTH).select("bars", "status").rows()
    return rows


def settled(lake: Lake) -> list[datetime]:
    frame = lake.bars(D, SYMBOL, MONTH)
    assert frame is not None
    times: list[datetime] = frame["time"].to_list()
    return times


@pytest.mark.parametrize("kind", ["empty", "html", "wrong_range", "duplicate_rows", "unsorted_rows"])
def test_what_rest_lies_about_is_healed_later(world: World, lake: Lake, kind: str) -> None:
    lie = world.add(ASKED, kind)
    assert run(lake) == [(3, "open")]
    world.exchange.remove(lie)
    assert run(lake, hours=25) == []
    assert settled(lake) == TIMES


def test_it_is_asked_once_a_day_and_not_at_all_once_it_is_whole(world: World, lake: Lake) -> None:
    lie = world.add(ASKED, "empty")
    run(lake)
    once = tree(lake.root)
    for hours, calls in ((0, 0), (23, 0), (25, 1)):
        world.exchange.clear()
        assert run(lake, hours=hours) == [(3, "open")]
        assert len(world.asked(ASKED)) == calls
    assert tree(lake.root) == once, "the same answers are the same bytes"
    world.exchange.remove(lie)
    assert run(lake, hours=50) == []
    world.exchange.clear()
    assert run(lake, hours=500) == []
    assert world.asked(ASKED) == []


def test_a_later_answer_takes_nothing_back(world: World, lake: Lake) -> None:
    """REST had two of the three, and then has none: what it gave stays."""
    put(world.truth, [at for at in TIMES if at != LOST[1]])
    assert run(lake) == [(1, "open")]
    world.add(ASKED, "empty")
    assert run(lake, hours=25) == [(1, "open")]
    assert settled(lake) == [at for at in TIMES if at != LOST[1]]


@pytest.mark.parametrize("hours", [1, 4, 8])
def test_a_settlement_missing_at_the_exchange_is_no_longer_interval(world: World, hours: int) -> None:
    """The archive has nothing at all: the interval in force is known by the spacing of REST's rows alone."""
    count = 31 * 24 // hours
    times = [TIMES[0] + at * timedelta(hours=hours) for at in range(count)]
    put(world.truth, [*times[:5], *times[6:20], *times[23:-1]])
    put(world.mirror, [])
    lake = world.lake(CATALOG)
    assert run(lake) == [(1, "open"), (3, "open"), (1, "open")]


def test_an_interval_that_changes_is_none_missing(world: World) -> None:
    times = [*TIMES[:30], *(TIMES[30] + at * timedelta(hours=4) for at in range(63 * 2))]
    put(world.truth, times)
    put(world.mirror, [])
    assert run(world.lake(CATALOG)) == []
