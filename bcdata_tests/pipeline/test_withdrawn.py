"""What has left the listing, or was published anew, stays in force or on record."""

import shutil

from bcdata.pipeline.outcome import State
from bcdata.runs.preflight import prepare
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.mirror import day_key
from bcdata_tests.pipeline.honest import bars_of
from bcdata_tests.pipeline.in_force import (
    DAYS,
    MONTH,
    day,
    manifest,
    month,
    names,
    news_for,
    put_days,
    put_month,
    rows,
    run,
    said,
)
from bcdata_tests.run import ARCHIVE, tree
from bcdata_tests.world import BY_DAY, BY_MONTH, D, World


def test_an_object_that_left_the_listing_stays_in_force(world: World) -> None:
    put_days(world)
    lake = world.lake(BY_MONTH)
    run(lake)
    before = rows(lake)
    world.mirror.remove(day_key("BTCUSDT", "2025-01-05"))
    ran = run(lake)
    assert said(ran)["withdrawn"] == 1
    [gone] = [record for record in manifest(lake)["objects"] if record.get("withdrawn")]
    assert gone["date"] == "2025-01-05"
    assert rows(lake) == before
    assert set(run(lake).states) == {State.UNCHANGED}
    world.mirror.put_day("BTCUSDT", "2025-01-05", day("2025-01-05"))
    back = run(lake)
    assert "withdrawn" not in said(back)
    assert rows(lake) == before


def test_a_listing_that_turns_empty_takes_nothing_away(world: World) -> None:
    put_days(world)
    lake = world.lake(BY_MONTH)
    run(lake)
    before = rows(lake)
    for name in DAYS:
        world.mirror.remove(day_key("BTCUSDT", name))
    assert said(run(lake))["withdrawn"] == 31
    assert rows(lake) == before


def test_what_is_listed_and_not_to_be_had_keeps_its_last_version(world: World) -> None:
    put_days(world)
    lake = world.lake(BY_MONTH)
    run(lake)
    before = rows(lake)
    world.mirror.put_day("BTCUSDT", "2025-01-05", day("2025-01-05", price=300))
    fault = world.add(rf"/archive/{day_key('BTCUSDT', '2025-01-05')}$", "missing")
    assert said(run(lake))["withdrawn"] == 1
    assert rows(lake) == before
    world.exchange.remove(fault)
    run(lake)
    assert bars_of(day("2025-01-05", price=300))[0] in rows(lake)


def test_earlier_versions_stay_on_record(world: World) -> None:
    put_days(world)
    lake = world.lake(BY_MONTH)
    run(lake)
    digests = {"2025-01-05": manifest(lake)["objects"][4]["sha256"]}
    for price in (300, 400):
        world.mirror.put_day("BTCUSDT", "2025-01-05", day("2025-01-05", price=price))
        run(lake)
    earlier = manifest(lake)["superseded"]
    assert [record["date"] for record in earlier] == ["2025-01-05", "2025-01-05"]
    assert digests["2025-01-05"] in {record["sha256"] for record in earlier}
    assert all(
        (lake.root / Partition("raw", D, "BTCUSDT", MONTH, ARCHIVE).key(one["file"])).exists() for one in earlier
    )
    world.mirror.put_day("BTCUSDT", "2025-01-05", day("2025-01-05"))
    run(lake)
    assert digests["2025-01-05"] not in {record["sha256"] for record in manifest(lake)["superseded"]}
    assert rows(lake) == bars_of(month())


def test_an_earlier_version_whose_bytes_are_lost_is_on_record_no_more(world: World) -> None:
    put_days(world)
    lake = world.lake(BY_MONTH)
    run(lake)
    world.mirror.put_day("BTCUSDT", "2025-01-05", day("2025-01-05", price=300))
    run(lake)
    [old] = manifest(lake)["superseded"]
    (lake.root / Partition("raw", D, "BTCUSDT", MONTH, ARCHIVE).key(old["file"])).unlink()
    run(lake)
    assert "superseded" not in manifest(lake)


def test_a_manifest_of_an_earlier_version_is_understood(world: World) -> None:
    put_days(world)
    put_month(world, month())
    lake = world.lake(BY_MONTH)
    run(lake)
    store, raw = Store(lake.root), Partition("raw", D, "BTCUSDT", MONTH, ARCHIVE)
    old = dict(manifest(lake))
    old["replaced"] = [{**one, "replaced_by": "x"} for one in old["objects"] if one["period"] == "daily"]
    old["objects"] = [one for one in old["objects"] if one["period"] == "monthly"]
    for record in (*old["replaced"], *old["objects"]):
        record.pop("look")
    for name in ("controls", "not_understood"):
        old.pop(name)
    before = tree(lake.root)
    store.put_json(raw, "manifest.json", old)
    store.close()
    world.exchange.clear()
    run(lake)
    assert tree(lake.root) == before
    assert world.asked("/archive/") == []


def test_what_left_the_listing_is_no_news(world: World) -> None:
    name = "2025-01-02"
    world.mirror.put_day("BTCUSDT", name, day(name, minutes=1440))
    put_month(world, month(1440))
    lake = world.lake(BY_DAY)
    run(lake, name)
    world.mirror.remove(day_key("BTCUSDT", name))
    assert news_for(lake) == set()
    assert said(run(lake, name), name)["withdrawn"] == 1
    assert (names(lake, date=name), news_for(lake)) == ([name], set())


def test_a_symbol_that_left_the_archive_may_still_be_asked_for(world: World) -> None:
    put_days(world)
    lake = world.lake(BY_MONTH)
    run(lake)
    for name in DAYS:
        world.mirror.remove(day_key("BTCUSDT", name))
    shutil.rmtree(world.mirror.root / "data/spot/daily/klines/BTCUSDT")
    prepare(lake.root, lake.plan(D, "BTCUSDT", "2025-02"))
