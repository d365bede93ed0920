"""Settlements that the archive lacks: REST heals or explains them, once it tells the truth, and takes nothing back."""

import shutil
from datetime import datetime, timedelta

import pytest

from bcdata.errors import StoreError
from bcdata.pipeline.zones import Zone
from bcdata.store.state.attempts import Attempts, Refilled
from bcdata.store.store import Store
from bcdata_tests.mirror import Mirror, zipped
from bcdata_tests.run import Lake, tree, utc
from bcdata_tests.world import World

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
HOURS = timedelta(hours=8)
TIMES = [utc("2025-01-01") + at * HOURS for at in range(93)]
LOST = TIMES[10:13]
ASKED = "/fapi/v1/fundingRate"


def put(mirror: Mirror, times: list[datetime], month: str = MONTH, rate: str = "0.0001") -> None:
    rows = "".join(f"{int(at.timestamp() * 1000) + 3},8,{rate}\n" for at in times)
    name = f"{SYMBOL}-fundingRate-{month}"
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


def outcome(lake: Lake) -> tuple[Refilled, int, int]:
    asked = Attempts(lake.root).refills(D)[SYMBOL, MONTH]
    return asked.outcome, asked.tries, asked.answered


@pytest.mark.parametrize("kind", ["empty", "html", "wrong_range", "duplicate_rows", "unsorted_rows"])
def test_what_rest_lies_about_is_healed_later(world: World, lake: Lake, kind: str) -> None:
    """However often it is told: an answer, empty or not, that lacks what the archive has proves nothing."""
    lie = world.add(ASKED, kind)
    for hours in (0, 25, 50):
        assert run(lake, hours=hours) == [(3, "open")]
    assert outcome(lake) == (Refilled.UNANSWERED, 3, 0)
    world.exchange.remove(lie)
    assert run(lake, hours=51) == []
    assert settled(lake) == TIMES
    assert outcome(lake) == (Refilled.FILLED, 0, 0)


def test_rates_that_the_archive_contradicts_are_none(world: World, lake: Lake) -> None:
    """The right times and another contract's rates: times alone are no identity."""
    put(world.truth, TIMES, rate="0.0007")
    assert run(lake) == [(3, "open")]
    assert outcome(lake) == (Refilled.UNANSWERED, 1, 0)
    put(world.truth, TIMES)
    assert run(lake, hours=25) == []
    assert settled(lake) == TIMES


def test_an_answer_that_the_archive_contradicts_later_proves_and_gives_nothing_any_more(
    world: World, lake: Lake
) -> None:
    """REST was asked before the archive had the month, and lied; what is kept is weighed anew."""
    key = f"data/futures/um/monthly/fundingRate/{SYMBOL}/{SYMBOL}-fundingRate-{MONTH}.zip"
    world.mirror.remove(key)
    put(world.truth, [at for at in TIMES if at not in LOST], rate="0.0007")
    assert run(lake) == [(3, "upstream")]
    put(world.mirror, [at for at in TIMES if at not in LOST[:1]])
    world.add(ASKED, "status", status=500)
    assert run(lake, hours=1) == [(1, "open")]
    frame = lake.bars(D, SYMBOL, MONTH)
    assert frame is not None
    assert set(frame["funding_rate"]) == {0.0001}


def test_what_rest_never_had_is_upstream_at_once_and_asked_for_once(world: World, lake: Lake) -> None:
    """One answer with settlements on both sides and none between, as for bars."""
    put(world.truth, [at for at in TIMES if at not in LOST])
    assert run(lake) == [(3, "upstream")]
    assert "both sides" in lake.ledger(D, SYMBOL, MONTH)["evidence"][0]
    assert outcome(lake) == (Refilled.CONFIRMED, 0, 0)
    once = tree(lake.root)
    world.exchange.clear()
    for hours in (0, 25, 500):
        assert run(lake, hours=hours) == [(3, "upstream")]
    assert world.asked(ASKED) == []
    assert tree(lake.root) == once


def test_at_the_edge_of_a_month_the_next_one_is_the_other_side(world: World, lake: Lake) -> None:
    put(world.mirror, TIMES[:-2])
    put(world.truth, TIMES[:-2])
    put(world.truth, [TIMES[-1] + at * HOURS for at in range(1, 9)], "2025-02")
    assert run(lake) == [(2, "upstream")]


def test_the_ledger_of_an_open_month_goes_on_with_time(world: World, lake: Lake) -> None:
    """REST ends on the tenth, and says so on two days; what is due after that is another question."""
    put(world.truth, TIMES[:30])
    now = Lake(lake.root, TIMES[60] + timedelta(minutes=90), lake.catalog)
    (world.mirror.root / f"data/futures/um/monthly/fundingRate/{SYMBOL}").rename(world.folder / "not yet published")
    assert run(now) == [(31, "not_published")]
    assert run(now, hours=8) == [(32, "not_published")]
    assert run(now, hours=33) == [(32, "upstream"), (3, "not_published")]
    world.add(ASKED, "status", status=451)
    assert run(now, hours=34) == [(32, "upstream"), (3, "not_published")]
    assert run(now, hours=41) == [(32, "upstream"), (4, "not_published")]


def test_a_question_within_the_day_forgets_no_proof(world: World, lake: Lake) -> None:
    put(world.truth, TIMES[:30])
    now = Lake(lake.root, TIMES[60] + timedelta(minutes=90), lake.catalog)
    (world.mirror.root / f"data/futures/um/monthly/fundingRate/{SYMBOL}").rename(world.folder / "not yet published")
    run(now)
    assert run(now, hours=25) == [(31, "upstream"), (3, "not_published")]
    assert run(now, hours=26) == [(31, "upstream"), (3, "not_published")]


def test_an_edge_takes_two_answers_a_day_apart(world: World, lake: Lake) -> None:
    """Neither source goes on after it: that may be the end of what REST has told so far."""
    for one in (world.truth, world.mirror):
        put(one, TIMES[:-2])
    assert run(lake) == [(2, "open")]
    assert outcome(lake) == (Refilled.EMPTY, 1, 1)
    world.exchange.clear()
    assert run(lake, hours=23) == [(2, "open")]
    assert world.asked(ASKED) == [], "asked again after a day, not before"
    assert run(lake, hours=25) == [(2, "upstream")]
    assert "asked twice" in lake.ledger(D, SYMBOL, MONTH)["evidence"][0]
    assert outcome(lake) == (Refilled.CONFIRMED, 0, 0)
    settled_for_good = tree(lake.root)
    shutil.rmtree(lake.root / ".state")
    world.exchange.clear()
    assert run(lake, hours=600) == [(2, "upstream")], "that it was asked twice is in the data"
    assert world.asked(ASKED) == []
    assert tree(lake.root) == settled_for_good


def test_a_lost_side_table_proves_nothing(world: World, lake: Lake) -> None:
    for one in (world.truth, world.mirror):
        put(one, TIMES[:-2])
    run(lake)
    shutil.rmtree(lake.root / ".state")
    assert run(lake, hours=25) == [(2, "open")], "nobody knows any more when it was asked first"
    assert run(lake, hours=50) == [(2, "upstream")]


def test_the_archive_refutes_what_was_upstream(world: World, lake: Lake) -> None:
    put(world.truth, [at for at in TIMES if at not in LOST])
    assert run(lake) == [(3, "upstream")]
    put(world.mirror, TIMES)
    assert run(lake, hours=1) == []
    assert settled(lake) == TIMES


def test_a_later_answer_takes_nothing_back(world: World, lake: Lake) -> None:
    """REST had what the archive lacks but the last one, and then has less: what it gave stays."""
    put(world.mirror, TIMES[:-3])
    put(world.truth, TIMES[:-1])
    assert run(lake) == [(1, "open")]
    put(world.truth, TIMES[:-3])
    for hours in (25, 50):
        assert run(lake, hours=hours) == [(1, "open")]
    assert settled(lake) == TIMES[:-1]


@pytest.mark.parametrize("rows", [1, 10, 50])
def test_a_server_that_sends_few_rows_at_a_time_heals_all_the_same(
    world: World, lake: Lake, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """What it sends first is not all that there is, on whichever day it is asked."""
    monkeypatch.setattr("bcdata.simulate.binance.rest._FUNDING_ROWS", (rows, rows))
    put(world.truth, [at for at in TIMES if at not in LOST[:1]])
    for hours in (0, 25):
        assert run(lake, hours=hours) == [(1, "upstream")]
    assert settled(lake) == [at for at in TIMES if at not in LOST[:1]]


def test_a_damaged_page_is_asked_for_again(world: World, lake: Lake) -> None:
    put(world.truth, [TIMES[0] - at * HOURS for at in (3, 2, 1)], "2024-12")
    put(world.truth, [TIMES[-1] + at * HOURS for at in (1, 2, 3)], "2025-02")
    assert run(lake) == []
    [page] = (lake.root / "raw/binance_rest").rglob("funding.*.json")
    page.write_bytes(b"{")
    world.exchange.clear()
    assert run(lake) == []
    assert len(world.asked(ASKED)) == 1
    assert settled(lake) == TIMES


@pytest.mark.parametrize("hours", [1, 4, 8])
def test_a_settlement_missing_at_the_exchange_is_no_longer_interval(world: World, hours: int) -> None:
    """The archive has nothing at all: the interval in force is known by the spacing of REST's rows alone."""
    count = 31 * 24 // hours
    times = [TIMES[0] + at * timedelta(hours=hours) for at in range(count)]
    put(world.truth, [*times[:5], *times[6:20], *times[23:-1]])
    put(world.mirror, [])
    lake = world.lake(CATALOG)
    assert run(lake) == [(1, "upstream"), (3, "upstream"), (1, "open")]


def test_what_rest_gave_of_a_symbol_stays_when_it_forgets_it(world: World, lake: Lake) -> None:
    put(world.mirror, TIMES[:-3])
    put(world.truth, TIMES[:-1])
    assert run(lake) == [(1, "open")]
    shutil.rmtree(world.truth.root / "data/futures")
    for hours in (25, 50):
        assert run(lake, hours=hours) == [(1, "open")]
    assert settled(lake) == TIMES[:-1]


def test_a_symbol_that_rest_does_not_know_stays_open(world: World) -> None:
    """That it does not know it says nothing of the time before."""
    put(world.mirror, [])
    lake = world.lake(CATALOG)
    for hours in (0, 25, 50):
        assert run(lake, hours=hours) == [(93, "open")]


def test_an_interval_that_changes_is_none_missing(world: World) -> None:
    times = [*TIMES[:30], *(TIMES[30] + at * timedelta(hours=4) for at in range(63 * 2))]
    put(world.truth, times)
    put(world.mirror, [])
    assert run(world.lake(CATALOG)) == []


def test_an_answer_that_was_not_kept_is_asked_for_again(
    world: World, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped between the question and its manifest, the second day's answer is missed by nobody."""
    put(world.mirror, TIMES[:-2])
    put(world.truth, TIMES[:-2])
    assert run(lake) == [(2, "open")]
    with monkeypatch.context() as patch:
        patch.setattr(Store, "put_json", _refuses)
        with pytest.raises(AssertionError, match="no space"):
            run(lake, hours=25)
    assert run(lake, hours=25) == [(2, "upstream")]


def _refuses(*_: object) -> None:
    raise StoreError("no space")
