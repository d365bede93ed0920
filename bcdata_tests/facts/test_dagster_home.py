"""The project's dagster.yaml with its storage, under a DAGSTER_HOME and without one."""

import shutil
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.instance import InstanceRef
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager

from bcdata.dagster_storage import (
    HomeArtifactStorage,
    HomeComputeLogManager,
    PooledSqliteEventLogStorage,
    PooledSqliteStorage,
    instance_for_commands,
)
from bcdata_tests.facts.storage_cases import Recording

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A DAGSTER_HOME with the project's dagster.yaml, seen from another working directory."""
    elsewhere, home = tmp_path / "elsewhere", tmp_path / "home"
    elsewhere.mkdir()
    home.mkdir()
    shutil.copy(PROJECT / "dagster.yaml", home)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.chdir(elsewhere)
    return home


def test_the_project_settings_hold_from_any_working_directory(home: Path) -> None:
    with dg.DagsterInstance.get() as instance:
        assert type(instance.event_log_storage) is PooledSqliteEventLogStorage
        assert isinstance(instance.compute_log_manager, HomeComputeLogManager)
        assert instance.compute_log_manager.get_captured_local_path(["run", "a"], "out").startswith(str(home))
        assert instance.root_directory == str(home / "data/dagster")
        assert not instance.telemetry_enabled
        assert instance.run_retries_enabled
        assert not instance.run_retries_retry_on_asset_or_op_failure
        run_queue = instance.get_concurrency_config().run_queue_config
        assert run_queue is not None
        assert run_queue.max_concurrent_runs == 2
        again = instance.get_ref()
        with dg.DagsterInstance.from_ref(again) as in_another_process:  # how run workers make theirs
            assert type(in_another_process.event_log_storage) is PooledSqliteEventLogStorage
    stored = {str(path.relative_to(home)) for path in home.rglob("*.db")}
    assert stored == {
        "data/dagster/history/runs.db",
        "data/dagster/history/runs/index.db",
        "data/dagster/schedules/schedules.db",
    }
    assert not list(Path.cwd().iterdir())


def test_runs_of_commands_keep_no_compute_logs_and_all_else_of_the_home(home: Path) -> None:
    """Overrides of a home's settings are private in Dagster: one block is replaced, and no other."""
    with dg.DagsterInstance.get() as daemon, instance_for_commands(home) as command:
        assert isinstance(command.compute_log_manager, NoOpComputeLogManager)
        assert isinstance(daemon.compute_log_manager, HomeComputeLogManager)
        assert type(command.event_log_storage) is PooledSqliteEventLogStorage
        assert command.root_directory == daemon.root_directory
        assert command.run_retries_enabled
        assert not command.telemetry_enabled


def test_the_stock_storage_is_one_block_away(home: Path, recording: Recording) -> None:
    run, events = recording.runs[0], recording.events_of[0]
    with dg.DagsterInstance.get() as pooled:
        pooled.run_storage.add_run(run)
        for event in events:
            pooled.event_log_storage.store_event(event)
    stock_block = {"storage": {"sqlite": {"base_dir": str(home / "data/dagster")}}}
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home.parent), overrides=stock_block)) as stock:
        assert type(stock.event_log_storage) is SqliteEventLogStorage
        assert stock.all_logs(run.run_id) == events
        assert stock.has_run(run.run_id)


def test_without_a_dagster_home_paths_start_at_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    for kind in (PooledSqliteStorage, PooledSqliteEventLogStorage):
        storage = kind.from_config_value(None, {"base_dir": "here"})
        assert type(storage) is kind
        storage.dispose()
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("index.db")} == {
        "here/history/runs/index.db",
        "here/index.db",
    }
    assert HomeArtifactStorage.from_config_value(None, {"base_dir": "here"}).base_dir == str(tmp_path / "here")


def test_an_empty_dagster_home_is_stock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    with dg.DagsterInstance.get() as instance:
        assert type(instance.event_log_storage) is SqliteEventLogStorage
