"""Settlements in files: every row is published or set aside with its reason, in just one partition."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from bcdata.pipeline.funding.answer import SettlementAnswer
from bcdata.pipeline.funding.files import _of_this_partition
from bcdata.pipeline.outcome import State
from bcdata.pipeline.zones import Zone
from bcdata.providers.binance.funding import read_funding_csv
from bcdata.quality.verdict import Severity
from bcdata.store import quarantine
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Grain, Window
from bcdata_tests.mirror import Mirror, zipped
from bcdata_tests.quality.test_settlements import FEBRUARY, content, files
from bcdata_tests.run import ARCHIVE, Lake, Ran, utc
from bcdata_tests.world import World

D, SYMBOL, MONTH, NEXT = "um_funding", "BTCUSDT", "2025-01", "2025-02"
CATALOG = """
datasets:
  um_funding:
    grain: month
    start: 2025-01
    symbols: [BTCUSDT]
    sources: [binance_archive]
    features: false
"""
HOURS = timedelta(hours=8)
TIMES = [utc("2025-01-01") + at * HOURS for at in range(93)]
LATER = [utc("2025-02-01") + at * HOURS for at in range(84)]
HEADER = "calc_time,funding_interval_hours,last_funding_rate\n"


def ms(at: datetime, *, off: int = 0) -> str:
    return str(int(at.timestamp() * 1000) + off)


def rows_of(times: list[datetime]) -> list[str]:
    return [f"{ms(at, off=number % 7 - 3)},8,{number / 10**6}" for number, at in enumerate(times)]


def put(mirror: Mirror, month: str, rows: list[str], *, text: str | None = None) -> None:
    name = f"{SYMBOL}-fundingRate-{month}"
    content = HEADER + "".join(f"{row}\n" for row in rows) if text is None else text
    mirror.put(f"data/futures/um/monthly/fundingRate/{SYMBOL}/{name}.zip", zipped(f"{name}.csv", content.encode()))


def run(lake: Lake, last: str = MONTH) -> Ran:
    return lake.materialize(D, SYMBOL, MONTH, last, until=Zone.MERGED)


def merged(lake: Lake, month: str = MONTH) -> list[datetime]:
    frame = lake.bars(D, SYMBOL, month)
    assert frame is not None
    times: list[datetime] = frame["time"].to_list()
    return times


def set_aside(lake: Lake, month: str = MONTH) -> list[tuple[str, int, str, str]]:
    """What is in quarantine: object, line, reason, and the stamp as sent."""
    partition = Partition("parsed", D, SYMBOL, month, ARCHIVE)
    frame = Store(lake.root).read(quarantine.place(partition))
    return [] if frame is None else frame.select("name", "line", "reason", "calc_time").rows()


def costs(ran: Ran, month: str = MONTH) -> list[tuple[str, Severity, int]]:
    verdict = ran.of(Zone.PARSED, ARCHIVE)[SYMBOL, month].verdict
    return [(one.rule, one.severity, one.count) for one in verdict.findings]


def test_rows_of_another_month_are_set_aside_with_a_finding(world: World) -> None:
    rows = rows_of(TIMES)
    strangers = [f"{ms(LATER[at])},8,0.01" for at in (40, 41)]
    put(world.mirror, MONTH, [*rows[:50], *strangers, *rows[50:]])
    lake = world.lake(CATALOG)
    ran = run(lake)
    assert costs(ran) == [("content_matches_name", Severity.ROW, 2)]
    name = f"{SYMBOL}-fundingRate-{MONTH}.zip"
    assert set_aside(lake) == [
        (name, 50 + at, "content_matches_name", row.split(",")[0]) for at, row in enumerate(strangers)
    ]
    assert merged(lake) == TIMES
    assert lake.ledger(D, SYMBOL, MONTH).is_empty()


@pytest.mark.parametrize("unit", [10**9, 1], ids=["nanoseconds", "seconds"])
def test_a_file_in_another_unit_is_held_back_as_a_file_of_bars_would_be(world: World, unit: int) -> None:
    put(world.mirror, MONTH, [f"{int(at.timestamp()) * unit},8,0.0001" for at in TIMES])
    lake = world.lake(CATALOG)
    ran = run(lake)
    outcome = ran.of(Zone.PARSED, ARCHIVE)[SYMBOL, MONTH]
    assert outcome.verdict.counts() == {"content_matches_name": 93, "bad_share": 1}
    held = ran.of(Zone.MERGED)[SYMBOL, MONTH]
    assert held.state is State.HELD_BACK
    assert held.verdict.counts()["nothing_sound"] == 1
    assert {reason for _, _, reason, _ in set_aside(lake)} == {"content_matches_name"}
    assert len(set_aside(lake)) == 93
    assert lake.bars(D, SYMBOL, MONTH) is None


@pytest.mark.parametrize("stamp", ["1735689600000000000", "1735689600", "9223372036854775807", "-9223372036854775808"])
def test_a_single_stamp_in_another_unit_costs_its_row(world: World, stamp: str) -> None:
    put(world.mirror, MONTH, [f"{stamp},8,0.0001", *rows_of(TIMES)[1:]])
    lake = world.lake(CATALOG)
    ran = run(lake)
    assert ran.troubles == []
    assert costs(ran) == [("content_matches_name", Severity.ROW, 1)]
    assert [row[1:] for row in set_aside(lake)] == [(0, "content_matches_name", stamp)]
    assert merged(lake) == TIMES[1:]


def test_microseconds_are_read_as_those_of_bars_are(world: World) -> None:
    put(world.mirror, MONTH, rows_of(TIMES))
    plain = world.lake(CATALOG)
    run(plain)
    put(world.mirror, MONTH, [f"{ms(at)}000,8,{number / 10**6}" for number, at in enumerate(TIMES)])
    lake = world.lake(CATALOG, name="micros")
    assert costs(run(lake)) == []
    ours, theirs = (one.bars(D, SYMBOL, MONTH) for one in (lake, plain))
    assert ours is not None
    assert theirs is not None
    assert ours.equals(theirs)


@pytest.mark.parametrize("off", [-40, 40], ids=["early", "late"])
def test_over_the_border_by_milliseconds_is_published_once_wherever_it_stands(world: World, off: int) -> None:
    """February's first settlement stands in January's file."""
    put(world.mirror, MONTH, [*rows_of(TIMES), f"{ms(LATER[0], off=off)},8,0.0007"])
    put(world.mirror, NEXT, rows_of(LATER[1:]))
    lake = world.lake(CATALOG)
    ran = run(lake, NEXT)
    assert [costs(ran, month) for month in (MONTH, NEXT)] == [[], []]
    assert (merged(lake), merged(lake, NEXT)) == (TIMES, LATER)


def test_the_month_before_costs_a_partition_nothing(world: World) -> None:
    """It is read along for its last milliseconds: what is wrong with it belongs to its own partition."""
    put(world.mirror, MONTH, [f"{int(at.timestamp())},8,0.0001" for at in TIMES])
    put(world.mirror, NEXT, rows_of(LATER))
    lake = world.lake(CATALOG)
    ran = run(lake, NEXT)
    assert (costs(ran, NEXT), set_aside(lake, NEXT), merged(lake, NEXT)) == ([], [], LATER)
    put(world.mirror, MONTH, [], text="<html>busy</html>\n")
    ran = run(lake, NEXT)
    assert costs(ran) == [("columns", Severity.ROW, 1)]
    assert costs(ran, NEXT) == [("columns", Severity.WARN, 1)]
    assert merged(lake, NEXT) == LATER


def test_an_object_that_cannot_be_read_is_quarantined_and_rest_fills_its_month(world: World) -> None:
    put(world.mirror, MONTH, [], text="<html>busy</html>\n")
    alone = world.lake(CATALOG)
    held = run(alone).of(Zone.MERGED)[SYMBOL, MONTH]
    assert (held.state, held.verdict.counts()["nothing_sound"]) == (State.HELD_BACK, 1)
    put(world.truth, MONTH, rows_of(TIMES))
    lake = world.lake(CATALOG.replace("[binance_archive]", "[binance_archive, binance_rest]"), name="rest")
    assert run(lake).troubles == []
    assert merged(lake) == TIMES
    assert [row[:3] for row in set_aside(lake)] == [(f"{SYMBOL}-fundingRate-{MONTH}.zip", None, "columns")]
    assert set(run(lake).states) == {State.UNCHANGED}


@pytest.mark.parametrize("header", ["", HEADER, HEADER.strip() + ",extra\n"])
def test_one_more_column_is_a_finding_and_costs_nothing(world: World, header: str) -> None:
    put(world.mirror, MONTH, [], text=header + "".join(f"{row},new\n" for row in rows_of(TIMES)))
    lake = world.lake(CATALOG)
    assert costs(run(lake)) == [("extra_columns", Severity.WARN, 1)]
    assert merged(lake) == TIMES


def test_a_byte_order_mark_is_no_data(world: World) -> None:
    put(world.mirror, MONTH, [], text="\ufeff" + HEADER + "".join(f"{row}\n" for row in rows_of(TIMES)))
    lake = world.lake(CATALOG)
    assert costs(run(lake)) == []
    assert merged(lake) == TIMES


def test_a_line_that_is_cut_costs_its_settlement(world: World) -> None:
    rows = rows_of(TIMES)
    rows[30] = rows[30][:15]
    put(world.mirror, MONTH, rows)
    lake = world.lake(CATALOG)
    assert costs(run(lake))[0] == ("values", Severity.ROW, 1)
    gaps = lake.ledger(D, SYMBOL, MONTH)
    assert gaps.select("start", "bars", "status").rows() == [(TIMES[30], 1, "quarantined")]


BAD = {
    "values": "{at},8,n/a",
    "finite": "{at},8,inf",
    "interval": "{at},0,0.0001",
}


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_row_is_quarantined_in_the_ledger_and_rest_may_heal_it(world: World, reason: str) -> None:
    rows = rows_of(TIMES)
    rows[30] = BAD[reason].format(at=ms(TIMES[30]))
    put(world.mirror, MONTH, rows)
    lake = world.lake(CATALOG)
    assert costs(run(lake))[0] == (reason, Severity.ROW, 1)
    assert [row[1:3] for row in set_aside(lake)] == [(30, reason)]
    gaps = lake.ledger(D, SYMBOL, MONTH)
    assert gaps.select("start", "end", "bars", "status").rows() == [(TIMES[30], TIMES[30], 1, "quarantined")]
    assert gaps["evidence"][0] == f"the archive's row breaks the rule {reason} (every 8 h)"
    put(world.truth, MONTH, rows_of(TIMES))
    healed = world.lake(CATALOG.replace("[binance_archive]", "[binance_archive, binance_rest]"))
    assert run(healed).troubles == []
    assert merged(healed) == TIMES
    assert healed.ledger(D, SYMBOL, MONTH).is_empty()


def test_every_row_is_published_or_set_aside(world: World) -> None:
    """Repeated, contradicted and unreadable rows too; identical ones are one settlement said twice."""
    rows = rows_of(TIMES)
    extra = [rows[5], f"{ms(TIMES[60])},8,0.5", "x,8,0.1", "y,8,0.1"]
    put(world.mirror, MONTH, [*rows, *extra])
    lake = world.lake(CATALOG)
    rules = {rule: count for rule, _, count in costs(run(lake))}
    assert rules.items() >= {"values": 2, "duplicate": 1, "duplicate_conflict": 2}.items()
    assert [(line, reason) for _, line, reason, _ in set_aside(lake)] == [
        (60, "duplicate_conflict"),
        (94, "duplicate_conflict"),
        (95, "values"),
        (96, "values"),
    ]
    assert len(merged(lake)) + len(set_aside(lake)) + rules["duplicate"] == len(rows) + len(extra)


def test_rows_of_rest_that_nobody_asked_for_are_set_aside() -> None:
    """The client refuses such an answer; one that lies in raw all the same is not believed either."""
    month = Window(utc("2025-01-01"), utc("2025-02-01"))
    asked = Window(month.start - timedelta(days=1), month.end + timedelta(days=1))
    times = [utc("2024-12-01"), *TIMES, LATER[0], utc("2025-03-01")]
    page: list[dict[str, Any]] = [
        {"symbol": SYMBOL, "fundingTime": int(ms(at)), "fundingRate": "0.0001"} for at in times
    ]
    answer = SettlementAnswer("um", asked, [json.dumps(page).encode()])
    audited = answer.of(month)
    assert audited.settled["time"].to_list() == TIMES
    assert audited.rejected.select("line", "reason").rows() == [
        (0, "content_matches_name"),
        (95, "content_matches_name"),
    ]
    assert answer.times == {*TIMES, LATER[0]}
    assert audited.settled["interval_hours"].null_count() == 93, "REST states no interval"


def test_an_unusable_row_of_rest_is_no_silence() -> None:
    """Something was settled there; what, nobody can tell."""
    month = Window(utc("2025-01-01"), utc("2025-02-01"))
    page = [{"symbol": SYMBOL, "fundingTime": int(ms(at)), "fundingRate": "0.0001"} for at in TIMES[:6]]
    page[3]["fundingRate"] = "n/a"
    answer = SettlementAnswer("um", month, [json.dumps(page).encode()], twice=Window(TIMES[2], TIMES[9]))
    assert answer.of(month).rejected["reason"].to_list() == ["values"]
    after = TIMES[3] + timedelta(minutes=1)
    assert answer.proofs() == {
        "asked": [[month.start.isoformat(), month.end.isoformat()]],
        "confirmed": [[TIMES[0].isoformat(), TIMES[3].isoformat()], [after.isoformat(), TIMES[5].isoformat()]],
        "empty": [[TIMES[2].isoformat(), TIMES[3].isoformat()], [after.isoformat(), TIMES[9].isoformat()]],
    }


@given(files)
def test_every_row_of_a_file_belongs_to_one_month(rows: list[str]) -> None:
    """To the file's own, or, with the settlement at its end, to the next one."""
    months = [Grain.MONTH.window(f"2025-0{at}") for at in range(1, 5)]
    raw = read_funding_csv(content(rows), "f", FEBRUARY)
    before, own, after, later = (_of_this_partition(raw, month) for month in months)
    assert before.is_empty()
    assert later.is_empty()
    assert sorted([*own["line"], *after["line"]]) == list(range(raw.height))
    assert (after["time"] == int(FEBRUARY.end.timestamp()) * 1_000_000).all()
