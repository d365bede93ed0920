"""The pooled event log is the stock one: the same rows, reads and errors, whatever is done to it."""

import inspect
import re
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.data_version import DATA_VERSION_TAG
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.event_api import PartitionKeyFilter
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.test_utils import freeze_time
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from bcdata import dagster_storage
from bcdata.dagster_storage import (
    PooledSqliteEventLogStorage,
)
from bcdata_tests.facts.storage_cases import Recording, assert_intact, sqlite_instance, stored_rows

Operation = tuple[Any, ...]
BARS = dg.AssetKey("bars")
SANE = dg.AssetCheckKey(BARS, "sane")
NOW = datetime(2024, 6, 1, tzinfo=UTC)


@pytest.fixture
def twins(tmp_path: Path) -> Iterator[tuple[dg.DagsterInstance, dg.DagsterInstance]]:
    """A stock and a pooled instance side by side, each in a directory of its own."""
    stock_config = {"sqlite": {"base_dir": str(tmp_path / "stock")}}
    with ExitStack() as stack:
        stock = stack.enter_context(sqlite_instance(tmp_path / "stock", stock_config))
        pooled = stack.enter_context(sqlite_instance(tmp_path / "pooled"))
        assert type(stock.event_log_storage) is SqliteEventLogStorage
        assert type(pooled.event_log_storage) is PooledSqliteEventLogStorage
        yield stock, pooled


def apply(instance: dg.DagsterInstance, recording: Recording, operation: Operation) -> str:
    """Do one thing to a storage and say what came of it, errors included."""
    log = instance.event_log_storage
    name, *arguments = operation
    try:
        if name == "store":
            result: object = log.store_event(recording.events[arguments[0]])
        elif name == "store_batch":
            result = log.store_event_batch(recording.events[arguments[0] : arguments[1]])
        elif name == "delete_events":
            result = log.delete_events(recording.runs[arguments[0]].run_id)
        else:
            result = getattr(log, name)(*arguments)
    except (DagsterInvariantViolationError, IntegrityError) as error:
        result = error
    return without_the_clock(result)


def without_the_clock(value: object) -> str:
    """A value in words, without the times that SQLite takes from its own clock."""
    return re.sub(r"datetime\.datetime\([^)]*\)|create_timestamp=[\d.]+", "", repr(value))


def reads(instance: dg.DagsterInstance, recording: Recording) -> dict[str, str]:
    """What Dagster's UI, daemon and assets ask an event log for."""
    log = instance.event_log_storage
    answers: dict[str, object] = {
        "keys": log.all_asset_keys(),
        "records": log.get_asset_records(),
        "checks": log.get_asset_check_execution_history(SANE, limit=50),
        "check by partition": log.get_asset_check_execution_history(
            SANE, limit=50, partition_filter=PartitionKeyFilter(key="2024-01|BTCUSDT")
        ),
        "latest check": log.get_latest_asset_check_execution_by_key([SANE]),
        "check partitions": log.get_asset_check_partition_info([SANE]),
        "dynamic": log.get_dynamic_partitions("symbols"),
        "materialized": log.get_materialized_partitions(BARS),
        "latest by partition": log.get_latest_storage_id_by_partition(BARS, dg.DagsterEventType.ASSET_MATERIALIZATION),
        "tags by partition": log.get_latest_tags_by_partition(
            BARS, dg.DagsterEventType.ASSET_MATERIALIZATION, [DATA_VERSION_TAG]
        ),
        "max id": log.get_maximum_record_id(),
        "pools": sorted(log.get_pool_limits()),
        "observed": log.fetch_observations(BARS, limit=100),
        "planned": log.get_event_records(
            dg.EventRecordsFilter(dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED), limit=100
        ),
        # Stock orders these by the second in which each run was last updated: sorted, so that ties do not matter.
        "across runs": sorted(
            log.get_event_records(dg.EventRecordsFilter(dg.DagsterEventType.STEP_START), limit=9), key=repr
        ),
        "run statuses": log.fetch_run_status_changes(dg.DagsterEventType.RUN_SUCCESS, limit=9),
    }
    cursor = None
    for number in range(3):
        page = log.fetch_materializations(BARS, limit=3, cursor=cursor)
        cursor = page.cursor
        answers[f"materializations, page {number}"] = page
    for number, run in enumerate(recording.runs):
        first = log.get_records_for_run(run.run_id, limit=7)
        answers[f"run {number}, page 1"] = first
        answers[f"run {number}, page 2"] = log.get_records_for_run(run.run_id, cursor=first.cursor)
        answers[f"run {number}, backwards"] = log.get_records_for_run(run.run_id, limit=5, ascending=False)
        answers[f"run {number}, stats"] = log.get_stats_for_run(run.run_id)
        answers[f"run {number}, steps"] = log.get_step_stats_for_run(run.run_id)
    return {name: without_the_clock(answer) for name, answer in answers.items()}


def assert_equal_after(
    twins: tuple[dg.DagsterInstance, dg.DagsterInstance], recording: Recording, operations: list[Operation]
) -> None:
    stock, pooled = twins
    for instance in twins:
        for run in recording.runs:
            if not instance.has_run(run.run_id):
                instance.run_storage.add_run(run)
    with freeze_time(NOW):
        for operation in operations:
            assert apply(stock, recording, operation) == apply(pooled, recording, operation), operation
        assert reads(stock, recording) == reads(pooled, recording)
    stock_rows, pooled_rows = (stored_rows(event_log_of(instance)) for instance in twins)
    assert pooled_rows == stock_rows


def event_log_of(instance: dg.DagsterInstance) -> Path:
    log = instance.event_log_storage
    assert isinstance(log, SqliteEventLogStorage)
    return Path(log.path_for_shard("index")).parent


def test_stores_and_reads_event_by_event_what_stock_does(
    twins: tuple[dg.DagsterInstance, dg.DagsterInstance], recording: Recording
) -> None:
    operations: list[Operation] = [("store", i) for i in range(len(recording.events))]
    assert_equal_after(twins, recording, operations)
    rows = stored_rows(event_log_of(twins[1]))
    assert len(rows["index.event_logs"]) > 20
    assert len(rows["index.asset_check_executions"]) >= 7
    assert [len(rows[f"{run.run_id}.event_logs"]) for run in recording.runs] == [
        len(events) for events in recording.events_of
    ]
    for operation in [("wipe_asset", BARS), ("delete_events", 0), ("wipe",)]:
        assert_equal_after(twins, recording, [operation])


symbols = st.sampled_from(["BTCUSDT", "ETHUSDT", "SOLUSDT"])


operations = st.one_of(
    st.tuples(st.just("store"), st.integers(0, 30)),
    st.tuples(st.just("store_batch"), st.integers(0, 20), st.integers(20, 45)),
    st.tuples(st.just("delete_events"), st.integers(0, 1)),
    st.tuples(st.just("wipe_asset"), st.just(BARS)),
    st.tuples(st.just("wipe")),
    st.tuples(st.just("add_dynamic_partitions"), st.just("symbols"), st.lists(symbols, max_size=3)),
    st.tuples(st.just("delete_dynamic_partition"), st.just("symbols"), symbols),
    st.tuples(st.just("set_concurrency_slots"), st.just("rest"), st.integers(0, 3)),
    st.tuples(st.just("claim_concurrency_slot"), st.just("rest"), st.sampled_from("ab"), st.just("step")),
    st.tuples(st.just("free_concurrency_slots_for_run"), st.sampled_from("ab")),
)


@pytest.mark.slow
def test_is_stock_after_any_operations(
    twins: tuple[dg.DagsterInstance, dg.DagsterInstance], recording: Recording
) -> None:
    # No shrinking: an example costs half a second, and each of them tells where the storages differ.
    @settings(max_examples=10, deadline=None, phases=[Phase.reuse, Phase.generate])
    @given(st.lists(operations, min_size=5, max_size=25))
    def same_as_stock(operations: list[Operation]) -> None:
        for instance in twins:
            instance.event_log_storage.wipe()
        assert_equal_after(twins, recording, operations)

    same_as_stock()


def test_keeps_few_shards_open_and_closes_them_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dagster_storage, "MAX_OPEN_SHARDS", 2)
    log = PooledSqliteEventLogStorage(str(tmp_path))
    for run_id in "abacd":
        assert log.get_logs_for_run(run_id) == []
    assert {path.stem for path in open_files(tmp_path) if path.suffix == ".db"} == {"c", "d"}
    assert log.get_logs_for_run("c") == []
    assert log.get_logs_for_run("e") == []
    assert {path.stem for path in open_files(tmp_path) if path.suffix == ".db"} == {"c", "e"}
    log.dispose()
    assert open_files(tmp_path) == []
    assert log.get_logs_for_run("a") == []  # usable again, like the stock storage
    log.dispose()


def open_files(directory: Path) -> list[Path]:
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        pytest.skip("no /proc to list open files from")
    targets = [link.readlink() for link in descriptors.iterdir() if link.is_symlink()]
    return [target for target in targets if directory in target.parents]


def test_notices_that_the_files_were_wiped(tmp_path: Path, recording: Recording) -> None:
    event = recording.events[0]
    ours, theirs, stock = (
        PooledSqliteEventLogStorage(str(tmp_path)),
        PooledSqliteEventLogStorage(str(tmp_path)),
        SqliteEventLogStorage(str(tmp_path)),
    )
    ours.store_event(event)
    theirs.wipe()
    ours.store_event(event)
    for log in (ours, theirs, stock):
        assert log.get_logs_for_run(event.run_id) == [event]
    ours.dispose()
    theirs.dispose()
    assert_intact(tmp_path)


def test_commits_in_wal_and_syncs_at_checkpoints(tmp_path: Path) -> None:
    log = PooledSqliteEventLogStorage(str(tmp_path))
    with log.index_connection() as connection:
        settings_held = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        ]
    assert settings_held == ["wal", 1, 30_000]
    log.dispose()


def test_a_failed_transaction_leaves_nothing(tmp_path: Path, recording: Recording) -> None:
    log = PooledSqliteEventLogStorage(str(tmp_path))
    event = recording.events[0]
    with suppress(ZeroDivisionError), log.run_connection(event.run_id) as connection:
        connection.execute(log.prepare_insert_event(event))
        raise ZeroDivisionError
    assert log.get_logs_for_run(event.run_id) == []
    log.store_event(event)
    assert log.get_logs_for_run(event.run_id) == [event]
    log.dispose()


def test_what_is_overridden_is_still_what_stock_calls(tmp_path: Path) -> None:
    """The pool hangs on two public methods, one private one and two private attributes of the stock class."""

    class Inherits(SqliteEventLogStorage):
        pass

    # Why from_config_value has to be overridden: a subclass would not be made at all.
    assert type(Inherits.from_config_value(None, {"base_dir": str(tmp_path)})) is SqliteEventLogStorage
    log = SqliteEventLogStorage(str(tmp_path))
    log.get_logs_for_run("run")
    assert "run" in log._initialized_dbs
    assert log._db_lock.acquire(blocking=False)
    assert list(inspect.signature(log._initdb).parameters) == ["engine", "for_index_shard"]
    # No other way to a connection: whoever needs one goes through run_connection or index_connection.
    source = inspect.getsource(sqlite_event_log)
    assert source.count("self._connect(") == 2
    assert source.count("engine.connect()") == 3  # has_table, _initdb and _connect
