"""What one asset-partition costs in Dagster's event log: stock SQLite storage against the pooled one.

Each round times both, in alternating order, on fresh directories. An asset-partition is its "planned" and its
"materialized" event. With several processes, all write one index, and the time is that of each of them.
The table goes to standard output, every round to `benchmarks/results/event_log.json`.
"""

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dagster import AssetKey, AssetMaterialization
from dagster._core.events import (
    AssetMaterializationPlannedData,
    DagsterEvent,
    DagsterEventType,
    StepMaterializationData,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage

from bcdata.dagster_storage import PooledSqliteEventLogStorage

KINDS = {"stock": SqliteEventLogStorage, "pooled": PooledSqliteEventLogStorage}
RESULTS = Path(__file__).with_name("results") / "event_log.json"
KEY = AssetKey(["parsed", "binance_archive", "spot_klines_1m"])


def event(run_id: str, kind: DagsterEventType, data: Any) -> EventLogEntry:
    """An entry as a run would log it."""
    return EventLogEntry(  # type: ignore[no-untyped-call]  # its __new__ has no annotated result
        error_info=None,
        level=10,
        user_message="",
        run_id=run_id,
        timestamp=time.time(),
        step_key=KEY.to_python_identifier(),
        job_name="benchmark",
        dagster_event=DagsterEvent(
            event_type_value=kind.value,
            job_name="benchmark",
            step_key=KEY.to_python_identifier(),
            event_specific_data=data,
        ),
    )


def asset_partition(run_id: str, number: int) -> list[EventLogEntry]:
    """The two events of a partition in a run, with metadata of the size that the assets attach."""
    partition = f"{2000 + number // 12}-{number % 12 + 1:02d}|BTCUSDT"
    metadata: dict[str, Any] = {"rows": 44_640, "fingerprint": "0" * 64, "gaps": 3, "verdict": "published"}
    materialization = AssetMaterialization(KEY, partition=partition, metadata=metadata)
    return [
        event(
            run_id,
            DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
            AssetMaterializationPlannedData(KEY, partition=partition),
        ),
        event(run_id, DagsterEventType.ASSET_MATERIALIZATION, StepMaterializationData(materialization)),
    ]


_start: threading.Barrier  # set in each worker: all begin together, once their shards exist


def join(barrier: threading.Barrier) -> None:
    global _start  # noqa: PLW0603 - how a pool's initializer hands something to its tasks
    _start = barrier


def seconds_to_store(kind: str, directory: str, run_id: str, partitions: int) -> float:
    """Time in one worker from the common start to the last stored event."""
    log = KINDS[kind](directory)
    entries = [entry for number in range(partitions) for entry in asset_partition(run_id, number)]
    for entry in asset_partition(run_id, partitions):
        log.store_event(entry)  # creates the run's shard
    _start.wait(timeout=60)
    begun = time.perf_counter()
    for entry in entries:
        log.store_event(entry)
    elapsed = time.perf_counter() - begun
    log.dispose()
    return elapsed


def milliseconds(pool: ProcessPoolExecutor, kind: str, processes: int, partitions: int) -> float:
    """Wall-clock milliseconds per asset-partition and process, the slowest process counting."""
    with tempfile.TemporaryDirectory() as directory:
        SqliteEventLogStorage(directory).dispose()  # the index: stock breaks when several processes create it
        jobs = [
            pool.submit(seconds_to_store, kind, directory, f"run-{number}", partitions) for number in range(processes)
        ]
        return max(job.result() for job in jobs) / partitions * 1000


def compare(processes: int, rounds: int, partitions: int) -> dict[str, list[float]]:
    """Rounds of both kinds, each going first every other time."""
    spawn = multiprocessing.get_context("spawn")
    taken: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with ProcessPoolExecutor(processes, spawn, join, (spawn.Barrier(processes),)) as pool:
        for number in range(rounds):
            for kind in sorted(KINDS, reverse=number % 2 == 0):
                taken[kind].append(milliseconds(pool, kind, processes, partitions))
    return taken


def row(processes: int, taken: dict[str, list[float]]) -> str:
    """One line of the table: medians of the rounds, and the median of the rounds' ratios."""
    ratio = statistics.median(stock / pooled for stock, pooled in zip(*taken.values(), strict=True))
    medians = {kind: statistics.median(values) for kind, values in taken.items()}
    spread = f"{min(taken['pooled']):.1f}-{max(taken['pooled']):.1f}"
    return f"| {processes} | {medians['stock']:.1f} | {medians['pooled']:.1f} ({spread}) | {ratio:.1f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--partitions", type=int, default=25, help="asset-partitions per process and round")
    options = parser.parse_args()

    results = {processes: compare(processes, options.rounds, options.partitions) for processes in (1, 3)}
    print("| processes | stock, ms per asset-partition | pooled (range) | stock / pooled |")
    print("|---:|---:|---:|---:|")
    for processes, taken in results.items():
        print(row(processes, taken))
    RESULTS.parent.mkdir(exist_ok=True)
    measured = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpus": os.cpu_count(),
        "load_at_end": os.getloadavg(),
        "python": platform.python_version(),
        "partitions_per_round": options.partitions,
        "milliseconds_per_asset_partition": results,
    }
    RESULTS.write_text(json.dumps(measured, indent=2) + "\n")


if __name__ == "__main__":
    main()
