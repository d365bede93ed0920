"""A circuit breaker per host: one that is down is left alone for a while by all processes, within one transaction.

It opens after so many requests in a row that ended without an answer. Once its time is over, one request may try, and
the host is spared the others for as long again; an answer closes it. Times are µs of the wall clock.
"""

import sqlite3
from dataclasses import dataclass
from typing import Literal

SECOND = 1_000_000
_FORGOTTEN = 3600 * SECOND
"""Failures so long ago are in no row with those of now."""
_KEPT = 86_400 * SECOND

BreakerState = Literal["closed", "open", "half-open"]


@dataclass(frozen=True, slots=True)
class Breaker:
    """Opens after `failures` in a row, for `seconds`."""

    failures: int
    seconds: float


def state_of(until: int, now: int) -> BreakerState:
    """Whether it is open at an instant, by the instant until which it is; 0 where it has not opened."""
    if not until:
        return "closed"
    # What lies further ahead than any breaker's time was left by a clock that has been set back.
    return "open" if now < until <= now + _FORGOTTEN else "half-open"


def try_once(table: sqlite3.Connection, host: str, breaker: Breaker, *, now: int) -> bool:
    """Takes the one trial of a breaker that is half open; False where somebody else has it."""
    row = table.execute("SELECT until FROM breakers WHERE host = ?", (host,)).fetchone()
    if row is None or not row[0]:
        return True
    if state_of(row[0], now) == "open":
        return False
    table.execute("UPDATE breakers SET until = ? WHERE host = ?", (now + _span(breaker), host))
    return True


def failed(table: sqlite3.Connection, host: str, breaker: Breaker, *, now: int) -> None:
    """Counts a request that ended without an answer."""
    sql = "SELECT failures FROM breakers WHERE host = ? AND at BETWEEN ? AND ?"
    row = table.execute(sql, (host, now - _FORGOTTEN, now)).fetchone()
    table.execute("DELETE FROM breakers WHERE at < ?", (now - _KEPT,))
    failures = 1 + (row[0] if row else 0)
    until = now + _span(breaker) if failures >= breaker.failures else 0
    table.execute("INSERT OR REPLACE INTO breakers VALUES (?, ?, ?, ?)", (host, failures, now, until))


def _span(breaker: Breaker) -> int:
    return min(round(breaker.seconds * SECOND), _FORGOTTEN)
