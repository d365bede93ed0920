"""A dataset whose type nothing parses: one asset, and nothing that asks for rows."""

from pathlib import Path

import dagster as dg
import pytest

from bcdata.catalog import Automation, Catalog, load_catalog
from bcdata.dagster.build import build_defs
from bcdata.dagster.partitions import symbol_set
from bcdata.dagster.resources import StoreResource
from bcdata.dagster.schedules import build_schedules
from bcdata.windows import Grain
from bcdata_tests.mirror import zipped
from bcdata_tests.run import Lake, utc
from bcdata_tests.world import World

CATALOG = """
datasets:
  spot_trades: {grain: day, start: 2025-01-01, symbols: [BTCUSDT], sources: [binance_archive]}
  um_book_ticker: {grain: month, start: 2025-01, symbols: [BTCUSDT], sources: [binance_archive]}
  option_bvol_index: {grain: day, start: 2025-01-01, symbols: [BTCBVOLUSDT], sources: [binance_archive]}
"""
NAMES = ("spot_trades", "um_book_ticker", "option_bvol_index")
KEY = "data/spot/daily/trades/BTCUSDT/BTCUSDT-trades-2025-01-0{}.zip"


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    (tmp_path / "catalog.yaml").write_text(CATALOG)
    return load_catalog(tmp_path / "catalog.yaml")


def test_it_has_the_asset_of_raw_and_jobs_over_it(catalog: Catalog) -> None:
    defs = build_defs(catalog)
    dg.Definitions.validate_loadable(defs)
    graph = defs.resolve_asset_graph()
    keys = {tuple(key.path) for key in graph.get_all_asset_keys() if key.path[-1] in NAMES}
    assert keys == {("raw", "binance_archive", name) for name in NAMES}
    assert {"materialize_spot_day", "materialize_um_month", "materialize_option_day"} <= {
        job.name for job in defs.resolve_all_job_defs()
    }


def test_only_sensors_that_look_at_raw_watch_it(catalog: Catalog) -> None:
    for kind in (Automation.REPUBLISHED, Automation.REPAIR):
        assert {one.name for one in catalog.served_by(kind)} == set(NAMES)
    for kind in (Automation.REFILL, Automation.STALE, Automation.FRESHNESS, Automation.FIND_HALTS):
        assert not catalog.served_by(kind)
    assert {one.market for one in catalog.served_by(Automation.UNIVERSE)} == {"spot", "um"}


def test_history_works_off_what_raw_has_not(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalog: Catalog
) -> None:
    for day in range(1, 5):
        world.mirror.put(KEY.format(day), zipped("trades.csv", b"1,2,3\n"))
    lake = Lake(tmp_path / "lake", utc("2025-01-05T12:00"), catalog)
    assert lake.materialize("spot_trades", "BTCUSDT", "2025-01-01", "2025-01-02").ok
    [history] = [one for one in build_schedules(catalog) if one.name == "history_spot_day"]
    asked = []
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        instance.add_dynamic_partitions(symbol_set("spot", Grain.DAY), ["BTCUSDT"])
        for now in ("2025-01-05T12:00", "2025-01-05T12:15"):
            monkeypatch.setenv("BCDATA_NOW", utc(now).isoformat())
            store = StoreResource(root=str(lake.root))
            with dg.build_schedule_context(
                instance, scheduled_execution_time=utc(now), resources={"store": store}
            ) as context:
                runs = history.evaluate_tick(context).run_requests or []
            asked.append([one.tags["dagster/asset_partition_range_start"] for one in runs])
            lake.materialize("spot_trades", "BTCUSDT", "2025-01-03", "2025-01-04")
    assert asked == [["2025-01-03|BTCUSDT"], []]
