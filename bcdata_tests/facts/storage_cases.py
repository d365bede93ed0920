"""Events of a real run to store again, and every row of a stored event log to compare."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.events.log import EventLogEntry
from dagster._core.instance import InstanceRef

from bcdata.dagster_storage import PooledSqliteStorage
from bcdata_tests.facts.event_writer import materialization

Rows = dict[str, list[tuple[Any, ...]]]
DATED_BY_THE_CLOCK = {"create_timestamp", "update_timestamp", "assigned_timestamp", "migration_completed"}

GRID = dg.MultiPartitionsDefinition(
    {
        "date": dg.StaticPartitionsDefinition(["2024-01", "2024-02", "2024-03"]),
        "symbol": dg.StaticPartitionsDefinition(["BTCUSDT", "ETHUSDT"]),
    }
)
POOLED = {"module": "bcdata.dagster_storage", "class": "PooledSqliteStorage"}


@dg.asset(
    partitions_def=GRID,
    backfill_policy=dg.BackfillPolicy.single_run(),
    check_specs=[dg.AssetCheckSpec("sane", asset="bars")],
    tags={"zone": "parsed"},
)
def bars(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    for key in context.partition_keys:
        context.add_asset_metadata({"rows": len(key)}, partition_key=key)
        context.log_event(
            dg.AssetCheckEvaluation(
                asset_key=context.asset_key, check_name="sane", passed="ETH" not in key, partition=key
            )
        )
        context.log_event(dg.AssetObservation("bars", partition=key, metadata={"seen": True}))
    verdict = dg.AssetCheckResult(passed=False, check_name="sane", severity=dg.AssetCheckSeverity.WARN)
    return dg.MaterializeResult(check_results=[verdict])


@dg.asset
def report() -> None:
    raise ValueError("no report today")


@dataclass(frozen=True)
class Recording:
    """Runs without their snapshots, and the events of each as Dagster made them."""

    runs: list[dg.DagsterRun]
    events_of: list[list[EventLogEntry]]

    @property
    def events(self) -> list[EventLogEntry]:
        return [event for events in self.events_of for event in events]


def record_runs() -> Recording:
    """A range run with checks and observations, and a run that fails."""
    ends = {"dagster/asset_partition_range_start": "2024-01|BTCUSDT"}
    ends["dagster/asset_partition_range_end"] = "2024-03|ETHUSDT"
    with dg.DagsterInstance.ephemeral() as instance:
        run_ids = [
            dg.materialize([bars], instance=instance, tags=ends).run_id,
            dg.materialize([report], instance=instance, raise_on_error=False).run_id,
        ]
        runs = [run for run_id in run_ids if (run := instance.get_run_by_id(run_id))]
        return Recording(
            [run._replace(job_snapshot_id=None, execution_plan_snapshot_id=None) for run in runs],
            [list(instance.all_logs(run_id)) for run_id in run_ids],
        )


@contextmanager
def sqlite_instance(home: Path, storage: dict[str, Any] | None = None) -> Iterator[dg.DagsterInstance]:
    """An instance in `home` on the pooled storage, or on what `storage` names."""
    overrides = {
        "storage": storage or {"custom": {**POOLED, "config": {"base_dir": str(home)}}},
        "telemetry": {"enabled": False},
    }
    home.mkdir(exist_ok=True)
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home), overrides=overrides)) as instance:
        yield instance


def stored_rows(event_log: Path) -> Rows:
    """All rows by `shard.table`, without the columns that hold the time of writing."""
    rows: Rows = {}
    for path in sorted(event_log.glob("*.db")):
        connection = sqlite3.connect(path)
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        for (table,) in tables:
            columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            kept = ", ".join(f'"{name}"' for name in columns if name not in DATED_BY_THE_CLOCK)
            rows[f"{path.stem}.{table}"] = connection.execute(f"SELECT {kept} FROM {table}").fetchall()  # noqa: S608
        connection.close()
    return rows


def assert_intact(event_log: Path) -> None:
    """Every shard passes SQLite's own check."""
    for path in event_log.glob("*.db"):
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()


_together: threading.Barrier


def wait_at(barrier: threading.Barrier) -> None:
    """Hands the barrier to a worker process."""
    global _together  # noqa: PLW0603 - how a pool's initializer hands something to its tasks
    _together = barrier


def create_at_once(directory: str) -> list[str]:
    """Makes a storage, and a run's shard in it, at the same moment as other processes do."""
    _together.wait(timeout=60)
    storage = PooledSqliteStorage(directory)
    storage.event_log_storage.store_event(materialization("shared", os.getpid()))
    partitions = storage.event_log_storage.get_materialized_partitions(dg.AssetKey("bars"))
    storage.dispose()
    return sorted(partitions)
