"""Holes and what REST says of them: true answers heal or confirm, anything else leaves them open and says so."""

from datetime import timedelta

import polars as pl
import pytest

from bcdata.pipeline.outcome import State
from bcdata.pipeline.zones import Zone
from bcdata_tests.mirror import Rows, made_day
from bcdata_tests.pipeline.honest import assert_honest, bars_of, published
from bcdata_tests.run import REST, Lake, utc
from bcdata_tests.world import BARS_BY_DAY, BARS_BY_MONTH, D, World

DAY = "2025-01-02"
HOLE = slice(600, 660)
KLINES = "/spot/api/v3/klines"
MINUTES = "klines?symbol=BTCUSDT&interval=1m&"
"""The questions for bars; days that no coarser file covers are asked for their day bars too."""


@pytest.fixture
def rows(world: World) -> Rows:
    """A day with an hour's hole in the archive, whole beyond REST, between two sound days."""
    for day in ("2025-01-01", "2025-01-03"):
        world.mirror.put_day("BTCUSDT", day, made_day(day))
        world.truth.put_day("BTCUSDT", day, made_day(day))
    rows = made_day(DAY)
    world.mirror.put_day("BTCUSDT", DAY, [*rows[: HOLE.start], *rows[HOLE.stop :]])
    world.truth.put_day("BTCUSDT", DAY, rows)
    return rows


def statuses(lake: Lake) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = lake.ledger(D, "BTCUSDT", DAY).select("bars", "status").rows()
    return found


def test_rest_heals_a_hole_in_one_call(world: World, rows: Rows) -> None:
    lake = world.lake(BARS_BY_DAY)
    world.exchange.clear()
    assert lake.materialize(D, "BTCUSDT", DAY).troubles == []
    assert published(lake, "BTCUSDT", DAY) == bars_of(rows)
    assert statuses(lake) == [(60, "refilled")]
    assert len(world.asked(MINUTES)) == 1
    bars = lake.bars(D, "BTCUSDT", DAY)
    assert bars is not None
    assert bars.filter(pl.col("source") == REST)["open_time"].to_list() == [
        utc(f"{DAY}T10:00") + at * timedelta(minutes=1) for at in range(60)
    ]


def test_without_refill_the_hole_stays_open_and_rest_is_not_asked(world: World, rows: Rows) -> None:
    lake = world.lake(BARS_BY_DAY)
    world.exchange.clear()
    assert lake.materialize(D, "BTCUSDT", DAY, refill=False).troubles == []
    assert_honest(lake, "BTCUSDT", DAY, rows)
    assert statuses(lake) == [(60, "open")]
    assert world.asked("/spot/api") == []


def test_a_hole_that_rest_has_too_is_upstream_and_not_asked_about_again(world: World, rows: Rows) -> None:
    world.truth.put_day("BTCUSDT", DAY, [*rows[: HOLE.start], *rows[HOLE.stop :]])
    lake = world.lake(BARS_BY_DAY)
    assert lake.materialize(D, "BTCUSDT", DAY).troubles == []
    assert_honest(lake, "BTCUSDT", DAY, rows)
    assert statuses(lake) == [(60, "upstream")]
    world.exchange.clear()
    lake.materialize(D, "BTCUSDT", DAY)
    assert world.asked(MINUTES) == []


def test_half_of_a_hole(world: World, rows: Rows) -> None:
    world.truth.put_day("BTCUSDT", DAY, [*rows[:630], *rows[HOLE.stop :]])
    lake = world.lake(BARS_BY_DAY)
    assert lake.materialize(D, "BTCUSDT", DAY).troubles == []
    assert_honest(lake, "BTCUSDT", DAY, rows)
    assert statuses(lake) == [(30, "refilled"), (30, "upstream")]


def test_a_hole_across_a_border_of_partitions(world: World) -> None:
    first, second = made_day("2025-01-01"), made_day("2025-01-02")
    for day, whole, part in (("2025-01-01", first, first[:1400]), ("2025-01-02", second, second[30:])):
        world.mirror.put_day("BTCUSDT", day, part)
        world.truth.put_day("BTCUSDT", day, whole)
    lake = world.lake(BARS_BY_DAY)
    assert lake.materialize(D, "BTCUSDT", "2025-01-01", "2025-01-02").troubles == []
    assert published(lake, "BTCUSDT", "2025-01-01") == bars_of(first)
    assert published(lake, "BTCUSDT", "2025-01-02") == bars_of(second)


LIES = [
    ("wrong_range", {}),
    ("duplicate_rows", {}),
    ("unsorted_rows", {}),
    ("extra_rows", {}),
    ("unfinished_rows", {}),
    ("html", {}),
    ("garbage", {"flips": 200}),
    ("truncate_silently", {}),
    ("status", {"status": 500}),
    ("status", {"status": 451}),
    ("status", {"status": 400}),
    ("reset", {}),
    ("stall", {}),
    ("truncate", {}),
]


@pytest.mark.one_in(16, slow=4)
@pytest.mark.parametrize(("kind", "settings"), LIES)
def test_an_answer_that_cannot_be_used_proves_nothing(
    world: World, rows: Rows, monkeypatch: pytest.MonkeyPatch, kind: str, settings: dict[str, object]
) -> None:
    monkeypatch.setenv("BCDATA_HTTP_ATTEMPTS", "2")
    monkeypatch.setenv("BCDATA_HTTP_READ_TIMEOUT", "0.3")
    fault = world.add(KLINES, kind, **settings)
    lake = world.lake(BARS_BY_DAY)
    ran = lake.materialize(D, "BTCUSDT", DAY)
    assert ran.troubles == []
    assert "refill_unanswered" in ran.rules(Zone.RAW, "BTCUSDT", DAY, REST)
    assert_honest(lake, "BTCUSDT", DAY, rows)
    assert statuses(lake) == [(60, "open")]
    world.exchange.remove(fault)
    assert lake.materialize(D, "BTCUSDT", DAY).troubles == []
    assert published(lake, "BTCUSDT", DAY) == bars_of(rows)
    assert statuses(lake) == [(60, "refilled")]


def test_an_empty_answer_alone_proves_nothing(world: World, rows: Rows) -> None:
    fault = world.add(KLINES, "empty")
    lake = world.lake(BARS_BY_DAY)
    assert lake.materialize(D, "BTCUSDT", DAY).troubles == []
    assert_honest(lake, "BTCUSDT", DAY, rows)
    assert statuses(lake) == [(60, "open")]
    world.exchange.remove(fault)
    later = Lake(lake.root, lake.now + timedelta(days=2), lake.catalog)
    assert later.materialize(D, "BTCUSDT", DAY).troubles == []
    assert published(later, "BTCUSDT", DAY) == bars_of(rows)


def test_an_unfinished_row_is_not_taken_for_a_bar(world: World, rows: Rows) -> None:
    world.add(KLINES, "unfinished_rows")
    lake = world.lake(BARS_BY_DAY)
    lake.materialize(D, "BTCUSDT", DAY)
    assert_honest(lake, "BTCUSDT", DAY, rows)


def test_a_failed_answer_fails_no_partition_of_the_archive(world: World, rows: Rows) -> None:
    assert rows
    world.add("/spot/api", "status", status=418, retry_after=60)
    lake = world.lake(BARS_BY_DAY)
    ran = lake.materialize(D, "BTCUSDT", "2025-01-01", "2025-01-03")
    assert ran.troubles == []
    assert State.FAILED not in ran.states
    assert lake.ledger(D, "BTCUSDT", "2025-01-01", "2025-01-03").is_empty()


def test_a_bar_that_still_runs_is_neither_asked_for_nor_missing(world: World) -> None:
    """Now lies inside the third day; the archive has the first two, REST all up to now and the running minute."""
    now = utc("2025-01-03T12:34:30")
    days = {day: made_day(day) for day in ("2025-01-01", "2025-01-02", "2025-01-03")}
    for day, rows in days.items():
        world.truth.put_day("BTCUSDT", day, rows)
        if day < "2025-01-03":
            world.mirror.put_day("BTCUSDT", day, rows)
    world.exchange.now = now
    lake = world.lake(BARS_BY_MONTH, now)
    assert lake.materialize(D, "BTCUSDT", "2025-01").troubles == []
    every = [row for rows in days.values() for row in rows]
    assert published(lake, "BTCUSDT", "2025-01") == bars_of(every[: 2 * 1440 + 12 * 60 + 34])
    ledger = assert_honest(Lake(lake.root, utc("2025-01-03T12:34"), lake.catalog), "BTCUSDT", "2025-01", every)
    assert set(ledger["status"]) == {"refilled"}


def test_the_open_month_grows_as_days_come(world: World) -> None:
    days = {f"2025-01-0{at}": made_day(f"2025-01-0{at}") for at in range(1, 5)}
    for day, rows in days.items():
        world.truth.put_day("BTCUSDT", day, rows)
    first, now = "2025-01-01", utc("2025-01-02T12:00")
    world.mirror.put_day("BTCUSDT", first, days[first])
    lake = world.lake(BARS_BY_MONTH, now)
    assert lake.materialize(D, "BTCUSDT", "2025-01", refill=False).troubles == []
    assert lake.ledger(D, "BTCUSDT", "2025-01").select("bars", "status").rows() == [(720, "not_published")]
    for day in ("2025-01-02", "2025-01-03", "2025-01-04"):
        world.mirror.put_day("BTCUSDT", day, days[day])
    later = Lake(lake.root, utc("2025-01-05"), lake.catalog)
    assert later.materialize(D, "BTCUSDT", "2025-01", refill=False).troubles == []
    assert published(later, "BTCUSDT", "2025-01") == bars_of([row for rows in days.values() for row in rows])
    assert later.ledger(D, "BTCUSDT", "2025-01").is_empty()
