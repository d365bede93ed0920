"""What loading the definitions costs and touches: every run, sensor and code server pays it."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import bcdata
from bcdata.catalog import Catalog, load_catalog
from bcdata.dagster.build import build_defs
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
DATASETS = (
    "spot_klines_1m",
    "spot_klines_1h",
    "um_klines_1m",
    "um_klines_1h",
    "um_funding",
    "cm_klines_1m",
    "cm_funding",
)


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
        **{f"{kind}_{name}": (cron, f"materialize_{name}") for kind, cron in CRON.items() for name in DATASETS},
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


def test_sensors(packaged: Catalog) -> None:
    sensors = build_sensors(packaged)
    found = {one.name: one.default_status.value for one in sensors}
    discover = {f"discover_{market}_symbols_by_month": "RUNNING" for market in ("spot", "um", "cm")}
    refill = {f"refill_{dataset}": "RUNNING" for dataset in DATASETS}
    republished = {f"republished_{dataset}": "STOPPED" for dataset in DATASETS}
    stale = {
        f"{kind}_{dataset}": "RUNNING" for kind in ("stale", "freshness") for dataset in DATASETS if "klines" in dataset
    }
    universe = {f"universe_{market}": "RUNNING" for market in ("spot", "um", "cm")}
    mend = {f"mend_{dataset}": "RUNNING" for dataset in DATASETS}
    alerts = {"alert_run_failure": "STOPPED", "alert_quality": "STOPPED"}
    assert found == discover | refill | republished | stale | universe | mend | alerts
    assert all((one.minimum_interval_seconds or 0) >= 60 for one in sensors)


def test_alerts_are_on_where_there_is_anybody_to_tell(packaged: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDATA_ALERT_URLS", "json://127.0.0.1")
    found = {one.name: one.default_status.value for one in build_sensors(packaged) if one.name.startswith("alert")}
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
