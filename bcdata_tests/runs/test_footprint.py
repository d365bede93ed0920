"""What a run takes on the disk, and how long: by what the lake has, or by what is known from elsewhere."""

import json
import time

import pytest

from bcdata.pipeline.zones import Zone
from bcdata.runs.footprint import footprint
from bcdata.runs.rates import Rates, read_rates, seconds_of
from bcdata.store.store import Store
from bcdata_tests.mirror import made_day
from bcdata_tests.run import Lake
from bcdata_tests.world import BARS_BY_DAY, BY_DAY, D, World

DAYS = ("2025-01-01", "2025-01-02")
CATALOG = BARS_BY_DAY.replace("features: false", "features: false\n    resample: [1h]")


@pytest.fixture
def lake(world: World) -> Lake:
    for day in DAYS:
        world.mirror.put_day("BTCUSDT", day, made_day(day))
    return world.lake(CATALOG)


def test_what_is_there_counts_as_it_is_and_the_rest_like_it(lake: Lake) -> None:
    assert lake.materialize(D, "BTCUSDT", DAYS[0]).ok
    plan = lake.plan(D, "BTCUSDT", *DAYS)
    one = footprint(Store(lake.root), lake.catalog, lake.plan(D, "BTCUSDT", DAYS[0]), fetched=0, now=lake.now)
    both = footprint(Store(lake.root), lake.catalog, plan, fetched=1_000, now=lake.now)
    for zone in ("parsed", "merged", "resampled"):
        there = sum(path.stat().st_size for path in (lake.root / zone).rglob("*.parquet"))
        assert one.zones[zone] == pytest.approx(there, abs=3_000), "repair has no rows, and is guessed"
        assert both.zones[zone] == pytest.approx(2 * there, abs=6_000)
    assert both.zones["raw"] == one.zones["raw"] + 1_000
    assert {len(dates) for step, dates in both.lacking.items() if step.zone is Zone.MERGED} == {1}

    assert lake.materialize(D, "BTCUSDT", *DAYS).ok
    after = footprint(Store(lake.root), lake.catalog, plan, fetched=0, now=lake.now)
    assert after.zones["merged"] == pytest.approx(both.zones["merged"], rel=0.1), "it came as it was said"


def test_without_anything_there_constants_are_near(world: World) -> None:
    world.mirror.put_day("BTCUSDT", DAYS[0], made_day(DAYS[0]))
    lake = world.lake(BY_DAY)
    plan = lake.plan(D, "BTCUSDT", DAYS[0])
    guess = footprint(Store(lake.root), lake.catalog, plan, fetched=0, now=lake.now).zones
    assert lake.run(plan).ok
    real = footprint(Store(lake.root), lake.catalog, plan, fetched=0, now=lake.now).zones
    for zone in ("parsed", "merged", "features"):
        assert real[zone] / 10 < guess[zone] < real[zone] * 10, zone  # rows of tests are alike, and small


def test_rates_are_noted_and_read(lake: Lake) -> None:
    plan, rates = lake.plan(D, "BTCUSDT", *DAYS), Rates()
    lacking = footprint(Store(lake.root), lake.catalog, plan, fetched=0, now=lake.now).lacking
    before, is_measured = seconds_of(lake.root, lake.catalog, lacking, lake.now)
    assert before > 0
    assert not is_measured
    began = time.monotonic()
    for step, outcome in lake.run(plan).outcomes:
        rates.ended(step, outcome)
    rates.keep(lake.root)
    known = read_rates(lake.root)
    assert {f"merged/{D}", f"parsed/binance_archive/{D}"} <= set(known)
    after, is_measured = seconds_of(lake.root, lake.catalog, lacking, lake.now)
    assert is_measured
    assert after < time.monotonic() - began + 1

    path = lake.root / ".state" / "rates.json"
    for text in ("garbage", "[1]", json.dumps({"merged": "x", "raw": -1})):
        path.write_text(text)
        assert read_rates(lake.root) == {}
