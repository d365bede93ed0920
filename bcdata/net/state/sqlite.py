"""The shared state in one SQLite file, for all processes of a machine (docs/adr/0004-rate-budget.md)."""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from bcdata.net.answers import LONGEST_WAIT
from bcdata.net.budgets import Budget
from bcdata.net.state import breakers, outcomes, reservations
from bcdata.net.state.base import HOLD_KINDS, Hold, HoldKind
from bcdata.net.state.breakers import Breaker
from bcdata.net.state.file import StateFile
from bcdata.net.state.outcomes import Batch
from bcdata.net.state.reservations import SECOND, Charge, Reservation

_LONGEST: dict[HoldKind, float] = {"slow": LONGEST_WAIT, "banned": LONGEST_WAIT, "quota": 32 * 86_400.0}


class SqliteState:
    """Implements `NetState` in the file at `path`; `share` of every limit is used.

    Raises (all methods):
        StoreError: the file cannot be used.
    """

    def __init__(self, path: Path, *, share: float = 0.8) -> None:
        self._file = StateFile(path)
        self._share = share

    async def try_acquire(self, budgets: Sequence[tuple[Budget, int]], *, patience: float) -> datetime | None:
        """Spends each weight from its budget, all of them or none; see `NetState`."""
        ends = time.monotonic() + patience
        booked = Reservation((), wait=1)
        try:
            while booked.wait:
                booked = await asyncio.to_thread(self._book, budgets, booked.tickets)
                seconds = booked.wait / SECOND
                if booked.until is not None and time.monotonic() + seconds > ends:
                    return booked.until
                await asyncio.sleep(seconds)
        finally:
            if booked.wait and booked.tickets:  # the caller gave up: its place goes back
                left = booked.tickets
                self._file.transact(lambda table: reservations.give_back(table, left))
        return None

    async def observe(self, budget: Budget, used: int) -> None:
        """Counts as spent what the provider saw beyond what is counted here."""
        await asyncio.to_thread(self._observe, budget, used)

    async def learn(self, budget: Budget, limit: int) -> None:
        """Keeps the limit that the provider states."""
        await asyncio.to_thread(self._learn, budget, limit)

    async def hold(self, host: str, seconds: float, kind: HoldKind) -> None:
        """Records the hold for all processes."""
        await asyncio.to_thread(self._hold, host, seconds, kind)

    def held(self, host: str, key: str = "") -> Hold | None:
        """Reads the hold; a reader never waits for writers."""
        sql = "SELECT until, banned FROM holds WHERE host IN (?, ?) ORDER BY until DESC LIMIT 1"
        row = self._file.row(sql, (host, key))
        if row is None or row[0] <= _now():
            return None
        return Hold((row[0] - _now()) / SECOND, HOLD_KINDS[row[1]])

    async def may_ask(self, host: str, breaker: Breaker) -> bool:
        """Whether the host's breaker lets a request through; a reader never waits for writers."""
        row = self._file.row("SELECT until FROM breakers WHERE host = ?", (host,))
        state = breakers.state_of(row[0], _now()) if row else "closed"
        if state != "half-open":
            return state == "closed"
        return await asyncio.to_thread(
            self._file.transact, lambda table: breakers.try_once(table, host, breaker, now=_now())
        )

    async def went(self, host: str, breaker: Breaker, *, answered: bool) -> None:
        """Counts a failure, or closes the breaker; nothing is written where it is closed already."""

        def work(table: sqlite3.Connection) -> None:
            if answered:
                table.execute("DELETE FROM breakers WHERE host = ?", (host,))
            else:
                breakers.failed(table, host, breaker, now=_now())

        if not answered or self._file.row("SELECT 1 FROM breakers WHERE host = ?", (host,)):
            await asyncio.to_thread(self._file.transact, work)

    def record(self, batch: Batch) -> None:
        """Adds to the counts of the hour."""
        self._file.transact(lambda table: outcomes.record(table, batch, now=_now()))

    def close(self) -> None:
        """Closes the connections."""
        self._file.close()

    def _book(self, budgets: Sequence[tuple[Budget, int]], held: Sequence[int]) -> Reservation:
        def work(table: sqlite3.Connection) -> Reservation:
            all_of = [self._spending(table, budget, weight) for budget, weight in budgets]
            return reservations.reserve(table, all_of, held, now=_now())

        return self._file.transact(work)

    def _observe(self, budget: Budget, used: int) -> None:
        self._file.transact(lambda table: reservations.observe(table, self._spending(table, budget, used), now=_now()))

    def _learn(self, budget: Budget, limit: int) -> None:
        if limit >= 1:
            sql = "INSERT OR REPLACE INTO limits VALUES (?, ?)"
            self._file.transact(lambda table: table.execute(sql, (budget.name, limit)))

    def _hold(self, host: str, seconds: float, kind: HoldKind) -> None:
        until = _now() + round(min(seconds, _LONGEST[kind]) * SECOND)
        sql = (
            "INSERT INTO holds VALUES (:host, :until, :kind) ON CONFLICT (host) DO UPDATE SET"
            " banned = :kind, until = :until WHERE until < :until"
        )
        values = {"host": host, "until": until, "kind": HOLD_KINDS.index(kind)}

        def work(table: sqlite3.Connection) -> None:
            table.execute("DELETE FROM holds WHERE until < ?", (_now(),))
            table.execute(sql, values)

        self._file.transact(work)

    def _spending(self, table: sqlite3.Connection, budget: Budget, weight: int) -> Charge:
        row = table.execute("SELECT weight FROM limits WHERE name = ?", (budget.name,)).fetchone()
        return Charge(budget, weight, int(row[0]) if row else budget.limit, self._share)


def _now() -> int:
    return time.time_ns() // 1000
