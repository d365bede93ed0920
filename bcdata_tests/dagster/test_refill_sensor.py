"""Missing bars come by themselves: asked for when they are due, no more than those, and never twice at once."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from bcdata.dagster.sensors.requester import SymbolCursor
from bcdata.healing.backoff import MOST_TRIES
from bcdata.healing.refill import standing
from bcdata.store.state.requests import Requests
from bcdata_tests.dagster.healing import HEAL, MATERIALIZE, D, Ward, cells, warded
from bcdata_tests.mirror import Rows, made_day
from bcdata_tests.pipeline.honest import bars_of, published
from bcdata_tests.run import tree, utc
from bcdata_tests.world import copied

DAYS = ("2025-01-01", "2025-01-02", "2025-01-03")
NOW = "2025-03-01"
SENSOR = "refill"
HOLE = slice(600, 660)
START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days of two symbols, materialized without REST; the second day of one lacks an hour in the archive."""
    folder = tmp_path_factory.mktemp("made")
    with warded(folder, now=NOW) as ward:
        for symbol in ("AAAUSDT", "BBBUSDT"):
            for day in DAYS:
                rows = made_day(day)
                ward.truth.put_day(symbol, day, rows)
                if (symbol, day) == ("BBBUSDT", DAYS[1]):
                    rows = [*rows[: HOLE.start], *rows[HOLE.stop :]]
                ward.mirror.put_day(symbol, day, rows)
        assert ward.lake.materialize(D, "AAAUSDT,BBBUSDT", DAYS[0], DAYS[2], refill=False).ok
    return folder


@pytest.fixture
def ward(made: Path, tmp_path: Path) -> Iterator[Ward]:
    for name in ("archive", "truth", "lake"):
        copied(made / name, tmp_path / name)
    with warded(tmp_path, now=NOW) as ward:
        yield ward


HOLED = ("BBBUSDT", DAYS[1])


def test_just_the_partition_with_a_hole_is_asked_for_and_healed(ward: Ward) -> None:
    [request], _ = ward.tick(SENSOR)
    assert cells(request) == [HOLED]
    ward.exchange.clear()
    assert ward.execute(request).success
    assert published(ward.lake, *HOLED) == bars_of(made_day(DAYS[1]))
    assert ward.asked("/spot/api/v3/klines") == 2, "the hole, and the days to compare its bars with"
    requests, skipped = ward.tick(SENSOR)
    assert requests == []
    assert skipped == f"{D}: 0 partitions of 3 symbols lack bars; 0 are due, 0 given up"


def test_what_a_run_is_at_work_on_is_not_asked_for_again(ward: Ward) -> None:
    """Neither a run of the sensor's own, nor any over the assets, whoever launched it."""
    [request], _ = ward.tick(SENSOR)
    run = dg.DagsterRun(
        job_name=HEAL,
        run_id="1b4e28ba-2fa1-11d2-883f-0016d3cca427",
        status=dg.DagsterRunStatus.STARTED,
        run_config=request.run_config,
        tags=dict(request.tags),
    )
    ward.instance.add_run(run)
    Requests(ward.lake.root).forget("refill", D, [HOLED])
    requests, skipped = ward.tick(SENSOR)
    assert (requests, skipped) == ([], f"{D}: run {run.run_id} is still at work")


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("tags", "is_ours"),
    [
        ({"dagster/partition": f"{DAYS[1]}|BBBUSDT"}, True),
        ({START: f"{DAYS[0]}|AAAUSDT", END: f"{DAYS[2]}|CCCUSDT"}, True),
        ({START: f"{DAYS[0]}|AAAUSDT", END: f"{DAYS[0]}|CCCUSDT"}, False),
        ({START: f"{DAYS[1]}|CCCUSDT", END: f"{DAYS[1]}|CCCUSDT"}, False),
    ],
    ids=["the partition", "a range with it", "another day", "another symbol"],
)
def test_nor_what_a_run_over_the_assets_is_at_work_on(ward: Ward, tags: dict[str, str], is_ours: bool) -> None:
    ward.instance.add_run(
        dg.DagsterRun(
            job_name=MATERIALIZE,
            run_id="1b4e28ba-2fa1-11d2-883f-0016d3cca427",
            status=dg.DagsterRunStatus.STARTED,
            tags=tags,
        )
    )
    requests, _ = ward.tick(SENSOR)
    assert [cells(one) for one in requests] == ([] if is_ours else [[HOLED]])


def test_a_run_whose_process_was_killed_is_told_of_and_holds_nothing_up(ward: Ward) -> None:
    """It would hold its partitions for a day: Dagster's local launcher cannot tell."""
    run = dg.DagsterRun(
        job_name=MATERIALIZE,
        run_id="1b4e28ba-2fa1-11d2-883f-0016d3cca427",
        status=dg.DagsterRunStatus.STARTED,
        tags={"dagster/partition": f"{DAYS[1]}|BBBUSDT"},
    )
    ward.instance.add_run(run)
    imports = "import pathlib; from bcdata.store.state.liveness import heartbeat as s"
    code = f"{imports}; s(pathlib.Path({str(ward.lake.root)!r}), "
    living = f"{code}{run.run_id!r}); print('here', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", living], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        assert ward.tick(SENSOR)[0] == [], "it is at work"
        process.kill()
    requests, _ = ward.tick(SENSOR)
    assert [cells(one) for one in requests] == [[HOLED]]
    found = ward.instance.get_run_by_id(run.run_id)
    assert found is not None
    assert found.status is dg.DagsterRunStatus.FAILURE


@pytest.mark.slow
def test_while_rest_is_down_it_is_tried_ever_more_rarely_and_never_given_up(ward: Ward) -> None:
    fault = ward.add("/spot/api", "status", status=451)
    start, asked = ward.lake.now, []
    for hours in range(0, 24, 3):
        ward.at(start + timedelta(hours=hours))
        if ward.heal(SENSOR):
            asked.append(hours)
    assert asked == [0, 3, 9], "pauses of 1, 4, 16 hours, as ticks of three hours find them"
    [(_, status)] = statuses(ward)
    assert status == "open"
    ward.exchange.remove(fault)
    ward.at(start + timedelta(days=4))
    assert ward.heal(SENSOR) == {HOLED}
    assert published(ward.lake, *HOLED) == bars_of(made_day(DAYS[1]))


def test_a_hole_that_rest_has_too_is_asked_for_once_and_never_again(ward: Ward) -> None:
    rows = made_day(DAYS[1])
    ward.truth.put_day("BBBUSDT", DAYS[1], [*rows[: HOLE.start], *rows[HOLE.stop :]])
    assert ward.heal(SENSOR) == {HOLED}
    assert statuses(ward) == [(60, "upstream")]
    for days in range(1, 60, 7):
        ward.at(ward.lake.now + timedelta(days=days))
        assert ward.heal(SENSOR) == set()


@pytest.mark.slow
def test_it_gives_up_with_a_reason_where_the_archives_hours_contradict_rest(ward: Ward) -> None:
    """REST says nothing at all, the hours show trading: nobody can call that an outage, nor ask for ever."""
    ward.add("/klines", "empty")
    ward.mirror.put_day("BBBUSDT", DAYS[1], hours_of(made_day(DAYS[1])), interval="1h")
    asked = 0
    for days in range(0, 60, 3):
        ward.at(utc(NOW) + timedelta(days=days))
        asked += len(ward.heal(SENSOR))
    assert asked == MOST_TRIES
    assert statuses(ward) == [(60, "open")]
    _, skipped = ward.tick(SENSOR)
    assert skipped == f"{D}: 1 partitions of 3 symbols lack bars; 0 are due, 1 given up"
    [one] = standing(ward.lake.root, ward.lake.catalog[D], ward.lake.now).values()
    assert one.gave_up
    assert one.reason.startswith("gave up after 8 requests: REST answered")


def test_what_is_not_published_yet_is_asked_for_when_its_time_has_come(ward: Ward) -> None:
    day = "2025-02-28"
    ward.truth.put_day("AAAUSDT", day, made_day(day))
    ward.at("2025-03-01T06:00")
    assert ward.lake.materialize(D, "AAAUSDT", day, refill=False).ok
    assert ward.lake.ledger(D, "AAAUSDT", day)["status"].to_list() == ["not_published"]
    requests, _ = ward.tick(SENSOR)
    assert ("AAAUSDT", day) not in {cell for one in requests for cell in cells(one)}
    ward.at("2025-03-02T13:00")
    ward.mirror.put_day("AAAUSDT", day, made_day(day))
    assert ("AAAUSDT", day) in ward.heal(SENSOR)
    assert published(ward.lake, "AAAUSDT", day) == bars_of(made_day(day))
    assert ward.lake.ledger(D, "AAAUSDT", day).is_empty(), "the archive has it by now"


def test_losing_the_side_tables_costs_a_question_and_no_more(ward: Ward) -> None:
    assert ward.heal(SENSOR) == {HOLED}
    before = tree(ward.lake.root)
    shutil.rmtree(ward.lake.root / ".state")
    assert ward.heal(SENSOR) == set()
    assert tree(ward.lake.root) == before


def test_a_round_goes_on_from_where_the_tick_ran_out_of_time() -> None:
    now = [0.0]

    def clock() -> float:
        return now[0]

    seen, cursor = [], ""
    for _ in range(10):
        symbols = SymbolCursor(["CCC", "AAA", "DDD", "BBB"], cursor, seconds=10, clock=clock)
        some = []
        for symbol in symbols:
            some.append(symbol)
            now[0] += 6
        seen.append(some)
        cursor = symbols.cursor
        if not cursor:
            break
    assert seen == [["AAA", "BBB"], ["CCC", "DDD"]]


def statuses(ward: Ward) -> list[tuple[int, str]]:
    """The ledger of the partition with the hole."""
    return ward.lake.ledger(D, *HOLED).select("bars", "status").rows()


def hours_of(rows: Rows) -> list[list[str]]:
    """The hours that the minutes make, as the archive writes them."""
    found = []
    for at in range(0, len(rows), 60):
        some = rows[at : at + 60]
        high, low = max(float(row[2]) for row in some), min(float(row[3]) for row in some)
        flows = [f"{sum(float(row[column]) for row in some):.8f}" for column in (5, 7, 9, 10)]
        trades = str(sum(int(row[8]) for row in some))
        prices = [some[0][1], f"{high:.8f}", f"{low:.8f}", some[-1][4]]
        found.append([some[0][0], *prices, flows[0], some[-1][6], flows[1], trades, flows[2], flows[3], "0"])
    return found
