"""A clock that is set back, or ahead of everybody's: nothing that was published is taken back, and it is said."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from bcdata.net.skew import SKEWS
from bcdata.pipeline.outcome import State
from bcdata.pipeline.zones import Zone
from bcdata_tests.command import Command, materialize
from bcdata_tests.mirror import made_day
from bcdata_tests.pipeline.test_funding_intervals import CATALOG as FUNDING
from bcdata_tests.pipeline.test_funding_intervals import SYMBOL, every, put
from bcdata_tests.run import Lake, Ran, tree, utc
from bcdata_tests.world import BY_DAY, D, World, copied, world_at

DAY, NEXT = "2025-02-01", "2025-02-02"
NOON = utc("2025-02-02T12:00:30")
ON_REST = BY_DAY.replace("[binance_archive, binance_rest]", "[binance_rest]")
"""The second day is open: its bars come from REST."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    with world_at(folder) as world:
        for day in (DAY, NEXT):
            world.truth.put_day("BTCUSDT", day, made_day(day))
        world.mirror.put_day("BTCUSDT", DAY, made_day(DAY))
        lake = world.lake(BY_DAY, NOON)
        assert run(lake, NOON).troubles == []
        assert height(lake) == 720
    return folder


@pytest.fixture
def lake(made: Path, world: World) -> Lake:
    copied(made, world.folder)
    return world.lake(BY_DAY, NOON)


def run(lake: Lake, now: datetime, *, now_back: bool = False) -> Ran:
    """Both days at an instant."""
    return Lake(lake.root, now, lake.catalog, now_back).materialize(D, "BTCUSDT", DAY, NEXT)


def height(lake: Lake, zone: str = "merged") -> int:
    frame = lake.bars(D, "BTCUSDT", NEXT, zone)
    assert frame is not None
    return frame.height


def test_a_clock_that_is_set_back_takes_nothing_back_and_says_so(lake: Lake) -> None:
    before = tree(lake.root)
    ran = run(lake, NOON - timedelta(hours=3))
    refused = ran.of(Zone.MERGED)["BTCUSDT", NEXT]
    assert refused.state is State.FAILED
    words = refused.verdict.summary()
    assert "2025-02-02 12:00:00" in words
    assert "2025-02-02 09:00:30" in words
    assert "--now-back" in words
    assert ran.of(Zone.MERGED)["BTCUSDT", DAY].ok, "the others are done"
    assert tree(lake.root) == before
    assert ran.of(Zone.FEATURES)["BTCUSDT", NEXT].state is State.UNCHANGED


@pytest.mark.parametrize("seconds", [1, 31, 299, 330])
def test_a_clock_that_is_corrected_by_minutes_changes_nothing(lake: Lake, seconds: int) -> None:
    before = tree(lake.root)
    ran = run(lake, NOON - timedelta(seconds=seconds))
    assert ran.troubles == []
    assert set(ran.states) == {State.UNCHANGED}
    assert tree(lake.root) == before


def test_who_asks_for_it_gets_the_lake_of_the_earlier_instant(lake: Lake, world: World) -> None:
    earlier = NOON - timedelta(hours=3)
    ran = run(lake, earlier, now_back=True)
    assert ran.troubles == []
    assert height(lake) == height(lake, "features") == 540
    fresh = world.lake(BY_DAY, earlier, "fresh")
    assert run(fresh, earlier).troubles == []
    for zone in ("merged", "features"):
        assert fresh.bars(D, "BTCUSDT", NEXT, zone).equals(lake.bars(D, "BTCUSDT", NEXT, zone))  # type: ignore[union-attr, arg-type]
    assert run(lake, NOON).troubles == []
    assert height(lake) == 720


def test_a_day_that_is_over_either_way_is_not_asked_about(lake: Lake) -> None:
    assert run(lake, utc("2025-02-09")).troubles == []
    done = tree(lake.root)
    assert run(lake, utc("2025-02-05")).troubles == []
    assert {name: digest for name, digest in tree(lake.root).items() if "/date=2025-02-01/" in name} == {
        name: digest for name, digest in done.items() if "/date=2025-02-01/" in name
    }


def test_settlements_are_not_taken_back_either(world: World) -> None:
    times = every(4, utc("2025-02-01"), utc("2025-02-02T10:00"))
    put(world.truth, "2025-02", times)
    lake = world.lake(FUNDING, NOON)

    def settle(now: datetime, *, now_back: bool = False) -> tuple[Ran, int]:
        ran = Lake(lake.root, now, lake.catalog, now_back).materialize(
            "um_funding", SYMBOL, "2025-02", until=Zone.MERGED
        )
        frame = lake.bars("um_funding", SYMBOL, "2025-02")
        assert frame is not None
        return ran, frame.height

    assert settle(NOON)[1] == 9
    ran, left = settle(NOON - timedelta(hours=5))
    assert left == 9
    assert "2025-02-02 12:00:00" in ran.of(Zone.MERGED)[SYMBOL, "2025-02"].verdict.summary()
    ran, left = settle(NOON - timedelta(minutes=3))
    assert (ran.troubles, left) == ([], 9)
    ran, left = settle(NOON - timedelta(hours=5), now_back=True)
    assert (ran.troubles, left) == ([], 8)


@pytest.mark.slow
def test_the_command_and_its_run_refuse_and_obey(world: World) -> None:
    for day in (DAY, NEXT):
        world.truth.put_day("BTCUSDT", day, made_day(day))
        world.mirror.put_day("BTCUSDT", day, made_day(day))
    command = Command.of(world, BY_DAY, "command", BCDATA_NOW=NOON.isoformat())
    words = materialize(D, "BTCUSDT", DAY, NEXT, "--until", "merged")
    assert command.run(words).returncode == 0
    earlier = Command(command.folder, {**command.variables, "BCDATA_NOW": (NOON - timedelta(hours=3)).isoformat()})
    done = earlier.run(words)
    assert done.returncode == 1
    assert "2025-02-02 12:00:00" in done.stderr
    assert "2025-02-02 09:00:30" in done.stderr
    bars = command.root / f"merged/{D}/symbol=BTCUSDT/date={NEXT}/part-0.parquet"
    assert pl.read_parquet(bars).height == 720
    done = earlier.run([*words, "--now-back"])
    assert done.returncode == 0, done.stderr
    assert pl.read_parquet(bars).height == 540


@pytest.fixture
def real_time(world: World) -> Iterator[datetime]:
    """The machine's own present, and nothing known of providers' clocks."""
    SKEWS.forget()
    world.exchange.now = None
    yield datetime.now(UTC)
    SKEWS.forget()


def today(world: World, now: datetime, catalog: str = BY_DAY) -> tuple[Ran, str, str]:
    """Today and the day before yesterday, at the machine's own time."""
    keys = [f"{now - timedelta(days=days):%Y-%m-%d}" for days in (2, 0)]
    for key in keys:
        world.truth.put_day("BTCUSDT", key, made_day(key))
    world.mirror.put_day("BTCUSDT", keys[0], made_day(keys[0]))
    ran = world.lake(catalog, now).materialize(D, "BTCUSDT", keys[0], keys[1], until=Zone.MERGED)
    return ran, keys[0], keys[1]


@pytest.mark.parametrize("catalog", [BY_DAY, ON_REST], ids=["both sources", "REST alone"])
def test_a_clock_ahead_of_the_provider_s_builds_nothing_that_is_open(
    world: World, real_time: datetime, catalog: str
) -> None:
    world.add("", "clock", seconds=-7200)
    ran, past, present = today(world, real_time, catalog)
    refused = ran.of(Zone.MERGED)["BTCUSDT", present]
    assert refused.state is State.FAILED
    assert "2:00:0" in refused.verdict.summary()
    assert not (world.folder / "lake" / f"merged/{D}/symbol=BTCUSDT/date={present}").exists()
    kept = world.folder / "lake" / f"raw/binance_rest/{D}/symbol=BTCUSDT/date={present}/manifest.json"
    assert not kept.exists(), "an answer to a question about the future proves nothing"
    assert ran.of(Zone.MERGED)["BTCUSDT", past].ok


def test_a_clock_that_differs_by_more_than_a_minute_is_a_warning(world: World, real_time: datetime) -> None:
    world.add("", "clock", seconds=100)
    ran, past, _ = today(world, real_time)
    assert ran.troubles == []
    assert ran.rules(Zone.RAW, "BTCUSDT", past, "binance_archive")["clock"] == 1


def test_a_clock_that_agrees_is_no_word_worth(world: World, real_time: datetime) -> None:
    world.add("", "clock", seconds=-20)
    ran, past, _ = today(world, real_time)
    assert ran.troubles == []
    assert "clock" not in ran.rules(Zone.RAW, "BTCUSDT", past, "binance_archive")


def test_where_the_clock_is_pinned_nobody_is_asked(
    world: World, real_time: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BCDATA_NOW", real_time.isoformat())
    world.add("", "clock", seconds=-7200)
    ran, past, _ = today(world, real_time)
    assert ran.troubles == []
    assert "clock" not in ran.rules(Zone.RAW, "BTCUSDT", past, "binance_archive")
