"""Budgets in one SQLite file, shared by all processes of a machine (see docs/adr/0004-rate-budget.md).

Every request is a ticket: a row with its weight and the instant at which it may go. Tickets queue in the
order of their ids; whoever wakes checks again under the write lock, so that the weight in any window never
exceeds the budget, however late the callers wake. Times are µs of the wall clock, which processes share.
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from bcdata.errors import StoreError, UsageError
from bcdata.net.answers import LONGEST_WAIT
from bcdata.net.budgets import Budget, Hold, HoldKind
from bcdata.sqlite_files import is_damage, set_aside, trouble, version

T = TypeVar("T")
_COST = "rates and bans of the last minutes are counted from nothing"

_KINDS: tuple[HoldKind, ...] = ("slow", "banned", "quota")
"""By the number in the column `banned`."""
_LONGEST: dict[HoldKind, float] = {"slow": LONGEST_WAIT, "banned": LONGEST_WAIT, "quota": 32 * 86_400.0}

_BUSY_SECONDS = 30.0
_PAUSE = 0.02
_SECOND = 1_000_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS tickets (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, asked INTEGER NOT NULL,
    at INTEGER NOT NULL, weight INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS tickets_by_time ON tickets (name, at, weight);
CREATE TABLE IF NOT EXISTS limits (name TEXT PRIMARY KEY, weight INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS holds (host TEXT PRIMARY KEY, until INTEGER NOT NULL, banned INTEGER NOT NULL);
"""


class SqliteBudgets:
    """Implements `Budgets` in the file at `path`; `share` of every limit is used.

    Raises (all methods):
        StoreError: the file cannot be used.
    """

    def __init__(self, path: Path, *, share: float = 0.8) -> None:
        self._path = path
        self._share = share
        self._lock = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None

    async def acquire(self, budgets: Sequence[tuple[Budget, int]]) -> None:
        """Waits until each weight fits its budget, then spends them."""
        for budget, weight in budgets:
            await self._acquire(budget, weight)

    async def _acquire(self, budget: Budget, weight: int) -> None:
        ticket: int | None = None
        waiting = True
        try:
            while waiting:
                ticket, wait = await asyncio.to_thread(self._book, budget, weight, ticket)
                waiting = wait > 0
                await asyncio.sleep(wait / _SECOND)
        finally:
            if waiting and ticket is not None:  # the caller gave up: its place goes back
                left = ticket
                self._transact(lambda table: table.execute("DELETE FROM tickets WHERE id = ?", (left,)))

    async def observe(self, budget: Budget, used: int) -> None:
        """Counts as spent what the provider saw beyond what is counted here."""
        await asyncio.to_thread(self._observe, budget, used)

    async def learn(self, budget: Budget, limit: int) -> None:
        """Keeps the limit that the provider states."""
        await asyncio.to_thread(self._learn, budget, limit)

    async def hold(self, host: str, seconds: float, kind: HoldKind) -> None:
        """Records the hold for all processes."""
        await asyncio.to_thread(self._hold, host, seconds, kind)

    def held(self, host: str) -> Hold | None:
        """Reads the hold; a reader never waits for writers."""
        sql = "SELECT until, banned FROM holds WHERE host = ?"

        def work() -> tuple[int, int] | None:
            if self._reader is None:
                self._reader = self._open()
            row: tuple[int, int] | None = self._reader.execute(sql, (host,)).fetchone()
            return row

        row = self._sound(work)
        if row is None or row[0] <= _now():
            return None
        return Hold((row[0] - _now()) / _SECOND, _KINDS[row[1]])

    def close(self) -> None:
        """Closes both connections."""
        with self._lock:
            self._disconnect()

    def _book(self, budget: Budget, weight: int, ticket: int | None) -> tuple[int, int]:
        """Books or confirms a place: the ticket and how long to wait for it (µs); 0 means go."""

        def work(table: sqlite3.Connection) -> tuple[int, int]:
            now = _now()
            span = round(budget.seconds * _SECOND)
            allowed = self._allowed(table, budget)
            if weight > allowed:
                raise UsageError(
                    f"a request of weight {weight} is above {budget.name}'s whole budget of {allowed};"
                    " raise BCDATA_HTTP_BUDGET_SHARE"
                )
            # A ticket from the future was left by a clock that has been set back: it would block everybody.
            table.execute(
                "DELETE FROM tickets WHERE name = ? AND (at <= ? OR asked > ?)",
                (budget.name, now - span, now),
            )
            values = (ticket, budget.name, now, now, weight)
            sql = "INSERT OR REPLACE INTO tickets VALUES (?, ?, ?, ?, ?) RETURNING id"
            place = int(table.execute(sql, values).fetchone()[0])
            at = _place(table, budget.name, place, now=now, span=span, room=allowed - weight)
            if at > now:
                table.execute("UPDATE tickets SET at = ? WHERE id = ?", (at, place))
            return place, at - now

        return self._transact(work)

    def _observe(self, budget: Budget, used: int) -> None:
        def work(table: sqlite3.Connection) -> None:
            now = _now()
            sql = "SELECT coalesce(sum(weight), 0) FROM tickets WHERE name = ? AND at > ? AND at <= ?"
            spent = table.execute(sql, (budget.name, now - round(budget.seconds * _SECOND), now)).fetchone()[0]
            # Bounded: a server may claim any number.
            foreign = min(used, self._limit(table, budget)) - spent
            if foreign > 0:
                sql = "INSERT INTO tickets (name, asked, at, weight) VALUES (?, ?, ?, ?)"
                table.execute(sql, (budget.name, now, now, foreign))

        self._transact(work)

    def _learn(self, budget: Budget, limit: int) -> None:
        if limit < 1:
            return

        def work(table: sqlite3.Connection) -> None:
            table.execute("INSERT OR REPLACE INTO limits VALUES (?, ?)", (budget.name, limit))

        self._transact(work)

    def _hold(self, host: str, seconds: float, kind: HoldKind) -> None:
        def work(table: sqlite3.Connection) -> None:
            until = _now() + round(min(seconds, _LONGEST[kind]) * _SECOND)
            table.execute(
                "INSERT INTO holds VALUES (:host, :until, :kind) ON CONFLICT (host) DO UPDATE SET"
                " banned = :kind, until = :until WHERE until < :until",
                {"host": host, "until": until, "kind": _KINDS.index(kind)},
            )

        self._transact(work)

    def _limit(self, table: sqlite3.Connection, budget: Budget) -> int:
        row = table.execute("SELECT weight FROM limits WHERE name = ?", (budget.name,)).fetchone()
        return int(row[0]) if row else budget.limit

    def _allowed(self, table: sqlite3.Connection, budget: Budget) -> int:
        return max(1, int(self._limit(table, budget) * self._share))

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
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
        deadline = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                return _connected(self._path)
            except sqlite3.OperationalError as error:
                # Switching a new file to WAL needs it for oneself for a moment, and SQLite does not wait for that.
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(_PAUSE)


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(_SCHEMA)
    except BaseException:
        connection.close()
        raise
    return connection


def _place(table: sqlite3.Connection, name: str, ticket: int, *, now: int, span: int, room: int) -> int:
    """The earliest instant from `now` on at which what is before the ticket leaves room for it."""
    before = "name = :name AND id != :id AND (id < :id OR at <= :now)"
    values = {"name": name, "id": ticket, "now": now}
    sql = f"SELECT coalesce(sum(weight), 0), coalesce(max(at), 0) FROM tickets WHERE {before}"  # noqa: S608 # nosec B608 # constant
    spent, last = table.execute(sql, values).fetchone()
    if spent <= room and last <= now:
        return now
    at = max(now, int(last))
    sql = f"SELECT at, weight FROM tickets WHERE {before} ORDER BY at"  # noqa: S608 # nosec B608 # constant
    for spent_at, weight in table.execute(sql, values):
        if spent_at + span > at and spent <= room:
            break
        spent -= weight
        at = max(at, spent_at + span)
    return at


def _now() -> int:
    return time.time_ns() // 1000
