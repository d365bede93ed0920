"""Any file of the lake may be lost or damaged: the next run brings the same bytes back, and asks for little."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bcdata.pipeline.outcome import State
from bcdata_tests.mirror import made_day
from bcdata_tests.run import Lake, tree, utc
from bcdata_tests.world import BY_MONTH, D, World, copied, world_at

pytestmark = pytest.mark.slow
NOW = utc("2025-01-05")


def bad(row: list[str]) -> list[str]:
    """High below close: costs the row."""
    return [*row[:2], "1.00000000", *row[3:]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four days: one with a hole and a bad row that REST fills, one with a bad row that nobody fills."""
    folder = tmp_path_factory.mktemp("made")
    with world_at(folder) as world:
        days = [f"2025-01-0{at}" for at in (1, 2, 3, 4)]
        for day in days:
            world.truth.put_day("BTCUSDT", day, made_day(day))
        first, second, third, fourth = (made_day(day) for day in days)
        world.mirror.put_day("BTCUSDT", days[0], first)
        world.mirror.put_day("BTCUSDT", days[1], [*second[:100], *second[160:700], bad(second[700]), *second[701:]])
        world.mirror.put_day("BTCUSDT", days[2], [*third[:1000], bad(third[1000]), *third[1001:]])
        world.truth.put_day("BTCUSDT", days[2], [*third[:1000], *third[1001:]])
        world.mirror.put_day("BTCUSDT", days[3], fourth)
        world.mirror.put_day("ETHUSDT", days[3], fourth)
        assert world.lake(BY_MONTH, NOW).materialize(D, "BTCUSDT,ETHUSDT", "2025-01").troubles == []
    return folder


@pytest.fixture
def lake(made: Path, world: World) -> Lake:
    copied(made, world.folder)
    return world.lake(BY_MONTH, NOW)


def again(lake: Lake) -> None:
    assert lake.materialize(D, "BTCUSDT,ETHUSDT", "2025-01").troubles == []


def files(lake: Lake) -> Iterator[Path]:
    return (lake.root / path for path in tree(lake.root))


def files_of_one(lake: Lake) -> list[Path]:
    """Those of one symbol: they are of every kind, and the other one's stay where they are."""
    return [path for path in files(lake) if "symbol=BTCUSDT" in path.parts]


def test_the_lake_holds_a_file_of_every_kind(lake: Lake) -> None:
    kinds = {(path.relative_to(lake.root).parts[0], path.suffix) for path in files(lake)}
    assert kinds == {
        ("raw", ".zip"),
        ("raw", ".json"),
        ("parsed", ".parquet"),
        ("merged", ".parquet"),
        ("gaps", ".parquet"),
        ("features", ".parquet"),
        ("reports", ".parquet"),
        ("seasonality", ".parquet"),
        ("quarantine", ".parquet"),
        ("quarantine", ".json"),
    }
    ledger = lake.ledger(D, "BTCUSDT", "2025-01")
    assert set(ledger["status"]) == {"refilled", "quarantined"}


def test_a_rerun_changes_nothing_and_asks_for_listings_alone(world: World, lake: Lake) -> None:
    before = tree(lake.root)
    world.exchange.clear()
    ran = lake.materialize(D, "BTCUSDT,ETHUSDT", "2025-01")
    assert set(ran.states) == {State.UNCHANGED}
    assert (world.asked("/archive/"), world.asked("/api/v3/klines")) == ([], [])
    assert tree(lake.root) == before


def test_every_single_file_comes_back(lake: Lake) -> None:
    before = tree(lake.root)
    for path in files_of_one(lake):
        path.unlink()
        again(lake)
        assert tree(lake.root) == before, path.relative_to(lake.root)


def test_every_damaged_file_is_made_anew(lake: Lake) -> None:
    before = tree(lake.root)
    for path in files_of_one(lake):
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        again(lake)
        assert tree(lake.root) == before, path.relative_to(lake.root)


def test_every_zone_comes_back(lake: Lake) -> None:
    before = tree(lake.root)
    for zone in ("raw", "parsed", "merged", "gaps", "features", "quarantine"):
        for path in (lake.root / zone).rglob("*"):
            if path.is_file():
                path.unlink()
        again(lake)
        assert tree(lake.root) == before, zone


def test_only_what_was_lost_is_fetched(world: World, lake: Lake) -> None:
    (lost,) = lake.root.glob("raw/binance_archive/*/symbol=BTCUSDT/*/BTCUSDT-1m-2025-01-03.*.zip")
    lost.unlink()
    world.exchange.clear()
    again(lake)
    assert {path.rpartition("/")[2].removesuffix(".CHECKSUM") for path in world.asked("/archive/")} == {
        "BTCUSDT-1m-2025-01-03.zip"
    }


def test_without_its_side_table_the_lake_is_the_same(world: World, lake: Lake) -> None:
    before = tree(lake.root)
    for path in (lake.root / ".state").iterdir():
        path.unlink()
    again(lake)
    assert tree(lake.root) == before
    assert world.exchange.requests


def test_another_lake_from_the_same_input_has_the_same_bytes(world: World, lake: Lake) -> None:
    other = world.lake(BY_MONTH, NOW, name="other")
    again(other)
    assert tree(other.root) == tree(lake.root)


def test_an_empty_month_reads_as_one(lake: Lake) -> None:
    later = Lake(lake.root, utc("2025-06-01"), lake.catalog)
    assert later.materialize(D, "BTCUSDT", "2025-03").troubles == []
    bars = later.bars(D, "BTCUSDT", "2025-03")
    assert bars is not None
    assert bars.is_empty()
    assert later.ledger(D, "BTCUSDT", "2025-03")["bars"].sum() == 31 * 1440
