"""Metrics from files to merged: each five minutes once, each row of each file in one place, gaps explained."""

import pytest

from bcdata.healing.refill import standing
from bcdata.healing.republished import look
from bcdata.healing.scrub_raw import verify
from bcdata.pipeline.context import open_own
from bcdata.pipeline.outcome import State
from bcdata.pipeline.zones import Zone, steps
from bcdata.store.store import Store
from bcdata_tests.mirror import zipped
from bcdata_tests.pipeline.metric_files import (
    DAY,
    HEADER,
    LATER,
    STEP,
    SYMBOLS,
    catalog,
    floats_of,
    key_of,
    ledger,
    line,
    lines,
    merged,
    put,
    run,
    set_aside,
    truth,
)
from bcdata_tests.run import ARCHIVE, tree, utc
from bcdata_tests.world import World

DAYS = ("2024-03-01", "2024-03-02", "2024-03-03")
ALL = ("2024-02-29", *DAYS, "2024-03-04")
MARKETS = pytest.mark.parametrize("market", ["um", "cm"])


@MARKETS
def test_all_of_it_is_there_once_and_known_at_its_end(world: World, market: str) -> None:
    for day in ALL:
        put(world.mirror, market, day)
    lake, ran = run(world, market, *DAYS)
    assert ran.troubles == []
    assert merged(lake, market, *DAYS) == truth(*DAYS)
    assert ledger(lake, market, *DAYS) == []
    frame = lake.bars(f"{market}_metrics", SYMBOLS[market], DAYS[0])
    assert frame is not None
    assert (frame["known_at"] - frame["time"]).unique().to_list() == [STEP]
    assert set(frame["source"]) == {ARCHIVE}
    assert all(outcome.verdict.findings == () for outcome in ran.of(Zone.PARSED, ARCHIVE).values())
    before = tree(lake.root)
    _, again = run(world, market, *DAYS)
    assert again.states == {State.UNCHANGED: 9}
    assert tree(lake.root) == before


@MARKETS
def test_months_come_to_the_same_as_days(world: World, market: str) -> None:
    days = ["2023-12-31", *(f"2024-01-{day:02}" for day in range(1, 32)), "2024-02-01"]
    for day in days:
        put(world.mirror, market, day)
    lake = world.lake(catalog(market, grain="month"), now=LATER)
    ran = lake.materialize(f"{market}_metrics", SYMBOLS[market], "2024-01")
    assert ran.troubles == []
    assert merged(lake, market, "2024-01") == truth(*days[1:-1])
    assert ledger(lake, market, "2024-01") == []


@pytest.mark.parametrize(
    ("market", "day", "rest"),
    [("um", "2024-03-02", 287), ("um", "2026-07-02", 288), ("cm", "2024-03-02", 288), ("cm", "2026-07-02", 288)],
)
def test_rows_of_the_next_day_are_set_aside_and_not_dropped(world: World, market: str, day: str, rest: int) -> None:
    days = [f"{utc(day) + at * DAY:%Y-%m-%d}" for at in (-1, 0, 1, 2)]
    strangers = lines(market, days[2])
    for one in days:
        put(world.mirror, market, one, [*lines(market, one), *strangers] if one == day else None)
    lake, ran = run(world, market, *days[:3])
    assert ran.troubles == []
    assert merged(lake, market, *days[:3]).items() >= truth(*days[1:3]).items()
    # Of um before the change the first of them is an end: it is of the last five minutes of its file's own day.
    twice = {"duplicate": 288 - rest} if rest < 288 else {}
    assert ran.rules(Zone.PARSED, SYMBOLS[market], day, ARCHIVE) == {"content_matches_name": rest, **twice}
    assert len(set_aside(lake, market, day)) == rest
    assert set_aside(lake, market, days[2]) == []


def test_before_the_next_file_is_there_the_last_minutes_are_not_due(world: World) -> None:
    """And the partition is asked for again when they are, or when the file comes."""
    for day in DAYS[:2]:
        put(world.mirror, "um", day)
    now = utc("2024-03-03T10:00")
    lake, ran = run(world, "um", DAYS[1], now=now)
    assert ran.troubles == []
    assert ledger(lake, "um", DAYS[1]) == [("03-02 23:55", "03-02 23:55", 1, "not_published")]
    dataset, cell = lake.catalog["um_metrics"], ("BTCUSDT", DAYS[1])

    def is_asked(at: str) -> bool:
        one = standing(lake.root, dataset, utc(at)).get(cell)
        return one is not None and one.due is not None and one.due <= utc(at)

    # Its own file is due 36 h after its end; the row stands in the file of the day after, a day later.
    assert not is_asked("2024-03-04T13:00")
    assert is_asked("2024-03-05T13:00")

    def news(at: str) -> set[tuple[str, str]]:
        return {*look(Store(lake.root), dataset, ["BTCUSDT"], utc(at), seconds=20).cells}

    assert news("2024-03-04T13:00") == set()
    put(world.mirror, "um", DAYS[2])
    assert news("2024-03-04T13:00") == {cell}
    after, ran = run(world, "um", DAYS[1], now=utc("2024-03-04T13:00"))
    assert ran.troubles == []
    assert ledger(after, "um", DAYS[1]) == []
    assert merged(after, "um", DAYS[1]) == truth(DAYS[1])
    assert news("2024-03-05T13:00") == set()
    assert not is_asked("2024-03-05T13:00")


def test_of_a_day_that_still_runs_what_is_over_is_not_due(world: World) -> None:
    put(world.mirror, "cm", DAYS[0])
    now = utc("2024-03-02T10:03")
    lake, ran = run(world, "cm", *DAYS[:2], now=now)
    assert ran.troubles == []
    assert merged(lake, "cm", DAYS[1]) == {}
    assert ledger(lake, "cm", *DAYS[:2]) == [("03-02 00:00", "03-02 09:55", 120, "not_published")]


def test_the_order_in_which_days_come_makes_no_difference(world: World) -> None:
    for day in ALL:
        put(world.mirror, "um", day)
    together, _ = run(world, "um", *DAYS, name="together")
    for day in reversed(DAYS):
        apart, _ = run(world, "um", day, name="apart")
    assert tree(together.root) == tree(apart.root)


def test_holes_duplicates_and_blanks_end_where_they_should(world: World) -> None:
    rows = lines("cm", DAYS[1])
    blank, conflict = rows[30].split(","), rows[60].split(",")
    blank[5] = '""'
    conflict[2] = "1.0"
    quiet = rows[70].split(",")[:2] + [""] * 6
    rows = [*rows[:10], *rows[20:30], ",".join(blank), *rows[31:61], ",".join(conflict), *rows[61:70],
            ",".join(quiet), *rows[71:], rows[200]]  # fmt: skip
    for day in ALL:
        put(world.mirror, "cm", day, rows if day == DAYS[1] else None)
    lake, ran = run(world, "cm", *DAYS)
    assert ran.troubles == []
    assert ledger(lake, "cm", *DAYS) == [
        ("03-02 00:50", "03-02 01:35", 10, "open"),
        ("03-02 05:00", "03-02 05:00", 1, "quarantined"),
        ("03-02 05:50", "03-02 05:50", 1, "quarantined"),
    ]
    found = merged(lake, "cm", DAYS[1])
    assert len(found) == 276
    whole = floats_of(utc("2024-03-02T02:30"))
    assert found[utc("2024-03-02T02:30")] == (*whole[:3], None, *whole[4:])
    assert ran.rules(Zone.PARSED, SYMBOLS["cm"], DAYS[1], ARCHIVE) == {
        "values": 1, "duplicate": 1, "duplicate_conflict": 2, "blank": 1,
    }  # fmt: skip


def test_rows_that_only_an_earlier_version_has_are_said(world: World) -> None:
    for day in ALL:
        put(world.mirror, "cm", day)
    lake, _ = run(world, "cm", DAYS[1])
    put(world.mirror, "cm", DAYS[1], lines("cm", DAYS[1])[:200])
    _, ran = run(world, "cm", DAYS[1])
    assert ran.rules(Zone.PARSED, SYMBOLS["cm"], DAYS[1], ARCHIVE) == {"fewer_rows": 88}
    frame = lake.ledger("cm_metrics", SYMBOLS["cm"], DAYS[1])
    assert frame["status"].to_list() == ["open"]
    assert frame["evidence"][0].startswith("withdrawn: held by version")


def test_a_day_without_its_file_is_open_but_for_what_the_next_one_has(world: World) -> None:
    put(world.mirror, "um", DAYS[2])
    lake, ran = run(world, "um", DAYS[1])
    assert ran.troubles == []
    assert merged(lake, "um", DAYS[1]).keys() == {utc("2024-03-02T23:55")}
    assert ledger(lake, "um", DAYS[1]) == [("03-02 00:00", "03-02 23:50", 287, "open")]


def test_before_the_contract_was_listed_nothing_is_expected(world: World) -> None:
    """Its hours begin within a day, and so do its metrics."""
    hours = [f"{int((utc(DAYS[1]) + at * 12 * STEP).timestamp()) * 1000}" for at in range(9, 24)]
    rows = "".join(f"{at},1,1,1,1,1,{int(at) + 3_599_999},1,1,1,1,0\n" for at in hours)
    name = f"{SYMBOLS['cm']}-1h-{DAYS[1]}"
    key = f"data/futures/cm/daily/klines/{SYMBOLS['cm']}/1h/{name}.zip"
    world.mirror.put(key, zipped(f"{name}.csv", rows.encode()))
    put(world.mirror, "cm", DAYS[1], lines("cm", DAYS[1])[9 * 12 :])
    lake, ran = run(world, "cm", *DAYS[:2])
    assert ran.troubles == []
    assert {row[3] for row in ledger(lake, "cm", *DAYS[:2])} == {"not_listed"}
    assert sum(row[2] for row in ledger(lake, "cm", *DAYS[:2])) == 288 + 108


def test_damage_is_found_in_both_days_that_hold_a_file_and_repaired(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in ALL:
        put(world.mirror, "um", day)
    lake, _ = run(world, "um", *DAYS)
    monkeypatch.setenv("BCDATA_ROOT", str(lake.root))
    before, dataset = tree(lake.root), lake.catalog["um_metrics"]

    def found() -> set[str]:
        """The days with a problem."""
        with open_own(lake.catalog, lake.now) as context:
            return {one.partition.date for one in verify(context, dataset) if one.problems}

    assert found() == set()
    files = sorted(lake.root.glob(f"raw/{ARCHIVE}/um_metrics/symbol=BTCUSDT/*/*{DAYS[1]}*.zip"))
    assert [path.parent.name for path in files] == [f"date={day}" for day in DAYS[:2]]
    for path in files:
        path.write_bytes(path.read_bytes()[:-9] + b"\x00" * 9)
    assert found() == {*DAYS[:2]}
    _, ran = run(world, "um", *DAYS)
    assert ran.troubles == []
    assert tree(lake.root) == before
    assert found() == set()


def test_no_zone_is_made_of_it(world: World) -> None:
    lake = world.lake(catalog("um"))
    assert [step.zone for step in steps(lake.catalog["um_metrics"])] == [Zone.RAW, Zone.PARSED, Zone.MERGED]
    assert HEADER.count(",") == 7
    assert line("um", utc("2023-04-30T23:55")).startswith("2023-05-01 00:00:00,")
    assert key_of("um", "2023-05-01").endswith("BTCUSDT-metrics-2023-05-01.zip")
