"""One SQLite file that processes share: opened when needed, recreated when damaged, private to its owner."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from bcdata.errors import StoreError
from bcdata.sqlite_files import BUSY_SECONDS, connect, is_damage, set_aside, trouble, version

T = TypeVar("T")
SCHEMA = """
CREATE TABLE IF NOT EXISTS tickets (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, asked INTEGER NOT NULL,
    at INTEGER NOT NULL, weight INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS tickets_by_time ON tickets (name, at, weight);
CREATE TABLE IF NOT EXISTS limits (name TEXT PRIMARY KEY, weight INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS holds (host TEXT PRIMARY KEY, until INTEGER NOT NULL, banned INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS spent (
    name TEXT NOT NULL, start INTEGER NOT NULL, weight INTEGER NOT NULL, PRIMARY KEY (name, start)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS breakers (
    host TEXT PRIMARY KEY, failures INTEGER NOT NULL, at INTEGER NOT NULL, until INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS outcomes (
    provider TEXT NOT NULL, hour INTEGER NOT NULL, step INTEGER NOT NULL, requests INTEGER NOT NULL,
    PRIMARY KEY (provider, hour, step)) WITHOUT ROWID;
"""
"""All times are µs since the epoch. Releases may add tables and never change one, so that older ones go on reading."""

_COST = "rates and bans of the last minutes, and the quotas of the day, are counted from nothing"
_PAUSE = 0.02


class StateFile:
    """A writing and a reading connection to the file at `path`.

    Raises (all methods):
        StoreError: the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None

    def transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` gives, in one transaction."""

        def transaction() -> T:
            if self._writer is None:
                self._writer = self._open()
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                found = work(self._writer)
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")
            return found

        with self._lock:
            return self._sound(transaction)

    def row(self, sql: str, values: tuple[object, ...]) -> tuple[int, ...] | None:
        """The first row of a query; a reader never waits for writers."""

        def work() -> tuple[int, ...] | None:
            if self._reader is None:
                self._reader = self._open()
            found: tuple[int, ...] | None = self._reader.execute(sql, values).fetchone()
            return found

        return self._sound(work)

    def close(self) -> None:
        """Closes both connections."""
        with self._lock:
            self._disconnect()

    def _sound(self, work: Callable[[], T]) -> T:
        """What `work` gives; where the file is damaged, what it gives with a new one."""
        seen = version(self._path)
        with self._translated():
            try:
                return work()
            except sqlite3.DatabaseError as error:
                if not is_damage(error, self._path):
                    raise
                self._disconnect()
                set_aside(self._path, seen, error, _COST)
                return work()

    def _disconnect(self) -> None:
        for connection in (self._writer, self._reader):
            if connection is not None:
                connection.close()
        self._writer = self._reader = None

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            words = "it holds rate counts only and may be deleted"
            raise StoreError(f"cannot use {self._path}: {trouble(error, words)}") from error

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if str(self._path) != ":memory:":
            with suppress(FileNotFoundError):  # a link to nowhere, of which SQLite says the same
                self._path.touch(mode=0o600)  # whom this machine asks is nobody else's business
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                return connect(self._path, SCHEMA, wal=True, own_transactions=True)
            except sqlite3.OperationalError as error:
                # Switching a new file to WAL needs it for oneself for a moment, and SQLite does not wait for that.
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE)
