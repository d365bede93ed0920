"""Dagster on SQLite with the connections kept open: the same files, a fraction of the price of an event.

Stock SQLite storage opens, compiles for and closes a connection per statement, which is most of what an
asset-partition costs in a run. Files, tables and rows are the stock ones: either storage reads what the
other wrote, and both may work on one directory at the same time (docs/adr/0003-pooled-event-log.md).

Stock classes take relative paths from the working directory, which is another one in each of Dagster's
processes. The classes here take them from `DAGSTER_HOME`, or from the working directory where it is not set.

Whatever the project needs of Dagster's private storage modules stands in this file.
"""

import os
import shutil
import sqlite3
import tempfile
import threading
import weakref
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, cast

import sqlalchemy as db
from alembic.config import Config
from alembic.script import ScriptDirectory
from dagster import DagsterError, DagsterInstance
from dagster import _check as check
from dagster._core.instance import InstanceRef
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager
from dagster._core.storage.noop_compute_log_manager import NoOpComputeLogManager
from dagster._core.storage.root import LocalArtifactStorage
from dagster._core.storage.sql import ALEMBIC_SCRIPTS_LOCATION
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import QueuePool

from bcdata.sqlite_files import connect_to_read, is_damage

BAD_SETTINGS = (check.CheckError, DagsterError, TypeError, UnicodeDecodeError)
"""What Dagster raises where dagster.yaml is YAML of another shape, or none: it has no error of its own for that."""
MAX_OPEN_SHARDS = 8  # a run writes two; each takes three file descriptors (database, WAL, shared memory)


@dataclass(frozen=True)
class _OpenShard:
    """A database file held open by an engine of one connection, with the device and inode it opened."""

    engine: Engine
    file: tuple[int, int] | None


class PooledSqliteEventLogStorage(SqliteEventLogStorage):
    """The stock SQLite event log with one connection kept open per shard; threads take turns, as in stock.

    Each run has a shard (a database file) of its own, and one more is the index of all runs. At most
    `MAX_OPEN_SHARDS` stay open; the one unused for longest is closed.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._turn = threading.Lock()
        self._open_shards: OrderedDict[str, _OpenShard] = OrderedDict()
        self._seen_tables: set[str] = set()
        _living.add(self)
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """Make this class: the inherited method names the stock one, and would make that without a word."""
        return cls(_under_home(config_value["base_dir"]), inst_data)

    def run_connection(self, run_id: str | None = None) -> AbstractContextManager[Connection]:
        """A transaction on the shard of a run; it commits when its context ends without an exception."""
        return self._transaction(check.str_param(run_id, "run_id"))

    def index_connection(self) -> AbstractContextManager[Connection]:
        """A transaction on the index of all runs; it commits when its context ends without an exception."""
        return self._transaction(INDEX_SHARD_NAME)

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table. Once seen it stays: stock opens a connection to ask, at each event."""
        if table_name not in self._seen_tables:
            if not super().has_table(table_name):
                return False
            self._seen_tables.add(table_name)
        return True

    def dispose(self) -> None:
        """Stop the watchers and close all connections. The storage stays usable and opens them on demand."""
        super().dispose()
        with self._turn:
            while self._open_shards:
                self._close_oldest()

    @contextmanager
    def _transaction(self, shard: str) -> Iterator[Connection]:
        with self._turn:
            with self._engine(shard).connect() as connection, connection.begin():
                yield connection
                wrote = cast("sqlite3.Connection", connection.connection.dbapi_connection).in_transaction
            if wrote:
                self._announce(shard)

    def _announce(self, shard: str) -> None:
        # Watchers (the UI's live log) wait for the database file to change. A stock connection changes it
        # when it closes and so empties the WAL; ours stays open, so the file is touched after each commit.
        with suppress(FileNotFoundError):
            os.utime(self.path_for_shard(shard))

    def _engine(self, shard: str) -> Engine:
        held = self._open_shards.get(shard)
        if held is not None and held.file == self._file_of(shard):
            self._open_shards.move_to_end(shard)
            return held.engine
        if held is not None:
            # Another process wiped the storage, and what we hold is a file without a name.
            self._open_shards.pop(shard).engine.dispose()
            self._initialized_dbs.discard(shard)
            self._seen_tables.clear()
        return self._open(shard)

    def _open(self, shard: str) -> Engine:
        with super().run_connection(shard):
            pass  # creates the file and its tables where they are missing
        while len(self._open_shards) >= MAX_OPEN_SHARDS:
            self._close_oldest()
        engine = db.create_engine(
            self.conn_string_for_shard(shard),
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        db.event.listen(engine, "connect", _sync_at_checkpoints)
        self._open_shards[shard] = _OpenShard(engine, self._file_of(shard))
        return engine

    def _initdb(self, engine: Engine, for_index_shard: bool = False) -> None:
        with _creating_in(self._base_dir):
            super()._initdb(engine, for_index_shard)

    def _close_oldest(self) -> None:
        self._open_shards.popitem(last=False)[1].engine.dispose()

    def _file_of(self, shard: str) -> tuple[int, int] | None:
        try:
            stat = os.stat(self.path_for_shard(shard))  # noqa: PTH116 - before every statement, so the cheap call
        except FileNotFoundError:
            return None
        return stat.st_dev, stat.st_ino

    def _forget_parent(self) -> None:
        """In a forked child: leave the parent's connections and the lock that one of its threads may hold."""
        _inherited.append(self._open_shards)
        self._open_shards = OrderedDict()
        self._turn, self._db_lock = threading.Lock(), threading.Lock()


class PooledSqliteStorage(DagsterSqliteStorage):
    """Stock runs and schedules with the pooled event log, in the stock layout under one directory."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        _homes.add(Path(base_dir))
        with _creating_in(base_dir):
            _create_whole(Path(base_dir))
            super().__init__(base_dir, inst_data)
        self._event_log_storage = PooledSqliteEventLogStorage(str(Path(base_dir, "history", "runs")))

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """Make this class in `base_dir`, taken from `DAGSTER_HOME` where it is relative."""
        return cls(_under_home(config_value["base_dir"]), inst_data)


class HomeArtifactStorage(LocalArtifactStorage):
    """Stock local artifacts, with a relative `base_dir` taken from `DAGSTER_HOME`."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """Make this class from its block of dagster.yaml."""
        return cls(_under_home(config_value["base_dir"]), inst_data)


class HomeComputeLogManager(LocalComputeLogManager):
    """Stock local compute logs, with a relative `base_dir` taken from `DAGSTER_HOME`."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        """Make this class from its block of dagster.yaml."""
        settings = {**config_value, "base_dir": _under_home(config_value["base_dir"])}
        return cls(**settings, inst_data=inst_data)


def instance_for_commands(home: Path) -> DagsterInstance:
    """The instance of a home for runs in this process, which keep the terminal.

    Compute logs take standard output and error away for as long as a step lasts, and leave them to helper processes,
    which a Ctrl-C ends with a traceback.
    """
    kept = {"compute_logs": {"module": NoOpComputeLogManager.__module__, "class": NoOpComputeLogManager.__name__}}
    return DagsterInstance.from_ref(InstanceRef.from_dir(str(home), overrides=kept))


def damaged_databases(home: Path) -> list[Path]:
    """The databases that cannot be read, of this home and wherever this process has looked for some.

    All pages are read only where no beginning of a file tells.
    """
    folders = {home, *_homes}
    named = {folder / name for folder in folders for name in (*_DATABASES, _LOCK)}
    there = sorted(path for path in named if os.path.lexists(path))
    there += sorted({path for folder in folders for path in (folder / "history" / "runs").glob("*.db")} - named)
    for question in ("PRAGMA schema_version", "PRAGMA quick_check(1)"):
        if found := [path for path in there if not _answers(path, question)]:
            return found
    return []


def _answers(path: Path, question: str) -> bool:
    try:
        with closing(connect_to_read(path)) as connection:
            answer = connection.execute(question).fetchone()
    except sqlite3.OperationalError as error:
        return path.is_file() and not is_damage(error, path)  # it may be busy
    except sqlite3.DatabaseError:
        return False
    return isinstance(answer[0], int) or answer[0] == "ok"


def _under_home(base_dir: str) -> str:
    home = Path(os.environ.get("DAGSTER_HOME") or ".").expanduser()
    return str(home.absolute() / Path(base_dir).expanduser())


@contextmanager
def _creating_in(directory: str) -> Iterator[None]:
    """Lets one process at a time create databases in a directory, and is released when a process dies.

    Two at once can leave stock databases with two schema versions, which nothing opens any more. The lock is
    SQLite's own, on an empty file, so that it works wherever SQLite does.
    """
    Path(directory).mkdir(parents=True, exist_ok=True)
    lock = Path(directory, _LOCK)
    with closing(sqlite3.connect(lock, timeout=SQLITE_BUSY_TIMEOUT_SECONDS, isolation_level=None)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield


def _create_whole(base_dir: Path) -> None:
    """Puts new databases into their places with all of their tables, or not at all.

    Stock storage creates tables one by one in the file's final place, and never looks again at a file that is there: a
    process that is killed meanwhile leaves a directory that nothing can use any more.
    """
    absent = [name for name in _DATABASES if not (base_dir / name).exists()]
    if not absent:
        return
    for left in base_dir.glob(f"{_CREATING}*"):
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=_CREATING, dir=base_dir) as folder:
        DagsterSqliteStorage(folder).dispose()
        for name in absent:
            (base_dir / name).parent.mkdir(parents=True, exist_ok=True)
            Path(folder, name).replace(base_dir / name)


_CREATING = ".creating-"
_LOCK = "creation.lock"
_homes: set[Path] = set()
"""The folders in which this process has opened storage."""
_DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")


def _read_scripts_once() -> None:
    """Alembic runs the scripts of all of Dagster's migrations at each opening of a database, which takes the longest.

    They are files of a package, and stay what they are as long as the process lives. Others are left alone.
    """
    read, known = ScriptDirectory.from_config, dict[str | None, ScriptDirectory]()

    def from_config(config: Config) -> ScriptDirectory:
        if config.get_main_option("script_location") != ALEMBIC_SCRIPTS_LOCATION:
            return read(config)
        name = config.config_file_name
        if name not in known:
            known[name] = read(config)
        return known[name]

    ScriptDirectory.from_config = from_config  # type: ignore[method-assign]


_read_scripts_once()


def _sync_at_checkpoints(connection: sqlite3.Connection, _record: object) -> None:
    # A killed process loses nothing; a power failure may take the last commits, never the database.
    connection.execute("PRAGMA synchronous=NORMAL")


# SQLite connections must not cross a fork, not even to be closed there: the child keeps them, unused.
_living: weakref.WeakSet[PooledSqliteEventLogStorage] = weakref.WeakSet()
_inherited: list[OrderedDict[str, _OpenShard]] = []


def _forget_parents() -> None:
    for storage in _living:
        storage._forget_parent()  # noqa: SLF001 - one module, one idea


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_parents)
