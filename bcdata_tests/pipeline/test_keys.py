"""Keys of the listing that are not well formed: read where they can mean one thing only, else named in a finding."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bcdata.pipeline.zones import Zone
from bcdata_tests.mirror import Rows, csv_of, day_key, made_day, zipped
from bcdata_tests.pipeline.honest import bars_of, published
from bcdata_tests.run import ARCHIVE, Lake, Ran, tree
from bcdata_tests.world import BY_DAY, BY_MONTH, D, World

FOLDER = "data/spot/monthly/klines/BTCUSDT/1m"
DAYS = [f"2025-01-{day:02}" for day in range(1, 32)]


def month() -> Rows:
    return [row for name in DAYS for row in made_day(name, minutes=60)]


def put_month(world: World, name: str, member: str, rows: Rows) -> str:
    key = f"{FOLDER}/BTCUSDT-1m-{name}.zip"
    world.mirror.put(key, zipped(f"BTCUSDT-1m-{member}.csv", csv_of(rows)))
    return key


def run(lake: Lake, date: str = "2025-01") -> Ran:
    return lake.materialize(D, "BTCUSDT", date, until=Zone.MERGED, refill=False)


def said(ran: Ran, date: str = "2025-01") -> Mapping[str, int]:
    return ran.rules(Zone.RAW, "BTCUSDT", date, ARCHIVE)


@pytest.mark.parametrize("member", ["2025-1", "2025-01"])
def test_a_month_without_its_zero_is_read(world: World, member: str) -> None:
    put_month(world, "2025-1", member, month())
    lake = world.lake(BY_MONTH)
    ran = run(lake)
    assert ran.troubles == []
    assert published(lake, "BTCUSDT", "2025-01") == bars_of(month())
    assert "key_not_understood" not in said(ran)
    before = tree(lake.root)
    run(lake)
    assert tree(lake.root) == before


def test_beside_a_well_formed_twin_it_is_named(world: World) -> None:
    put_month(world, "2025-01", "2025-01", month())
    key = put_month(world, "2025-1", "2025-1", made_day("2025-01-01", price=500))
    lake = world.lake(BY_MONTH)
    ran = run(lake)
    assert published(lake, "BTCUSDT", "2025-01") == bars_of(month())
    assert said(ran)["key_not_understood"] == 1
    [finding] = ran.of(Zone.RAW, ARCHIVE)["BTCUSDT", "2025-01"].verdict.findings
    assert key in finding.message


def test_when_the_well_formed_twin_comes_later_it_takes_over(world: World) -> None:
    put_month(world, "2025-1", "2025-1", month())
    lake = world.lake(BY_MONTH)
    run(lake)
    put_month(world, "2025-01", "2025-01", [row for name in DAYS for row in made_day(name, minutes=60, price=300)])
    assert said(run(lake))["key_not_understood"] == 1
    fresh = world.lake(BY_MONTH, name="fresh")
    run(fresh)
    assert published(lake, "BTCUSDT", "2025-01") == published(fresh, "BTCUSDT", "2025-01")


@pytest.mark.parametrize("odd", ["2025-01-2", "2025-1-02", "2025-1-2"])
@pytest.mark.parametrize(("catalog", "date"), [(BY_DAY, "2025-01-02"), (BY_MONTH, "2025-01")], ids=["day", "month"])
def test_a_day_without_its_zeros_is_read(world: World, odd: str, catalog: str, date: str) -> None:
    world.mirror.put_day("BTCUSDT", "2025-01-01", made_day("2025-01-01"))
    key = day_key("BTCUSDT", "2025-01-02").replace("2025-01-02", odd)
    world.mirror.put(key, zipped(f"{Path(key).stem}.csv", csv_of(made_day("2025-01-02"))))
    lake = world.lake(catalog)
    assert run(lake, date).troubles == []
    assert set(bars_of(made_day("2025-01-02"))) <= set(published(lake, "BTCUSDT", date))


@pytest.mark.parametrize("odd", ["2025-01-02 (1)", "2025-01-02-v2", "20250102", "2025-01-32"])
def test_a_key_that_means_nothing_is_named_where_a_day_is_missing(world: World, odd: str) -> None:
    for day in ("2025-01-01", "2025-01-03"):
        world.mirror.put_day("BTCUSDT", day, made_day(day))
    key = day_key("BTCUSDT", "2025-01-02").replace("2025-01-02", odd)
    world.mirror.put(key, zipped("x.csv", csv_of(made_day("2025-01-02"))))
    ran = run(world.lake(BY_MONTH))
    assert ran.troubles == []
    assert said(ran)["key_not_understood"] == 1


def test_one_that_is_about_another_month_is_named_there_alone(world: World) -> None:
    put_month(world, "2025-01", "2025-01", month())
    world.mirror.put_day("BTCUSDT", "2025-02-01", made_day("2025-02-01"))
    put_month(world, "2025-02 (1)", "2025-02", [])
    lake = world.lake(BY_MONTH)
    ran = lake.materialize(D, "BTCUSDT", "2025-01", "2025-02", until=Zone.RAW, refill=False)
    assert "key_not_understood" not in said(ran)
    assert said(ran, "2025-02")["key_not_understood"] == 1


def test_what_is_said_does_not_depend_on_the_range_of_the_run(world: World) -> None:
    put_month(world, "2025-1", "2025-1", month())
    put_month(world, "latest", "latest", [])
    for odd in ("2025-02-3", "2025-2-04", "2025-02-05 (1)"):
        key = day_key("BTCUSDT", "2025-02-01").replace("2025-02-01", odd)
        world.mirror.put(key, zipped(f"{Path(key).stem}.csv", csv_of(made_day("2025-02-03"))))
    one, other = world.lake(BY_MONTH, name="one"), world.lake(BY_MONTH, name="other")
    for date in ("2025-02", "2025-01"):
        run(one, date)
    other.materialize(D, "BTCUSDT", "2025-01", "2025-02", until=Zone.MERGED, refill=False)
    assert tree(one.root) == tree(other.root)
