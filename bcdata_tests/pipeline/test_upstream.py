"""What it takes to call a missing bar upstream, and that it is asked for no more than that takes."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from bcdata.pipeline.zones import Zone
from bcdata.store.state.attempts import Attempts, Refilled
from bcdata_tests.mirror import Rows, day_key, made_day
from bcdata_tests.pipeline.honest import assert_honest, bars_of, published
from bcdata_tests.pipeline.outage import DAY, OUT, SYMBOL, TOMORROW, YESTERDAY, put_coarse, put_outage, run
from bcdata_tests.pipeline.test_labels import cut
from bcdata_tests.run import Lake, tree, utc
from bcdata_tests.world import BY_DAY, D, World

KLINES = r"/spot/api/v3/klines\?.*interval=1m&"
"""The questions for minutes: days that no coarser file covers are asked for their day bars too."""
MINUTES = "klines?symbol=BTCUSDT&interval=1m&"


def outcome(lake: Lake) -> tuple[Refilled, int, int]:
    asked = Attempts(lake.root).refills(D)[SYMBOL, DAY]
    return asked.outcome, asked.tries, asked.answered


@pytest.fixture
def rows(world: World) -> Rows:
    return put_outage(world)


@pytest.fixture
def nothing_near(world: World, rows: Rows) -> Rows:
    """The archive has no minute of the three days: no source has a bar where REST is asked."""
    for day in (YESTERDAY, DAY, TOMORROW):
        world.mirror.remove(day_key(SYMBOL, day))
    world.mirror.put_day(SYMBOL, "2024-12-30", made_day("2024-12-30"))
    world.mirror.put_day(SYMBOL, "2025-01-05", made_day("2025-01-05"))
    return rows


def test_two_empty_answers_a_day_apart_where_no_source_has_a_bar(world: World, nothing_near: Rows) -> None:
    assert nothing_near
    world.add(KLINES, "empty")
    lake = world.lake()
    assert run(lake) == [("00:00", 1440, "open")]
    assert outcome(lake) == (Refilled.EMPTY, 1, 1)
    world.exchange.clear()
    assert run(lake, hours=23) == [("00:00", 1440, "open")]
    assert world.asked(MINUTES) == [], "asked again after a day, not before"
    assert run(lake, hours=25) == [("00:00", 1440, "upstream")]
    assert "twice" in lake.ledger(D, SYMBOL, DAY)["evidence"][0]
    assert outcome(lake) == (Refilled.CONFIRMED, 0, 0)
    world.exchange.clear()
    assert run(lake, hours=24 * 30) == [("00:00", 1440, "upstream")]
    assert world.asked(MINUTES) == [], "settled: never again"


def test_no_number_of_empty_answers_proves_anything_where_the_archive_has_bars(world: World, rows: Rows) -> None:
    """The window that is asked for holds the bars on both sides of the hole, and the archive has these."""
    lie = world.add(KLINES, "empty")
    lake = world.lake()
    for days in range(4):
        assert run(lake, hours=25 * days) == [("12:40", 80, "open")]
        assert outcome(lake) == (Refilled.EMPTY, days + 1, days + 1)
    world.exchange.remove(lie)
    assert run(lake, hours=100) == [("12:40", 80, "refilled")]
    assert published(lake, SYMBOL, DAY) == bars_of(rows)


def test_an_answer_that_has_what_is_known_and_lacks_what_the_hours_traded(world: World, rows: Rows) -> None:
    """REST lacks the bars as the archive does. The archive's hours have their trades: they exist."""
    world.truth.put_day(SYMBOL, DAY, cut(rows, *OUT))
    put_coarse(world, "1h", lacking=(0, 0))
    lake = world.lake()
    assert run(lake) == [("12:40", 80, "open")]
    (evidence,) = lake.ledger(D, SYMBOL, DAY)["evidence"].to_list()
    assert evidence.startswith("the 1h bars of ")
    assert evidence.endswith(" have 240 trades more than the bars in them")
    world.truth.put_day(SYMBOL, DAY, rows)
    assert run(lake, hours=25) == [("12:40", 80, "refilled")]
    assert published(lake, SYMBOL, DAY) == bars_of(rows)


@pytest.mark.parametrize("interval", ["3m", "1h"])
def test_equal_trades_in_coarser_files_leave_an_answer_its_word(world: World, rows: Rows, interval: str) -> None:
    """As on 2023-03-24: the hour of 12 has the trades of its first forty minutes."""
    world.truth.put_day(SYMBOL, DAY, cut(rows, *OUT))
    put_coarse(world, interval, lacking=OUT)
    assert run(world.lake()) == [("12:40", 80, "upstream")]


def test_empty_once_and_full_later(world: World, rows: Rows) -> None:
    lie = world.add(KLINES, "empty")
    lake = world.lake()
    assert run(lake) == [("12:40", 80, "open")]
    world.exchange.remove(lie)
    assert run(lake, hours=25) == [("12:40", 80, "refilled")]
    assert published(lake, SYMBOL, DAY) == bars_of(rows)
    assert outcome(lake) == (Refilled.FILLED, 0, 0)


@pytest.mark.slow
def test_empty_once_and_half_of_it_later(world: World, rows: Rows) -> None:
    """The half that is there is a bar; the other half then lies between bars of one answer."""
    world.truth.put_day(SYMBOL, DAY, cut(rows, 800, 840))
    lie = world.add(KLINES, "empty")
    lake = world.lake()
    assert run(lake) == [("12:40", 80, "open")]
    world.exchange.remove(lie)
    assert run(lake, hours=25) == [("12:40", 40, "refilled"), ("13:20", 40, "upstream")]


@pytest.mark.slow
def test_an_unusable_second_answer_is_none(world: World, rows: Rows) -> None:
    world.add(KLINES, "empty", times=2)  # the question, and the wider one
    world.add(KLINES, "html", after=2)
    lake = world.lake()
    assert run(lake) == [("12:40", 80, "open")]
    assert run(lake, hours=25) == [("12:40", 80, "open")]
    assert outcome(lake) == (Refilled.UNANSWERED, 2, 1)
    assert_honest(lake, SYMBOL, DAY, rows)


@pytest.mark.slow
def test_a_lost_side_table_costs_a_question_and_proves_nothing(world: World, nothing_near: Rows) -> None:
    assert nothing_near
    world.add(KLINES, "empty")
    lake = world.lake()
    run(lake)
    shutil.rmtree(lake.root / ".state")
    assert run(lake, hours=25) == [("00:00", 1440, "open")], "nobody knows any more when it was asked first"
    assert run(lake, hours=50) == [("00:00", 1440, "upstream")]
    settled = tree(lake.root)
    shutil.rmtree(lake.root / ".state")
    assert run(lake, hours=51) == [("00:00", 1440, "upstream")], "that it was asked twice is in the data"
    assert tree(lake.root) == settled


@pytest.mark.one_in(8, slow=2)
@pytest.mark.parametrize("status", [500, 451, 429, 418])
def test_rest_that_never_answers_leaves_it_open_and_asks_again_at_once(
    world: World, rows: Rows, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BCDATA_HTTP_RATE_WAIT", "0.1")
    down = world.add("/spot/api", "status", status=status, retry_after=1 if status in {429, 418} else None)
    lake = world.lake()
    for days in range(3):
        forget_holds(world)
        assert run(lake, hours=24 * days) == [("12:40", 80, "open")]
    assert outcome(lake) == (Refilled.UNANSWERED, 3, 0)
    world.exchange.remove(down)
    forget_holds(world)
    assert run(lake, hours=48) == [("12:40", 80, "refilled")]
    assert published(lake, SYMBOL, DAY) == bars_of(rows)


def forget_holds(world: World) -> None:
    """The archive has the exchange's address here: what REST says of waiting must not stop it."""
    for file in (world.folder / "state").glob("budgets.sqlite*"):
        file.unlink()


def test_the_outage_of_march_2023_is_asked_for_once_and_healed_by_a_republication(
    world: World, shared_data: Path
) -> None:
    day, around = "2023-03-24", ("2023-03-23", "2023-03-24", "2023-03-25")
    for mirror in (world.mirror, world.truth):
        for one in around:
            mirror.copy(shared_data / "binance_vision", f"{day_key(SYMBOL, one)}*")
    lake = world.lake(BY_DAY.replace("2025-01-01", "2023-03-01"))

    def materialize(days: int) -> list[tuple[int, str]]:
        later = Lake(lake.root, lake.now + timedelta(days=days), lake.catalog)
        assert later.materialize(D, SYMBOL, day, until=Zone.MERGED).troubles == []
        return lake.ledger(D, SYMBOL, day).select("bars", "status").rows()

    world.exchange.clear()
    assert materialize(0) == [(80, "upstream")]
    assert len(world.asked(MINUTES)) == 1
    world.exchange.clear()
    for days in (0, 2, 400):
        assert materialize(days) == [(80, "upstream")]
    assert world.asked("/spot/api") == []
    whole = made_day(day)
    world.mirror.put_day(SYMBOL, day, whole)
    assert materialize(401) == []
    assert published(lake, SYMBOL, day) == bars_of(whole)
    assert utc(day) in {row[0] for row in published(lake, SYMBOL, day)}


def test_the_hours_of_march_2023_prove_what_they_lack_while_rest_is_down(world: World, shared_data: Path) -> None:
    for interval in ("1m", "1h"):
        for day in ("2023-03-23", "2023-03-24", "2023-03-25"):
            world.mirror.copy(shared_data / "binance_vision", f"{day_key(SYMBOL, day, interval=interval)}*")
    world.add("/spot/api", "status", status=451)
    lake = world.lake(BY_DAY.replace("2025-01-01", "2023-03-01"))
    assert lake.materialize(D, SYMBOL, "2023-03-24", until=Zone.MERGED).troubles == []
    rows = lake.ledger(D, SYMBOL, "2023-03-24").select("start", "bars", "status").rows()
    assert rows == [(utc("2023-03-24T12:40"), 20, "open"), (utc("2023-03-24T13:00"), 60, "upstream")]
