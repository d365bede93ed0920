"""Coarser files say whether a hole is an outage, while REST is down or no source."""

import pytest

from bcdata.simulate import Fault
from bcdata_tests.mirror import Rows
from bcdata_tests.pipeline.honest import assert_honest, bars_of, published
from bcdata_tests.pipeline.outage import DAY, OUT, SYMBOL, put_coarse, put_outage, run
from bcdata_tests.pipeline.test_labels import cut
from bcdata_tests.run import tree
from bcdata_tests.world import BY_DAY, D, World

NO_REST = BY_DAY.replace(", binance_rest", "")


@pytest.fixture
def rows(world: World) -> Rows:
    return put_outage(world)


@pytest.mark.parametrize("catalog", [BY_DAY, NO_REST], ids=["REST is down", "REST is no source"])
@pytest.mark.parametrize(
    ("interval", "ledger"),
    [
        ("1h", [("12:40", 20, "open"), ("13:00", 60, "upstream")]),
        ("3m", [("12:40", 2, "open"), ("12:42", 78, "upstream")]),
    ],
)
def test_a_coarser_file_that_lacks_the_same_proves_it(
    world: World, rows: Rows, catalog: str, interval: str, ledger: list[tuple[str, int, str]]
) -> None:
    assert rows
    world.add("/spot/api", "status", status=500)
    put_coarse(world, interval, lacking=OUT)
    lake = world.lake(catalog)
    assert run(lake) == ledger
    assert f"the archive's {interval} files" in lake.ledger(D, SYMBOL, DAY)["evidence"][1]
    once = tree(lake.root)
    assert run(lake) == ledger
    assert tree(lake.root) == once


def test_the_finest_coarser_interval_is_read_and_read_once(world: World, rows: Rows) -> None:
    assert rows
    world.add("/spot/api", "status", status=500)
    put_coarse(world, "1h", lacking=OUT)
    put_coarse(world, "3m", lacking=OUT)
    lake = world.lake()
    assert ("12:42", 78, "upstream") in run(lake)
    objects = [path for path in world.asked("/archive/") if path.endswith(".zip") and "-1m-" not in path]
    objects = [path for path in objects if "-1h-" not in path]  # those are control objects
    assert {path.rpartition("/")[2].split("-")[1] for path in objects} == {"3m"}
    assert len(objects) == len(set(objects)) <= 3
    world.exchange.clear()
    run(lake, hours=48)
    again = [path for path in world.asked("/archive/") if "-3m-" in path]
    assert again == [], "what an object holds is remembered"


@pytest.mark.parametrize("catalog", [BY_DAY, NO_REST], ids=["REST is down", "REST is no source"])
def test_a_coarser_bar_that_is_there_says_that_there_was_trading(world: World, rows: Rows, catalog: str) -> None:
    world.add("/spot/api", "reset")
    put_coarse(world, "1h", lacking=(0, 0))
    lake = world.lake(catalog)
    assert run(lake) == [("12:40", 80, "open")]
    assert "240 trades more than the bars in them" in lake.ledger(D, SYMBOL, DAY)["evidence"][0]
    assert_honest(lake, SYMBOL, DAY, rows)


BAD_COARSE = [
    Fault(r"-1h-2025-01-02\.zip$", "half_day"),
    Fault(r"-1h-2025-01-02\.zip$", "garbage"),
    Fault(r"-1h-2025-01-02\.zip$", "truncate_silently"),
    Fault(r"-1h-2025-01-02\.zip\.CHECKSUM$", "wrong_checksum"),
    Fault(r"-1h-2025-01-02\.zip$", "missing"),
]


@pytest.mark.parametrize("fault", BAD_COARSE, ids=lambda fault: fault.kind)
def test_a_damaged_or_partial_coarser_file_proves_nothing(world: World, rows: Rows, fault: Fault) -> None:
    """The afternoon is cut from the minutes; the hours of it are there but for the fault."""
    world.mirror.put_day(SYMBOL, DAY, cut(rows, 720, 1440))
    put_coarse(world, "1h", lacking=(0, 0))
    world.exchange.add(fault)
    lake = world.lake(NO_REST)
    assert {status for _, _, status in run(lake)} == {"open"}
    assert_honest(lake, SYMBOL, DAY, rows)


def test_rest_gives_what_coarser_files_lack(world: World, rows: Rows) -> None:
    """That files of the archive lack bars is no proof against a source that has them."""
    put_coarse(world, "1d", lacking=(0, 0))
    put_coarse(world, "15m", lacking=(0, 0))
    lake = world.lake()
    assert run(lake) == [("12:40", 80, "refilled")]
    assert published(lake, SYMBOL, DAY) == bars_of(rows)
    assert [path for path in world.asked() if "-15m-" in path] == [], "the day's control bar is enough"
