"""Coarser bars come with the finer ones: few requests, no CHECKSUM, the same for every way in which a lake grew."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from bcdata.catalog import Dataset
from bcdata.pipeline.choosing.controls import other_controls, usual_controls
from bcdata.pipeline.outcome import State
from bcdata.pipeline.records.manifests import read_manifest
from bcdata.pipeline.zones import Zone
from bcdata.providers.binance.names import INTERVALS
from bcdata.runs.estimate import estimate
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.mirror import Rows, made_day
from bcdata_tests.run import ARCHIVE, Lake, Ran, tree, utc
from bcdata_tests.world import BY_DAY, BY_MONTH, D, World

MONTH = "2025-01"
DAYS = [f"2025-01-{day:02}" for day in range(1, 32)]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST = f"BTCUSDT-1h-{MONTH}.zip"


def coarse(start: str, end: str, step: timedelta) -> Rows:
    """Bars of a coarser interval; their values are no matter here."""
    at, rows = utc(start), []
    while at < utc(end):
        stamp = int(at.timestamp() * 1_000_000)
        close = stamp + int(step.total_seconds() * 1_000_000) - 1
        rows.append([str(stamp), "1.0", "3.0", "1.0", "2.0", "1.0", str(close), "2.0", "3", "0.5", "1.0", "0"])
        at += step
    return rows


def put(world: World, interval: str, step: timedelta, *, months: bool = True, days: Sequence[str] = ()) -> None:
    if months:
        world.mirror.put_month("BTCUSDT", MONTH, coarse("2025-01-01", "2025-02-01", step), interval=interval)
    for day in days:
        end = str((utc(day) + DAY).date())
        world.mirror.put_day("BTCUSDT", day, coarse(day, end, step), interval=interval)


@pytest.fixture
def lake(world: World) -> Lake:
    for day in DAYS[:3]:
        world.mirror.put_day("BTCUSDT", day, made_day(day, minutes=60))
    return world.lake(BY_MONTH)


def run(lake: Lake, date: str = MONTH, until: Zone = Zone.RAW) -> Ran:
    return lake.materialize(D, "BTCUSDT", date, until=until, refill=False)


def manifest(lake: Lake, date: str = MONTH) -> Mapping[str, Any]:
    return read_manifest(Store(lake.root), Partition("raw", D, "BTCUSDT", date, ARCHIVE)) or {}


def controls(lake: Lake, date: str = MONTH) -> list[str]:
    return [record["name"] for record in manifest(lake, date)["controls"]]


def test_hours_and_days_by_month_in_one_request_each(world: World, lake: Lake) -> None:
    for day in DAYS:  # nothing is missing, so that no evidence is looked for
        world.mirror.put_day("BTCUSDT", day, made_day(day))
    put(world, "1h", HOUR, days=DAYS)
    put(world, "1d", DAY, days=DAYS)
    put(world, "3m", 3 * timedelta(minutes=1))
    world.exchange.clear()
    found = estimate(lake.root, lake.catalog, lake.plan(D, "BTCUSDT", MONTH, until=Zone.RAW, refill=False), runs=1)
    world.exchange.clear()
    assert run(lake).ok
    assert found["requests"] == len(world.asked()), "a dry run says as many"
    assert controls(lake) == [f"BTCUSDT-1d-{MONTH}.zip", FIRST]
    asked = [path for path in world.asked("/archive/") if "-1m-" not in path]
    assert sorted(path.rpartition("/")[2] for path in asked) == controls(lake), "without their CHECKSUM"
    by_interval = {record["interval"]: record for record in manifest(lake)["controls"]}
    assert set(by_interval) == {"1h", "1d"}
    for record in by_interval.values():
        assert (record["checksum"], record["whole"]) == ("not asked", True)
        path = lake.root / Partition("raw", D, "BTCUSDT", MONTH, ARCHIVE).key(record["file"])
        assert path.stat().st_size == record["bytes"]
    world.exchange.clear()
    assert set(run(lake).states) == {State.UNCHANGED}
    assert world.asked("/archive/") == []


def test_days_until_the_month_comes_and_the_same_as_a_fresh_lake_then(world: World, lake: Lake) -> None:
    put(world, "1h", HOUR, months=False, days=DAYS[:3])
    run(lake)
    assert controls(lake) == [f"BTCUSDT-1h-{day}.zip" for day in DAYS[:3]]
    put(world, "1h", HOUR)
    run(lake)
    assert controls(lake) == [FIRST]
    fresh = world.lake(BY_MONTH, name="fresh")
    run(fresh)
    assert manifest(fresh) == manifest(lake)


def test_days_that_their_month_has_no_bar_of_come_by_day(world: World, lake: Lake) -> None:
    put(world, "1h", HOUR, months=False, days=DAYS)
    world.mirror.put_month("BTCUSDT", MONTH, coarse("2025-01-01", "2025-01-30", HOUR), interval="1h")
    run(lake)
    assert controls(lake) == sorted([FIRST, *(f"BTCUSDT-1h-{day}.zip" for day in DAYS[29:])])


def test_a_month_that_cannot_be_read_gives_way_to_its_days(world: World, lake: Lake) -> None:
    put(world, "1h", HOUR, months=False, days=DAYS[:3])
    world.mirror.put(f"data/spot/monthly/klines/BTCUSDT/1h/{FIRST}", b"not a zip")
    assert run(lake).ok
    assert controls(lake) == sorted([FIRST, *(f"BTCUSDT-1h-{day}.zip" for day in DAYS[:3])])


def test_where_there_are_neither_hours_nor_days_others_stand_in(world: World, lake: Lake) -> None:
    put(world, "3m", timedelta(minutes=3))
    put(world, "15m", timedelta(minutes=15))
    put(world, "4h", 4 * HOUR)
    run(lake)
    assert controls(lake) == [f"BTCUSDT-3m-{MONTH}.zip", f"BTCUSDT-4h-{MONTH}.zip"]


def test_by_day_the_day_is_taken_before_its_month(world: World) -> None:
    day = DAYS[1]
    world.mirror.put_day("BTCUSDT", day, made_day(day))
    put(world, "1h", HOUR, days=[day])
    lake = world.lake(BY_DAY)
    run(lake, day)
    assert controls(lake, day) == [f"BTCUSDT-1h-{day}.zip"]
    world.mirror.put_day("BTCUSDT", DAYS[0], made_day(DAYS[0]))
    run(lake, DAYS[0])
    assert controls(lake, DAYS[0]) == [FIRST]


def test_a_control_that_left_the_listing_stays(world: World, lake: Lake) -> None:
    put(world, "1h", HOUR)
    run(lake)
    world.mirror.remove(f"data/spot/monthly/klines/BTCUSDT/1h/{FIRST}")
    run(lake)
    assert controls(lake) == [FIRST]
    assert manifest(lake)["controls"][0]["withdrawn"] is True


def test_a_control_that_is_published_again_is_fetched_and_what_reads_it_follows(world: World, lake: Lake) -> None:
    put(world, "1h", HOUR)
    run(lake)
    before = manifest(lake)
    world.mirror.put_month("BTCUSDT", MONTH, coarse("2025-01-01", "2025-01-20", HOUR), interval="1h")
    run(lake)
    assert manifest(lake)["controls"][0]["sha256"] != before["controls"][0]["sha256"]
    assert manifest(lake)["fingerprint"] != before["fingerprint"]


def test_bytes_that_came_damaged_are_asked_for_again(world: World, lake: Lake) -> None:
    put(world, "1h", HOUR)
    world.add(rf"-1h-{MONTH}\.zip$", "truncate_silently", times=1)
    run(lake)
    [record] = manifest(lake)["controls"]
    assert record["whole"]


def test_one_that_is_listed_and_not_there_is_none(world: World, lake: Lake) -> None:
    put(world, "1h", HOUR)
    world.add(rf"-1h-{MONTH}\.zip$", "missing")
    assert run(lake).ok
    assert controls(lake) == []


@pytest.mark.parametrize(
    ("interval", "usual", "others"),
    [
        ("1m", ["1h", "1d"], ["3m", "12h"]),
        ("15m", ["1h", "1d"], ["30m", "12h"]),
        ("1h", ["1d"], ["2h", "12h"]),
        ("8h", ["1d"], []),
        ("12h", ["1d"], []),
        ("1d", [], []),
        ("1w", [], []),
    ],
)
def test_which_intervals_can_check_which(interval: str, usual: list[str], others: list[str]) -> None:
    grain = {"grain": "month", "start": "2025-01"}
    dataset = Dataset.model_validate(
        {"name": f"spot_klines_{interval}", "symbols": ["BTCUSDT"], "sources": [ARCHIVE], "features": None, **grain}
    )
    assert [one.name for one in usual_controls(dataset)] == usual
    assert [one.name for one in other_controls(dataset, set(INTERVALS))] == others


def test_a_dry_run_counts_them(world: World, lake: Lake) -> None:
    put(world, "1h", HOUR, days=DAYS)
    put(world, "1d", DAY)
    world.exchange.clear()
    found = estimate(lake.root, lake.catalog, lake.plan(D, "BTCUSDT", MONTH, refill=False), runs=1)
    listings = len(world.asked("/listing"))
    assert (found["objects"], found["control_objects"]) == (3, 2)
    assert found["requests"] == 3 * 2 + 2 + listings
    sizes = {path.name: path.stat().st_size for path in world.mirror.root.rglob("*.zip")}
    assert found["bytes"] == sum(sizes[f"BTCUSDT-1m-{day}.zip"] for day in DAYS[:3])
    assert found["control_bytes"] == sizes[FIRST] + sizes[f"BTCUSDT-1d-{MONTH}.zip"]
    assert json.loads(json.dumps(found)) == found
    run(lake)
    again = estimate(lake.root, lake.catalog, lake.plan(D, "BTCUSDT", MONTH, refill=False), runs=1)
    assert (again["objects"], again["control_objects"]) == (0, 0)


def test_two_lakes_have_the_same_manifest_whatever_the_range_of_the_run(world: World) -> None:
    put(world, "1h", HOUR)
    for month in ("2025-01", "2025-02"):
        day = f"{month}-02"
        world.mirror.put_day("BTCUSDT", day, made_day(day, minutes=10))
    one, other = world.lake(BY_MONTH, name="one"), world.lake(BY_MONTH, name="other")
    for month in ("2025-02", "2025-01"):
        run(one, month)
    assert other.materialize(D, "BTCUSDT", "2025-01", "2025-02", until=Zone.RAW, refill=False).ok
    assert tree(one.root) == tree(other.root)


def test_the_clock_does_not_choose_them(world: World, lake: Lake) -> None:
    put(world, "1h", HOUR, days=DAYS[:3])
    later: datetime = lake.now + timedelta(days=300)
    run(lake)
    assert manifest(lake)["controls"] == manifest(_ran(world.lake(BY_MONTH, later, "later")))["controls"]


def _ran(lake: Lake) -> Lake:
    run(lake)
    return lake


def test_they_are_not_for_intervals_that_nothing_coarser_checks(world: World) -> None:
    catalog = BY_MONTH.replace("klines_1m", "klines_1d").replace(
        "select: [log_ret_1, ret_vol_z, rsi_14, log_ret_1440]", "select: [log_ret_1]"
    )
    world.mirror.put_day("BTCUSDT", DAYS[0], coarse(DAYS[0], DAYS[1], DAY), interval="1d")
    lake = world.lake(catalog)
    assert lake.materialize("spot_klines_1d", "BTCUSDT", MONTH, until=Zone.RAW).ok
    partition = Partition("raw", "spot_klines_1d", "BTCUSDT", MONTH, ARCHIVE)
    assert (read_manifest(Store(lake.root), partition) or {})["controls"] == []
