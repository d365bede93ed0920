"""The pooled event log between threads, forks and processes, and under SIGKILL."""

import multiprocessing
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import pytest
from dagster import AssetKey
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage

from bcdata.dagster_storage import PooledSqliteEventLogStorage
from bcdata_tests.facts.event_writer import materialization
from bcdata_tests.facts.storage_cases import assert_intact, create_at_once, stored_rows, wait_at

WRITER = Path(__file__).with_name("event_writer.py")
PROJECT = Path(__file__).parents[2]
BARS = AssetKey("bars")
PATIENCE = 30.0  # seconds that a loaded machine may take


@pytest.fixture
def log(tmp_path: Path) -> Iterator[PooledSqliteEventLogStorage]:
    storage = PooledSqliteEventLogStorage(str(tmp_path))
    yield storage
    storage.dispose()


def writer(directory: Path, storage: str, run_id: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(WRITER), str(directory), storage, run_id, str(count)],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def partitions(events: list[EventLogEntry]) -> list[str | None]:
    return [event.dagster_event.partition for event in events if event.dagster_event]


def names(run_id: str, count: int) -> list[str]:
    return [f"{run_id}-{number:05d}" for number in range(count)]


@pytest.mark.slow
def test_processes_may_create_everything_at_once(tmp_path: Path) -> None:
    """Stock does not survive this: its databases are left with two schema versions, two times out of five."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(3, spawn, wait_at, (spawn.Barrier(3),)) as pool:
        for number in range(5):
            home = tmp_path / str(number)
            jobs = [pool.submit(create_at_once, str(home)) for _ in range(3)]
            assert max(len(job.result()) for job in jobs) == 3
            rows = stored_rows(home / "history" / "runs")
            assert [len(rows[f"{name}.alembic_version"]) for name in ("index", "shared")] == [1, 1]
            assert [len(rows[f"{name}.event_logs"]) for name in ("index", "shared")] == [3, 3]


@pytest.mark.slow
def test_processes_write_together_stock_among_them(tmp_path: Path, log: PooledSqliteEventLogStorage) -> None:
    runs = {"a": "pooled", "b": "pooled", "c": "stock"}
    with ExitStack() as stack:
        processes = [stack.enter_context(writer(tmp_path, storage, run_id, 30)) for run_id, storage in runs.items()]
        complaints = [process.communicate(timeout=60)[1] for process in processes]
    assert complaints == ["", "", ""]
    for run_id in runs:
        assert partitions(list(log.get_logs_for_run(run_id))) == names(run_id, 30)
    assert log.get_materialized_partitions(BARS) == {name for run_id in runs for name in names(run_id, 30)}
    log.dispose()
    assert_intact(tmp_path)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_process_loses_nothing_it_stored_and_leaves_no_lock(
    tmp_path: Path, log: PooledSqliteEventLogStorage
) -> None:
    with writer(tmp_path, "pooled", "killed", 1_000_000) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(25)]
        process.send_signal(signal.SIGKILL)
        said += process.stdout.readlines()
        assert process.wait(timeout=60) == -signal.SIGKILL
    acknowledged = int([line for line in said if line.endswith("\n")][-1]) + 1

    begun = time.monotonic()
    log.store_event(materialization("survivor", 0))
    assert time.monotonic() - begun < 10, "waited for a lock that a dead process held"
    stored = partitions(list(log.get_logs_for_run("killed")))
    # The event in flight may be there or not, or in its run and not yet in the index: as with the stock storage.
    assert stored in (names("killed", acknowledged), names("killed", acknowledged + 1))
    indexed = log.get_materialized_partitions(BARS) - {"survivor-00000"}
    assert set(names("killed", acknowledged)) <= indexed <= set(stored)
    log.dispose()
    assert_intact(tmp_path)


@pytest.mark.slow
def test_a_watcher_sees_each_event_as_it_comes(tmp_path: Path, log: PooledSqliteEventLogStorage) -> None:
    seen: queue.Queue[EventLogEntry] = queue.Queue()

    def callback(event: EventLogEntry, _cursor: str) -> None:
        seen.put(event)

    log.get_logs_for_run("watched")  # we hold the shard open, so the writer never empties the WAL by closing
    log.watch("watched", None, callback)
    with writer(tmp_path, "pooled", "watched", 0) as process:
        assert process.stdin is not None
        for name in names("watched", 5):
            process.stdin.write("next\n")
            process.stdin.flush()
            assert partitions([seen.get(timeout=PATIENCE)]) == [name]
        process.communicate(timeout=60)
    assert seen.empty()
    log.end_watch("watched", callback)


def test_threads_take_turns(log: PooledSqliteEventLogStorage) -> None:
    def write(run_id: str) -> None:
        for number in range(15):
            log.store_event(materialization(run_id, number))
            log.get_logs_for_run("a")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, "abab"))
    for run_id in "ab":
        stored = partitions(list(log.get_logs_for_run(run_id)))
        assert sorted(stored) == sorted(names(run_id, 15) * 2)


def store_and_exit(log: PooledSqliteEventLogStorage) -> NoReturn:
    """What the forked child does; it must not come back into pytest, whatever happens."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(PATIENCE))
    try:
        log.store_event(materialization("forked", 1))
        log.dispose()
        os._exit(0)
    finally:
        os._exit(1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_opens_connections_of_its_own(tmp_path: Path, log: PooledSqliteEventLogStorage) -> None:
    log.store_event(materialization("forked", 0))
    holds = threading.Event()
    forked = threading.Event()

    def hold_the_lock() -> None:
        with log.index_connection():
            holds.set()
            forked.wait(PATIENCE)

    holder = threading.Thread(target=hold_the_lock)
    holder.start()
    holds.wait(PATIENCE)
    child = os.fork()  # while another thread holds the lock, which the child must not wait for
    if child == 0:
        store_and_exit(log)
    forked.set()
    holder.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    log.store_event(materialization("forked", 2))
    assert partitions(list(log.get_logs_for_run("forked"))) == names("forked", 3)
    log.dispose()
    stock = SqliteEventLogStorage(str(tmp_path))
    assert stock.get_materialized_partitions(BARS) == set(names("forked", 3))
    assert_intact(tmp_path)
