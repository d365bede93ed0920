"""Zips that are not what they say: bombs, other members, other columns, other days, other symbols."""

import io
import os
import zipfile
from collections.abc import Callable
from datetime import timedelta

import polars as pl
import pytest

from bcdata.pipeline.outcome import State
from bcdata.pipeline.zones import Zone
from bcdata_tests.mirror import csv_of, day_key, made_day, moved, zipped
from bcdata_tests.pipeline.honest import assert_absent, assert_honest, bars_of, published
from bcdata_tests.run import ARCHIVE, Lake, Ran, utc
from bcdata_tests.world import BARS_BY_DAY, BARS_BY_MONTH, BY_DAY, D, World

DAYS = ("2025-01-01", "2025-01-02", "2025-01-03")
BAD = DAYS[1]
MEMBER = f"BTCUSDT-1m-{BAD}.csv"
ROWS = made_day(BAD)


def two_members() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MEMBER, csv_of(ROWS))
        archive.writestr("more.csv", "1")
    return out.getvalue()


def liar() -> bytes:
    """A bomb that states a harmless size in its directory."""
    body = bytearray(zipped(MEMBER, b"0," * 30_000_000))
    at = body.rindex(b"PK\x01\x02")
    body[at + 24 : at + 28] = (100_000).to_bytes(4, "little")
    return bytes(body)


def wrong_crc() -> bytes:
    body = bytearray(zipped(MEMBER, csv_of(ROWS)))
    at = body.rindex(b"PK\x01\x02")
    body[at + 16] ^= 1
    return bytes(body)


WHOLE: dict[str, tuple[Callable[[], bytes], str]] = {
    "a bomb": (lambda: zipped(MEMBER, b"0" * 200_000_000), "bomb"),
    "a bomb that lies about its size": (liar, "unreadable"),
    "another member": (lambda: zipped("ETHUSDT-1m-2025-01-02.csv", csv_of(ROWS)), "content_matches_name"),
    "a member outside its folder": (lambda: zipped(f"../{MEMBER}", csv_of(ROWS)), "content_matches_name"),
    "two members": (two_members, "content_matches_name"),
    "no member": (lambda: b"PK\x05\x06" + bytes(18), "content_matches_name"),
    "a wrong CRC": (wrong_crc, "unreadable"),
    "no zip": (lambda: b"<html>not here</html>", "unreadable"),
    "nothing at all": (lambda: b"", "unreadable"),
    "fewer columns": (lambda: zipped(MEMBER, csv_of([row[:8] for row in ROWS])), "columns"),
    "another header": (lambda: zipped(MEMBER, b"time,price\n" + csv_of(ROWS)), "columns"),
    "the rows of another day": (lambda: zipped(MEMBER, csv_of(moved(ROWS, 5))), "content_matches_name"),
    "nanoseconds": (lambda: zipped(MEMBER, csv_of([[f"{row[0]}000", *row[1:]] for row in ROWS])), "bad_share"),
    "no numbers": (lambda: zipped(MEMBER, csv_of([[row[0], *"abcdefghijk"] for row in ROWS])), "values"),
}


def put(world: World, body: bytes) -> None:
    for day in (DAYS[0], DAYS[2]):
        world.mirror.put_day("BTCUSDT", day, made_day(day))
    world.mirror.put(day_key("BTCUSDT", BAD), body)


def run(world: World, catalog: str = BARS_BY_DAY) -> tuple[Lake, Ran]:
    lake = world.lake(catalog)
    return lake, lake.materialize(D, "BTCUSDT", DAYS[0], DAYS[2], refill=False)


@pytest.mark.one_in(12, slow=4)
@pytest.mark.parametrize("what", WHOLE)
def test_it_is_set_aside_with_its_reason_and_its_neighbours_are_published(world: World, what: str) -> None:
    make, rule = WHOLE[what]
    put(world, make())
    lake, ran = run(world)
    parsed = ran.of(Zone.PARSED, ARCHIVE)["BTCUSDT", BAD]
    assert (parsed.state, parsed.rows) == (State.PUBLISHED, 0)
    assert rule in parsed.verdict.counts()
    assert ran.of(Zone.MERGED)["BTCUSDT", BAD].verdict.counts().get("nothing_sound") == 1
    assert_absent(lake, "BTCUSDT", BAD)
    for day in (DAYS[0], DAYS[2]):
        assert published(lake, "BTCUSDT", day) == bars_of(made_day(day))


@pytest.mark.one_in(12, slow=4)
@pytest.mark.parametrize("what", WHOLE)
def test_in_a_month_it_costs_its_day_alone(world: World, what: str) -> None:
    make, _ = WHOLE[what]
    put(world, make())
    lake = world.lake(BARS_BY_MONTH)
    ran = lake.materialize(D, "BTCUSDT", "2025-01", refill=False)
    assert ran.troubles == []
    truth = [*made_day(DAYS[0]), *ROWS, *made_day(DAYS[2])]
    ledger = assert_honest(lake, "BTCUSDT", "2025-01", truth)
    day = ledger.filter(pl.col("start").dt.date() == utc(BAD).date())
    assert day.select("start", "bars", "status").unique().rows() == [(utc(BAD), 1440, "quarantined")]
    assert f"BTCUSDT-1m-{BAD}.zip" in day["evidence"].item() or "breaks the rule" in day["evidence"].item()
    assert len(published(lake, "BTCUSDT", "2025-01")) == 2880


def changed(at: int, column: int, value: str) -> list[list[str]]:
    rows = [list(row) for row in ROWS]
    rows[at][column] = value
    return rows


SET_ASIDE = {
    "a price of zero": (changed(10, 3, "0.00000000"), "positive_prices"),
    "a negative price": (changed(10, 3, "-1.00000000"), "positive_prices"),
    "not a number": (changed(10, 1, "NaN"), "finite"),
    "infinite": (changed(10, 2, "inf"), "finite"),
    "empty": (changed(10, 4, ""), "values"),
    "a word": (changed(10, 5, "many"), "values"),
    "low above open": (changed(10, 3, "5000.00000000"), "ohlc_bounds"),
    "negative trades": (changed(10, 8, "-3"), "non_negative_volumes"),
    "more taken than traded": (changed(10, 9, "999.00000000"), "taker_within_total"),
    "closed before it opened": (changed(10, 6, "1735776000000000"), "close_time"),
    "off the grid": (changed(10, 0, str(int(ROWS[10][0]) + 1)), "grid"),
    "beyond the calendar": (changed(10, 0, "9223372036854775807"), "content_matches_name"),
    "of another day": (changed(10, 0, str(int(ROWS[10][0]) + 86_400_000_000)), "content_matches_name"),
}


@pytest.mark.one_in(12, slow=4)
@pytest.mark.parametrize("what", SET_ASIDE)
def test_a_bad_row_is_set_aside_with_its_reason_and_its_minute_is_in_the_ledger(world: World, what: str) -> None:
    rows, rule = SET_ASIDE[what]
    put(world, zipped(MEMBER, csv_of(rows)))
    lake, ran = run(world)
    assert ran.troubles == []
    assert ran.rules(Zone.PARSED, "BTCUSDT", BAD, ARCHIVE)[rule] == 1
    ledger = assert_honest(lake, "BTCUSDT", BAD, ROWS)
    assert ledger["bars"].to_list() == [1]
    assert ledger["status"].item() == "quarantined"


def test_a_line_that_is_no_row_costs_its_minute(world: World) -> None:
    lines = csv_of(ROWS).splitlines(keepends=True)
    lines[10] = b"garbage\n"
    put(world, zipped(MEMBER, b"".join(lines)))
    lake, ran = run(world)
    assert ran.troubles == []
    assert ran.rules(Zone.PARSED, "BTCUSDT", BAD, ARCHIVE)["unreadable_line"] == 1
    ledger = assert_honest(lake, "BTCUSDT", BAD, ROWS)
    assert ledger.select("bars", "status").rows() == [(1, "quarantined")]


@pytest.mark.parametrize("line", [b"garbage\n", ROWS[10][0].encode() + b",1\n", b"\x00\xff,,,\n"])
def test_lines_that_are_no_rows_are_quarantined_where_their_time_can_be_told(world: World, line: bytes) -> None:
    lines = csv_of(ROWS).splitlines(keepends=True)
    lines[10:12] = [line, b"more garbage\n"]
    put(world, zipped(MEMBER, b"".join(lines)))
    lake, _ = run(world)
    ledger = assert_honest(lake, "BTCUSDT", BAD, ROWS)
    assert ledger.select("start", "bars", "status").rows() == [(utc(BAD) + timedelta(minutes=10), 2, "quarantined")]
    # Where bars and lines do not fit, nothing tells which are which.
    lines[10:12] = [b"garbage\n"]
    put(world, zipped(MEMBER, b"".join(lines)))
    lake = world.lake(BARS_BY_DAY, name="other")
    lake.materialize(D, "BTCUSDT", BAD, refill=False)
    ledger = assert_honest(lake, "BTCUSDT", BAD, ROWS)
    assert ledger.select("bars", "status").rows() == [(2, "open")]


def test_a_line_that_is_cut_inside_its_last_number_is_no_bar(world: World) -> None:
    lines = csv_of(ROWS).splitlines()
    for at in (10, 1439):
        lines[at] = lines[at][:-4]
    put(world, zipped(MEMBER, b"\n".join(lines)))
    lake, ran = run(world)
    assert ran.troubles == []
    ledger = assert_honest(lake, "BTCUSDT", BAD, ROWS)
    assert ledger.select("bars", "status").rows() == [(1, "quarantined"), (1, "quarantined")]
    assert ledger["evidence"][0] == "the line has 11 fields where klines have 12"


def test_one_more_column_is_a_finding_and_costs_nothing(world: World) -> None:
    put(world, zipped(MEMBER, csv_of([[*row, "new"] for row in ROWS])))
    lake, ran = run(world)
    assert ran.troubles == []
    assert published(lake, "BTCUSDT", BAD) == bars_of(ROWS)
    assert ran.rules(Zone.PARSED, "BTCUSDT", BAD, ARCHIVE) == {"extra_columns": 1}


def test_rows_out_of_order_and_said_twice_are_one_series(world: World) -> None:
    put(world, zipped(MEMBER, csv_of([*reversed(ROWS), ROWS[7]])))
    lake, ran = run(world)
    assert ran.troubles == []
    rules = ran.rules(Zone.PARSED, "BTCUSDT", BAD, ARCHIVE)
    assert (rules["order"], rules["duplicate"]) == (1, 1)
    assert published(lake, "BTCUSDT", BAD) == bars_of(ROWS)


def test_of_two_rows_that_contradict_each_other_none_is_believed(world: World) -> None:
    put(world, zipped(MEMBER, csv_of([*ROWS, changed(7, 8, "4")[7]])))
    lake, ran = run(world)
    assert ran.troubles == []
    assert ran.rules(Zone.PARSED, "BTCUSDT", BAD, ARCHIVE)["duplicate_conflict"] == 2
    ledger = assert_honest(lake, "BTCUSDT", BAD, ROWS)
    assert ledger.select("bars", "status").rows() == [(1, "quarantined")]


@pytest.mark.parametrize(("bad", "held"), [(720, False), (721, True)])
def test_more_than_the_allowed_share_of_bad_rows_costs_the_object(world: World, bad: int, *, held: bool) -> None:
    rows = [[*row[:2], "1.00000000", *row[3:]] if at < bad else row for at, row in enumerate(ROWS)]
    put(world, zipped(MEMBER, csv_of(rows)))
    lake, ran = run(world, BY_DAY)
    assert (ran.of(Zone.MERGED)["BTCUSDT", BAD].state is State.HELD_BACK) == held
    if held:
        assert_absent(lake, "BTCUSDT", BAD)
    else:
        assert assert_honest(lake, "BTCUSDT", BAD, ROWS)["bars"].to_list() == [bad]


def test_where_day_and_month_disagree_the_day_wins_and_it_is_said(world: World) -> None:
    days = [made_day(f"2025-01-{at:02}") for at in range(1, 32)]
    whole = [row for rows in days for row in rows]
    world.mirror.put_month("BTCUSDT", "2025-01", [*whole[:1440], *made_day(BAD, price=90), *whole[2880:]])
    for at in range(1, 32):
        world.mirror.put_day("BTCUSDT", f"2025-01-{at:02}", days[at - 1])
    later = world.mirror.root / day_key("BTCUSDT", BAD)
    stamp = later.stat().st_mtime + 3600
    os.utime(later, (stamp, stamp))
    lake = world.lake(BARS_BY_MONTH)
    ran = lake.materialize(D, "BTCUSDT", "2025-01", refill=False)
    assert ran.troubles == []
    assert ran.rules(Zone.PARSED, "BTCUSDT", "2025-01", ARCHIVE)["daily_monthly_disagree"] == 1440
    assert published(lake, "BTCUSDT", "2025-01") == bars_of(whole)


def test_by_day_a_monthly_object_stands_in_for_a_day_that_is_not_there(world: World) -> None:
    whole = [row for at in range(1, 32) for row in made_day(f"2025-01-{at:02}")]
    world.mirror.put_month("BTCUSDT", "2025-01", whole)
    lake = world.lake(BARS_BY_DAY)
    ran = lake.materialize(D, "BTCUSDT", BAD, refill=False)
    assert ran.troubles == []
    assert published(lake, "BTCUSDT", BAD) == bars_of(ROWS)
    assert lake.ledger(D, "BTCUSDT", BAD).is_empty()
