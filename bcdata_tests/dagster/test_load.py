"""What loading the definitions costs and touches: every run, sensor and code server pays it."""

import subprocess
import sys
import textwrap
from pathlib import Path

import dagster as dg
import pytest

import bcdata
from bcdata.catalog import Catalog, load_catalog
from bcdata.dagster.build import build_defs
from bcdata.dagster.jobs import build_heal_jobs
from bcdata.dagster.resources import build_resources
from bcdata.dagster.schedules import build_schedules
from bcdata.dagster.sensors import build_sensors
from bcdata.providers.registry import SOURCES

HEAVY = ("polars", "pandera", "duckdb", "aiohttp", "numpy", "pyarrow", "stamina", "deflate")

PROBE = """
    import socket, sys

    def refuse(*_args, **_keywords):
        raise AssertionError("the network was touched at load time")

    socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
    from bcdata.definitions import defs
    from dagster import Definitions
    assert isinstance(defs, Definitions)
    Definitions.validate_loadable(defs)
    print([name for name in {heavy!r} if name in sys.modules])
"""

CRON = {"daily": "30 9 * * *", "history": "*/15 * * * *"}
MARKETS = ("spot", "um", "cm")
SENSORS = {
    "discover_symbols": "RUNNING",
    "universe": "STOPPED",
    "freshness": "RUNNING",
    "repair": "RUNNING",
    "refill": "RUNNING",
    "republished": "STOPPED",
    "stale": "RUNNING",
    "alert_quality": "STOPPED",
    "alert_run_failure": "STOPPED",
}


def test_definitions_load_without_heavy_imports_or_network() -> None:
    code = textwrap.dedent(PROBE.format(heavy=HEAVY))
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_loading_leaves_no_file_behind(tmp_path: Path) -> None:
    """A lake is made by the first run, not by looking at the definitions."""
    project = str(Path(bcdata.__file__).parents[1])
    environment = {"BCDATA_ROOT": f"{tmp_path}/lake", "HOME": str(tmp_path), "PYTHONPATH": project}
    code = "import bcdata.definitions"
    subprocess.run([sys.executable, "-B", "-c", code], cwd=tmp_path, env=environment, check=True)
    assert list(tmp_path.iterdir()) == []


def test_schedules(packaged: Catalog) -> None:
    found = {one.name: (one.cron_schedule, one.job_name) for one in build_schedules(packaged)}
    assert found == {
        **{
            f"{kind}_{market}_month": (cron, f"materialize_{market}_month")
            for kind, cron in CRON.items()
            for market in MARKETS
        },
        "verify": ("0 3 * * 0", "verify"),
        "find_halts": ("0 11 * * *", "find_halts"),
        "report_providers": ("0 * * * *", "report_providers"),
    }


def test_crons_are_settings(packaged: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDATA_DAILY_AT", "5 4 * * *")
    monkeypatch.setenv("BCDATA_HISTORY_EVERY", "0 * * * *")
    monkeypatch.setenv("BCDATA_VERIFY_AT", "1 1 1 * *")
    monkeypatch.setenv("BCDATA_HALTS_AT", "2 2 * * *")
    monkeypatch.setenv("BCDATA_PROVIDERS_AT", "3 * * * *")
    found = {one.name.split("_")[0]: one.cron_schedule for one in build_schedules(packaged)}
    own = {"verify": "1 1 1 * *", "find": "2 2 * * *", "report": "3 * * * *"}
    assert found == {"daily": "5 4 * * *", "history": "0 * * * *", **own}


def test_nothing_that_fetches_a_universe_runs_before_somebody_turns_it_on(packaged: Catalog) -> None:
    schedules = build_schedules(packaged)
    assert {one.name for one in schedules if one.default_status.value == "RUNNING"} == {"find_halts"}
    assert {one.execution_timezone for one in schedules} == {"UTC"}


def sensors_of(catalog: Catalog) -> list[dg.SensorDefinition]:
    """The sensors that a catalog calls for."""
    return build_sensors(catalog, build_heal_jobs(catalog))


def test_sensors(packaged: Catalog) -> None:
    sensors = sensors_of(packaged)
    assert {one.name: one.default_status.value for one in sensors} == SENSORS
    assert all((one.minimum_interval_seconds or 0) >= 60 for one in sensors)


def test_jobs(packaged: Catalog) -> None:
    jobs = {f"{kind}_{market}_month" for kind in ("materialize", "heal") for market in MARKETS}
    found = set(build_defs(packaged).get_repository_def().job_names) - {"__ASSET_JOB"}
    assert found == jobs | {"verify", "find_halts", "report_providers"}


INTERVALS = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h")


def twenty(tmp_path: Path) -> Catalog:
    """Ten datasets in each of two markets, months first, one by day."""
    entry = "  {}_klines_{}: {{grain: {}, start: {}, symbols: [BTCUSDT], sources: [binance_archive]{}}}\n"
    lines = [
        entry.format(market, interval, *(("day", "2023-01-01", "") if interval == "1m" else ("month", "2023-01", more)))
        for market in ("spot", "um")
        for interval in INTERVALS
        for more in [", monthly_replaces_daily: true"]
    ]
    (tmp_path / "twenty.yaml").write_text("datasets:\n" + "".join(lines))
    return load_catalog(tmp_path / "twenty.yaml")


def test_sensors_do_not_grow_with_datasets_and_jobs_and_schedules_with_markets_and_grains(tmp_path: Path) -> None:
    catalog = twenty(tmp_path)
    assert len(catalog) == 20
    shared = {f"{market}_{grain}" for market in ("spot", "um") for grain in ("day", "month")}
    repository = build_defs(catalog).get_repository_def()
    assert {one.name for one in repository.sensor_defs} == set(SENSORS)
    assert {one.name for one in repository.schedule_defs} == {
        *(f"{kind}_{one}" for kind in ("daily", "history") for one in shared),
        "monthly_spot_month",
        "monthly_um_month",
        "verify",
        "find_halts",
        "report_providers",
    }
    assert len([one for one in repository.job_names if one.startswith(("materialize", "heal"))]) == 8
    [refill] = [one for one in repository.sensor_defs if one.name == "refill"]
    assert {target.job_name for target in refill.targets} == {f"heal_{one}" for one in shared}


def test_what_no_dataset_takes_part_in_is_not_there(tmp_path: Path) -> None:
    text = "datasets:\n  spot_klines_1m:\n    {grain: month, start: 2023-01, symbols: [A],"
    (tmp_path / "some.yaml").write_text(f"{text} sources: [binance_archive], automation: [refill, daily]}}\n")
    catalog = load_catalog(tmp_path / "some.yaml")
    assert [one.name for one in sensors_of(catalog)] == ["refill", "alert_run_failure"]
    assert [one.name for one in build_schedules(catalog)] == ["daily_spot_month", "report_providers"]


def test_alerts_are_on_where_there_is_anybody_to_tell(packaged: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDATA_ALERT_URLS", "json://127.0.0.1")
    found = {one.name: one.default_status.value for one in sensors_of(packaged) if one.name.startswith("alert")}
    assert found == {"alert_run_failure": "RUNNING", "alert_quality": "RUNNING"}


def test_resources_go_by_the_names_of_sources() -> None:
    assert set(build_resources()) == {"store", *SOURCES}


def test_halts_are_told_from_bars_of_trades_alone(tmp_path: Path) -> None:
    (tmp_path / "catalog.yaml").write_text(
        "datasets:\n"
        "  um_klines_1m: {grain: month, start: 2023-01, symbols: [BTCUSDT], sources: [binance_archive]}\n"
        "  um_mark_klines_1m: {grain: month, start: 2023-01, symbols: [BTCUSDT], sources: [binance_archive]}\n"
        "  um_premium_klines_1m: {grain: month, start: 2023-01, symbols: [BTCUSDT], sources: [binance_archive]}\n"
    )
    graph = build_defs(load_catalog(tmp_path / "catalog.yaml")).resolve_asset_graph()
    keys = {tuple(key.path) for key in graph.get_all_asset_keys()}
    assert {key for key in keys if key[0] == "halts"} == {("halts", "um_klines_1m")}
    assert {key[0] for key in keys if key[-1] == "um_premium_klines_1m"} == {"raw", "parsed", "merged"}
    assert {key[0] for key in keys if key[-1] == "um_mark_klines_1m"} >= {"features", "reports", "seasonality"}
