"""Who may ask when: tickets of rolling windows and counts of calendar periods, within one transaction.

Every request has a ticket for each budget: a row with its weight and the instant at which it may go. Tickets queue in
the order of their ids; whoever wakes checks again under the write lock, so that the weight in any window never exceeds
the budget, however late the callers wake. In a calendar period a ticket only reserves its weight while it waits, and is
counted once it goes. Times are µs of the wall clock, which processes share.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bcdata.errors import UsageError
from bcdata.net.budgets import Budget

SECOND = 1_000_000
_MICRO = timedelta(microseconds=1)
_EDGE = timedelta(seconds=10)
"""Clocks differ, and requests take time: what is asked so close to a period's edge counts in both."""
_LATE = 5 * SECOND
"""A ticket that waits, and was not asked for so long after its time, belongs to a process that is gone."""
_KEPT = 70 * 86_400 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reservation:
    """Where a request stands: go (`wait` is 0), wait so many µs, or come again at `until` (UTC): a quota is spent.

    `tickets` are its rows; a request that may go, or has been refused, waits with none.
    """

    tickets: tuple[int, ...]
    wait: int = 0
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """A weight to be spent from a budget with the limit in force."""

    budget: Budget
    weight: int
    limit: int
    share: float

    def allowed(self) -> tuple[int, int]:
        """The weight that fits into the window at most, and the window's length (µs)."""
        allowed, seconds = self.budget.allowed(self.limit, self.share)
        if self.weight > allowed:
            fix = "raise BCDATA_HTTP_BUDGET_SHARE" if allowed < self.limit else "ask for less at a time"
            whole = f"{self.budget.name}'s whole budget of {allowed}"
            raise UsageError(f"a request of weight {self.weight} is above {whole}; {fix}")
        return allowed, round(seconds * SECOND)


def reserve(table: sqlite3.Connection, all_of: Sequence[Charge], tickets: Sequence[int], *, now: int) -> Reservation:
    """Books places, or confirms those that the tickets hold, in all budgets together.

    Raises:
        UsageError: a weight is above a whole budget.
    """
    rows = tickets or (None,) * len(all_of)
    places = tuple(_ticket(table, one, ticket, now) for one, ticket in zip(all_of, rows, strict=True))
    at, until = now, now
    for one, ticket in zip(all_of, places, strict=True):
        if one.budget.period:
            until = max(until, _spent_until(table, one, ticket, now))
            continue
        place, is_spent = _place(table, one, ticket, now)
        if one.budget.is_quota and is_spent:
            until = max(until, place)
        at = max(at, place)
    if until > now:
        give_back(table, places)
        return Reservation((), until - now, instant(until))
    if at > now:
        table.executemany("UPDATE tickets SET at = ? WHERE id = ?", [(at, ticket) for ticket in places])
        return Reservation(places, at - now)
    for one, ticket in zip(all_of, places, strict=True):
        if one.budget.period:
            _count(table, one, ticket, now)
    return Reservation(places)


def give_back(table: sqlite3.Connection, tickets: Sequence[int]) -> None:
    """Takes the places of a request that does not go."""
    table.executemany("DELETE FROM tickets WHERE id = ?", [(ticket,) for ticket in tickets])


def observe(table: sqlite3.Connection, one: Charge, *, now: int) -> None:
    """Counts as spent what the provider saw beyond what is counted here; bounded, as it may claim any number."""
    used, name = min(one.weight, one.limit), one.budget.name
    if one.budget.period:
        start = micros(one.budget.period_at(instant(now))[0])
        sql = "INSERT INTO spent VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET weight = max(weight, excluded.weight)"
        table.execute(sql, (name, start, used))
        return
    span = round(one.budget.seconds * SECOND)
    sql = "SELECT coalesce(sum(weight), 0) FROM tickets WHERE name = ? AND at > ? AND at <= ?"
    foreign = used - table.execute(sql, (name, now - span, now)).fetchone()[0]
    if foreign > 0:
        sql = "INSERT INTO tickets (name, asked, at, weight) VALUES (?, ?, ?, ?)"
        table.execute(sql, (name, now, now, foreign))


def instant(micros: int) -> datetime:
    """The instant (UTC) of µs since the epoch."""
    return _EPOCH + timedelta(microseconds=micros)


def micros(instant: datetime) -> int:
    """µs since the epoch."""
    return (instant - _EPOCH) // _MICRO


def _ticket(table: sqlite3.Connection, one: Charge, ticket: int | None, now: int) -> int:
    """A row in the budget's queue, new or the one that there was."""
    span = _LATE if one.budget.period else one.allowed()[1]
    one.allowed()
    # A ticket from the future was left by a clock that has been set back: it would block everybody.
    sql = "DELETE FROM tickets WHERE name = ? AND (at <= ? OR asked > ?)"
    table.execute(sql, (one.budget.name, now - span, now))
    sql = "INSERT OR REPLACE INTO tickets VALUES (?, ?, ?, ?, ?) RETURNING id"
    return int(table.execute(sql, (ticket, one.budget.name, now, now, one.weight)).fetchone()[0])


def _periods(budget: Budget, now: int) -> Iterator[tuple[int, int]]:
    """The calendar periods to which the present counts (µs): one, or two at an edge."""
    there = instant(now)
    starts = {budget.period_at(moment) for moment in (there - _EDGE, there, there + _EDGE)}
    return ((micros(start), micros(end)) for start, end in sorted(starts))


def _spent_until(table: sqlite3.Connection, one: Charge, ticket: int, now: int) -> int:
    """The instant at which there is more in a calendar period; not after `now` where there is enough."""
    allowed, _ = one.allowed()
    sql = "SELECT coalesce(sum(weight), 0) FROM tickets WHERE name = ? AND id < ?"
    waiting = table.execute(sql, (one.budget.name, ticket)).fetchone()[0]
    until = now
    for start, end in _periods(one.budget, now):
        sql = "SELECT coalesce(sum(weight), 0) FROM spent WHERE name = ? AND start = ?"
        spent = table.execute(sql, (one.budget.name, start)).fetchone()[0]
        if spent + waiting + one.weight > allowed:
            until = max(until, end if end > now else end + _EDGE // _MICRO)
    return until


def _count(table: sqlite3.Connection, one: Charge, ticket: int, now: int) -> None:
    """Turns a reservation into weight that is spent."""
    give_back(table, (ticket,))
    table.execute("DELETE FROM spent WHERE start < ?", (now - _KEPT,))
    sql = "INSERT INTO spent VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET weight = weight + excluded.weight"
    table.executemany(sql, [(one.budget.name, start, one.weight) for start, _ in _periods(one.budget, now)])


def _place(table: sqlite3.Connection, one: Charge, ticket: int, now: int) -> tuple[int, bool]:
    """The earliest instant from `now` on at which what is before the ticket leaves room for it in a rolling window.

    And whether that is for want of room, and not only of those who come first.
    """
    allowed, span = one.allowed()
    room = allowed - one.weight
    before = "name = :name AND id != :id AND (id < :id OR at <= :now)"
    values = {"name": one.budget.name, "id": ticket, "now": now}
    sql = f"SELECT coalesce(sum(weight), 0), coalesce(max(at), 0) FROM tickets WHERE {before}"  # noqa: S608 # nosec B608 # constant
    spent, last = table.execute(sql, values).fetchone()
    if spent <= room:
        return max(now, int(last)), False
    at = max(now, int(last))
    sql = f"SELECT at, weight FROM tickets WHERE {before} ORDER BY at"  # noqa: S608 # nosec B608 # constant
    for spent_at, weight in table.execute(sql, values):
        if spent_at + span > at and spent <= room:
            break
        spent -= weight
        at = max(at, spent_at + span)
    return at, True
