"""A process that is killed while it creates the databases leaves a directory that the next one can use."""

import multiprocessing
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as db
from alembic.config import Config
from alembic.script import ScriptDirectory
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.sql import get_alembic_config
from sqlalchemy.engine import Engine

from bcdata.dagster_storage import PooledSqliteStorage

FORK = multiprocessing.get_context("fork")
TABLES = {"dynamic_partitions", "event_logs", "asset_keys", "asset_check_executions", "alembic_version"}


def _create(folder: Path, statements: int) -> None:
    """Creates the storage, and dies before the statement of this number."""
    left = [statements]

    def count(*_: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            os._exit(9)

    db.event.listen(Engine, "before_cursor_execute", count)
    PooledSqliteStorage(str(folder)).dispose()
    os._exit(0)


def _killed_after(folder: Path, statements: int) -> bool:
    """Whether the process died before it was done."""
    child = FORK.Process(target=_create, args=(folder, statements))
    child.start()
    child.join()
    return child.exitcode == 9


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_creation_is_whole_whenever_a_process_is_killed(tmp_path: Path) -> None:
    deaths = 0
    statements, step = 0, 17
    while _killed_after(tmp_path / f"{statements}", statements):
        folder = tmp_path / f"{statements}"
        storage = PooledSqliteStorage(str(folder))
        try:
            storage.event_log_storage.add_dynamic_partitions("symbols", ["BTCUSDT"])
            assert storage.event_log_storage.get_dynamic_partitions("symbols") == ["BTCUSDT"]
            assert storage.run_storage.get_runs() == []
            assert storage.schedule_storage.all_instigator_state() == []
        finally:
            storage.dispose()
        with closing(sqlite3.connect(folder / "history" / "runs" / "index.db")) as index:
            names = {name for (name,) in index.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert names >= TABLES
        assert not list(folder.glob(".creating-*"))
        deaths += 1
        statements += step
    assert deaths > 5


def test_scripts_of_migrations_are_read_once_and_others_whenever_they_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    (tmp_path / "alembic.ini").write_text(f"[alembic]\nscript_location = {tmp_path}\n")
    foreign = Config(tmp_path / "alembic.ini")
    own = [get_alembic_config(sqlite_event_log.__file__), get_alembic_config(sqlite_run_storage.__file__)]
    read = {id(ScriptDirectory.from_config(one)): ScriptDirectory.from_config(one) for one in [*own, *own]}
    assert len(read) == len(own), "each storage has scripts of its own"
    assert {one.get_current_head() for one in read.values()} - {None}
    assert ScriptDirectory.from_config(foreign) is not ScriptDirectory.from_config(foreign)
