"""What labels of metrics mean, over the change of um's: each time once, and where nothing tells, nothing is guessed."""

import pytest

from bcdata.pipeline.zones import Zone
from bcdata_tests.pipeline.metric_files import (
    floats_of,
    key_of,
    ledger,
    line,
    lines,
    lines_to_midnight,
    merged,
    put,
    run,
    set_aside,
    times_of,
    truth,
)
from bcdata_tests.run import ARCHIVE, utc
from bcdata_tests.world import World

CHANGE_DAYS = ("2026-06-24", "2026-06-25")
CHANGE_FILES = ("2026-06-23", "2026-06-24", "2026-06-25", "2026-06-26")
MARKETS = pytest.mark.parametrize("market", ["um", "cm"])


@MARKETS
def test_across_the_change_each_time_is_there_once(world: World, market: str) -> None:
    for day in CHANGE_FILES:
        put(world.mirror, market, day)
    lake, ran = run(world, market, *CHANGE_DAYS)
    assert ran.troubles == []
    assert merged(lake, market, *CHANGE_DAYS) == truth(*CHANGE_DAYS)
    assert ledger(lake, market, *CHANGE_DAYS) == []


def test_the_file_of_the_change_has_its_first_label_twice() -> None:
    rows = lines("um", "2026-06-25")
    assert len(rows) == 289
    assert [row[:19] for row in rows[:3]] == ["2026-06-25 00:00:00"] * 2 + ["2026-06-25 00:05:00"]


@pytest.mark.parametrize("order", ["reversed", "starts first", "apart"])
def test_of_two_meanings_nothing_is_guessed(world: World, order: str) -> None:
    rows = lines("um", "2026-06-25")
    changed = {
        "reversed": rows[::-1],
        "starts first": [*rows[2:], *rows[:2]],
        "apart": [rows[0], *rows[2:], rows[1]],
    }
    for day in CHANGE_FILES:
        put(world.mirror, "um", day, changed[order] if day == "2026-06-25" else None)
    lake, ran = run(world, "um", *CHANGE_DAYS)
    assert ran.troubles == []
    expected = truth(*CHANGE_DAYS)
    unclear = [utc("2026-06-24T23:55"), utc("2026-06-25")]
    assert merged(lake, "um", *CHANGE_DAYS) == {at: row for at, row in expected.items() if at not in unclear}
    assert ledger(lake, "um", *CHANGE_DAYS) == [
        ("06-24 23:55", "06-24 23:55", 1, "quarantined"),
        ("06-25 00:00", "06-25 00:00", 1, "quarantined"),
    ]
    for day in CHANGE_DAYS:
        assert [reason for _, _, reason in set_aside(lake, "um", day)] == ["duplicate_conflict"]
        assert ran.rules(Zone.PARSED, "BTCUSDT", day, ARCHIVE) == {"duplicate_conflict": 1}
        words = "it is of 2026-06-24 23:55 or of 2026-06-25 00:00"
        assert words in lake.ledger("um_metrics", "BTCUSDT", day)["evidence"][0]


@pytest.mark.parametrize("first", [0, 1, 2, 3])
def test_files_that_end_at_midnight_come_to_the_same(world: World, first: int) -> None:
    """In issue 491 files of um are labelled from 00:05 to 00:00 of the next day, in a genuine one from 00:00 to 23:55.

    From one of the days on the files are in the other layout; the last of those before has its midnight, too.
    """
    days = ("2026-06-22", *CHANGE_FILES)
    for at, day in enumerate(days):
        rows = lines_to_midnight("um", day) if at >= first else lines("um", day)
        if at == first - 1:
            rows = [*rows, line("um", times_of(day)[-1])]
        put(world.mirror, "um", day, rows)
    lake, ran = run(world, "um", *days[1:-1])
    assert ran.troubles == []
    assert merged(lake, "um", *days[1:-1]) == truth(*days[1:-1])
    assert ledger(lake, "um", *days[1:-1]) == []
    assert all(outcome.verdict.findings == () for outcome in ran.of(Zone.PARSED, ARCHIVE).values())


@pytest.mark.parametrize("case", ["lost", "broken", "not believed", "the same row"])
def test_a_single_row_is_a_start_only_if_the_file_before_has_the_end(world: World, case: str) -> None:
    for day in CHANGE_FILES:
        put(world.mirror, "um", day, lines_to_midnight("um", day))
    before, rows = CHANGE_FILES[1], lines_to_midnight("um", CHANGE_FILES[2])
    whole = lines_to_midnight("um", before)
    if case == "lost":
        world.mirror.remove(key_of("um", before))
    elif case == "broken":
        put(world.mirror, "um", before, content=b"<html>\n")
    elif case == "not believed":
        put(world.mirror, "um", before, [*(row.replace("BTC", "ETH") for row in whole[:-1]), whole[-1]])
    else:
        put(world.mirror, "um", CHANGE_FILES[2], [whole[-1], *rows[1:]])
    lake, ran = run(world, "um", CHANGE_FILES[2])
    assert ran.troubles == []
    assert ledger(lake, "um", CHANGE_FILES[2]) == [("06-25 00:00", "06-25 00:00", 1, "quarantined")]
    assert [reason for *_, reason in set_aside(lake, "um", CHANGE_FILES[2])] == ["ambiguous_label"]
    assert ran.rules(Zone.PARSED, "BTCUSDT", CHANGE_FILES[2], ARCHIVE) == {"ambiguous_label": 1}
    put(world.mirror, "um", before, whole)
    put(world.mirror, "um", CHANGE_FILES[2], rows)
    lake, ran = run(world, "um", CHANGE_FILES[2])
    assert merged(lake, "um", CHANGE_FILES[2]) == truth(CHANGE_FILES[2])
    assert ledger(lake, "um", CHANGE_FILES[2]) == []


def test_where_both_meanings_say_the_same_there_is_nothing_to_choose(world: World) -> None:
    rows = lines("um", "2026-06-25")
    equal = [rows[0], *rows[2:], rows[0]]
    for day in CHANGE_FILES:
        put(world.mirror, "um", day, equal if day == "2026-06-25" else None)
    lake, ran = run(world, "um", *CHANGE_DAYS)
    assert ran.troubles == []
    found = merged(lake, "um", *CHANGE_DAYS)
    assert found.keys() == truth(*CHANGE_DAYS).keys()
    assert found[utc("2026-06-25")] == found[utc("2026-06-24T23:55")] == floats_of(utc("2026-06-24T23:55"))


@pytest.mark.parametrize("copies", [1, 2], ids=["once", "all twice"])
def test_a_single_row_of_both_meanings_is_of_neither(world: World, copies: int) -> None:
    rows = lines("um", "2026-06-25")[1:] * copies
    for day in CHANGE_FILES:
        put(world.mirror, "um", day, rows if day == "2026-06-25" else None)
    lake, ran = run(world, "um", *CHANGE_DAYS)
    assert ran.troubles == []
    assert [row[3] for row in ledger(lake, "um", *CHANGE_DAYS)] == ["quarantined", "quarantined"]
    assert len(merged(lake, "um", *CHANGE_DAYS)) == 2 * 288 - 2
    assert set_aside(lake, "um", "2026-06-24") == []
    assert [reason for *_, reason in set_aside(lake, "um", "2026-06-25")] == ["ambiguous_label"] * copies
    assert ran.rules(Zone.PARSED, "BTCUSDT", "2026-06-25", ARCHIVE)["ambiguous_label"] == copies


def test_after_the_change_a_day_waits_for_no_other_file(world: World) -> None:
    put(world.mirror, "um", "2026-07-01")
    lake, ran = run(world, "um", "2026-07-01", now=utc("2026-07-02T10:00"))
    assert ran.troubles == []
    assert ledger(lake, "um", "2026-07-01") == []
    assert not [one for one in world.asked("/archive/") if "2026-07-02" in one]
