"""Bad archives in the place of a day: a clear verdict, nothing wrong published, neighbours untouched."""

from dataclasses import replace
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from bcdata.dagster.launch import launch
from bcdata.pipeline.outcome import State
from bcdata.pipeline.zones import Zone
from bcdata.store import quarantine
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata_tests.golden import reader
from bcdata_tests.mirror import Rows, day_key, moved
from bcdata_tests.pipeline.honest import assert_absent, assert_honest, bars_of, published
from bcdata_tests.run import ARCHIVE, utc
from bcdata_tests.world import BARS_BY_DAY, BARS_BY_MONTH, BY_DAY, D, World

DAYS = ("2025-01-01", "2025-01-02", "2025-01-03")
BAD = DAYS[1]
ROWS = {
    "spot_klines_high_below_close": "ohlc_bounds",
    "spot_klines_negative_volume": "non_negative_volumes",
    "spot_klines_08_log_return": "quote_volume",
}
WHOLE = {
    "spot_klines_truncated_archive": "unreadable",
    "spot_trades_booleans_lowercased": "content_matches_name",
}
HARMLESS = ("spot_klines_header_prepended",)


@pytest.fixture
def pristine(shared_data: Path) -> Rows:
    """The true rows of the day that the bad archives are derived from."""
    return list(reader.fields(shared_data / "binance_vision" / day_key("BTCUSDT", BAD)))


@pytest.fixture
def put(world: World, shared_data: Path, pristine: Rows) -> None:
    """Sound neighbours, and the true day beyond REST."""
    for at, day in ((-1, DAYS[0]), (1, DAYS[2])):
        world.mirror.put_day("BTCUSDT", day, moved(pristine, at))
        world.truth.put_day("BTCUSDT", day, moved(pristine, at))
    world.truth.put_day("BTCUSDT", BAD, pristine)
    assert shared_data


def place(world: World, shared_data: Path, name: str, *, wrong_checksum: bool = False) -> None:
    body = (shared_data / "binance_corrupt" / f"{name}.zip").read_bytes()
    world.mirror.put(day_key("BTCUSDT", BAD), body, checksum="0" * 64 if wrong_checksum else None)


def assert_neighbours(world: World, pristine: Rows) -> None:
    for at, day in ((-1, DAYS[0]), (1, DAYS[2])):
        assert published(world.lake(), "BTCUSDT", day) == bars_of(moved(pristine, at))


@pytest.mark.usefixtures("put")
@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("wrong_checksum", [False, True])
def test_a_bad_row_costs_the_row(
    world: World, shared_data: Path, pristine: Rows, name: str, *, wrong_checksum: bool
) -> None:
    place(world, shared_data, name, wrong_checksum=wrong_checksum)
    lake = world.lake(BARS_BY_DAY)
    ran = lake.materialize(D, "BTCUSDT", DAYS[0], DAYS[2], refill=False)
    assert ran.troubles == []
    assert ran.rules(Zone.PARSED, "BTCUSDT", BAD, ARCHIVE)[ROWS[name]] == 1
    assert ("checksum_mismatch" in ran.rules(Zone.RAW, "BTCUSDT", BAD, ARCHIVE)) == wrong_checksum
    ledger = assert_honest(lake, "BTCUSDT", BAD, pristine)
    assert ledger.select("bars", "status").rows() == [(1, "quarantined")]
    assert ROWS[name] in ledger["evidence"][0]
    rows = Store(lake.root).read(quarantine.place(Partition("parsed", D, "BTCUSDT", BAD, ARCHIVE)))
    assert rows is not None
    assert rows["reason"].to_list() == [ROWS[name]]
    assert_neighbours(world, pristine)


@pytest.mark.usefixtures("put")
@pytest.mark.parametrize("name", ROWS)
def test_rest_repairs_a_bad_row(world: World, shared_data: Path, pristine: Rows, name: str) -> None:
    place(world, shared_data, name)
    lake = world.lake(BARS_BY_DAY)
    ran = lake.materialize(D, "BTCUSDT", BAD)
    assert ran.troubles == []
    assert published(lake, "BTCUSDT", BAD) == bars_of(pristine)
    assert lake.ledger(D, "BTCUSDT", BAD).select("bars", "status").rows() == [(1, "refilled")]


@pytest.mark.usefixtures("put")
@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_harmless_is_published(world: World, shared_data: Path, pristine: Rows, name: str) -> None:
    place(world, shared_data, name)
    lake = world.lake(BARS_BY_DAY)
    ran = lake.materialize(D, "BTCUSDT", DAYS[0], DAYS[2], refill=False)
    assert ran.troubles == []
    assert published(lake, "BTCUSDT", BAD) == bars_of(pristine)
    assert lake.ledger(D, "BTCUSDT", BAD).is_empty()
    assert_neighbours(world, pristine)


@pytest.mark.usefixtures("put")
@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("wrong_checksum", [False, True])
def test_a_broken_archive_is_quarantined_and_another_source_fills_its_day(
    world: World, shared_data: Path, pristine: Rows, name: str, *, wrong_checksum: bool
) -> None:
    place(world, shared_data, name, wrong_checksum=wrong_checksum)
    lake = world.lake(BARS_BY_DAY)
    ran = lake.materialize(D, "BTCUSDT", DAYS[0], DAYS[2])
    assert ran.troubles == []
    assert published(lake, "BTCUSDT", BAD) == bars_of(pristine)
    ledger = lake.ledger(D, "BTCUSDT", BAD)
    assert ledger.select("bars", "status").rows() == [(1440, "refilled")]
    assert "cannot be read" in ledger["evidence"][0]
    place_of_rows = quarantine.place(Partition("parsed", D, "BTCUSDT", BAD, ARCHIVE))
    rows = Store(lake.root).read(place_of_rows)
    assert rows is not None
    assert rows.select("name", "reason").rows() == [(f"BTCUSDT-1m-{BAD}.zip", WHOLE[name])]
    assert_neighbours(world, pristine)
    assert set(lake.materialize(D, "BTCUSDT", BAD).states) == {State.UNCHANGED}


@pytest.mark.usefixtures("put")
@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("wrong_checksum", [False, True])
def test_a_broken_archive_alone_holds_its_partition_back(
    world: World, shared_data: Path, pristine: Rows, name: str, *, wrong_checksum: bool
) -> None:
    place(world, shared_data, name, wrong_checksum=wrong_checksum)
    lake = world.lake()
    ran = lake.materialize(D, "BTCUSDT", DAYS[0], DAYS[2], refill=False)
    parsed = ran.of(Zone.PARSED, ARCHIVE)["BTCUSDT", BAD]
    assert parsed.state is State.PUBLISHED
    assert WHOLE[name] in parsed.verdict.summary()
    for zone in (Zone.MERGED, Zone.FEATURES):
        assert ran.of(zone)["BTCUSDT", BAD].state is State.HELD_BACK
    assert "nothing_sound" in ran.of(Zone.MERGED)["BTCUSDT", BAD].verdict.counts()
    report = quarantine.report(Store(lake.root), Partition("merged", D, "BTCUSDT", BAD))
    assert report is not None
    assert not report["published"]
    assert_absent(lake, "BTCUSDT", BAD)
    assert_neighbours(world, pristine)


@pytest.mark.usefixtures("put")
@pytest.mark.parametrize("zones", [(Zone.MERGED,), (Zone.FEATURES,), (Zone.MERGED, Zone.FEATURES), tuple(Zone)])
def test_a_later_run_of_what_is_downstream_takes_nothing_of_it(
    world: World, shared_data: Path, zones: tuple[Zone, ...]
) -> None:
    place(world, shared_data, "spot_klines_truncated_archive")
    lake = world.lake()
    plan = lake.plan(D, "BTCUSDT", DAYS[0], DAYS[2], refill=False)
    lake.run(plan, only=(Zone.RAW, Zone.PARSED))
    later = lake.run(plan, only=zones)
    assert not later.ok
    for zone in {Zone.MERGED, Zone.FEATURES} & set(zones):
        assert later.of(zone)["BTCUSDT", BAD].state is State.HELD_BACK
    assert_absent(lake, "BTCUSDT", BAD)


@pytest.mark.usefixtures("put")
@pytest.mark.parametrize("zone", [Zone.MERGED, Zone.FEATURES])
def test_a_dagster_run_of_one_asset_takes_nothing_of_it(
    world: World, shared_data: Path, zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(world, shared_data, "spot_klines_truncated_archive")
    lake = world.lake()
    monkeypatch.setenv("BCDATA_ROOT", str(lake.root))
    monkeypatch.setenv("BCDATA_NOW", lake.now.isoformat())
    plan = lake.plan(D, "BTCUSDT", DAYS[0], DAYS[2], refill=False)
    lake.run(plan, only=(Zone.RAW, Zone.PARSED))
    alone = replace(plan, dates=(BAD,), steps=tuple(step for step in plan.steps if step.zone is zone))
    with dg.DagsterInstance.ephemeral() as instance:
        report = launch(instance, lake.catalog, alone)
    assert not report.ok
    assert [outcome.state for _, outcome in report.outcomes] == [State.HELD_BACK]
    assert_absent(lake, "BTCUSDT", BAD)


@pytest.mark.usefixtures("put")
@pytest.mark.parametrize("refill", [True, False])
def test_by_month_a_broken_day_costs_the_day_alone(
    world: World, shared_data: Path, pristine: Rows, *, refill: bool
) -> None:
    place(world, shared_data, "spot_klines_truncated_archive")
    world.mirror.put_day("ETHUSDT", BAD, pristine)
    world.mirror.put_day("BTCUSDT", "2025-02-02", moved(pristine, 31))
    lake = world.lake(BARS_BY_MONTH)
    ran = lake.materialize(D, "BTCUSDT,ETHUSDT", "2025-01", "2025-02", refill=refill)
    assert ran.troubles == []
    days = [row for at in (-1, 0, 1) for row in moved(pristine, at)]
    ledger = assert_honest(lake, "BTCUSDT", "2025-01", days)
    told = ledger.filter(pl.col("start") == utc(BAD)).select("bars", "status").rows()
    assert told == ([(1440, "refilled")] if refill else [(1440, "quarantined")])
    assert len(published(lake, "BTCUSDT", "2025-01")) == (3 if refill else 2) * 1440
    assert_honest(lake, "BTCUSDT", "2025-02", moved(pristine, 31))
    assert_honest(lake, "ETHUSDT", "2025-01", pristine)


@pytest.mark.usefixtures("put")
def test_by_month_a_sound_monthly_object_stands_in_for_a_broken_day(
    world: World, shared_data: Path, pristine: Rows
) -> None:
    place(world, shared_data, "spot_klines_truncated_archive")
    days = [row for at in range(31) for row in moved(pristine, at - 1)]
    world.mirror.put_month("BTCUSDT", "2025-01", days)
    lake = world.lake(BARS_BY_MONTH)
    ran = lake.materialize(D, "BTCUSDT", "2025-01")
    assert ran.troubles == []
    assert published(lake, "BTCUSDT", "2025-01") == bars_of(days)


@pytest.mark.usefixtures("put")
def test_a_sound_republication_frees_a_held_back_day(world: World, shared_data: Path, pristine: Rows) -> None:
    place(world, shared_data, "spot_klines_truncated_archive")
    lake = world.lake(BY_DAY)
    assert not lake.materialize(D, "BTCUSDT", BAD, refill=False).ok
    world.mirror.put_day("BTCUSDT", BAD, pristine)
    assert lake.materialize(D, "BTCUSDT", BAD).troubles == []
    assert published(lake, "BTCUSDT", BAD) == bars_of(pristine)
    assert not (lake.root / "quarantine").exists()
