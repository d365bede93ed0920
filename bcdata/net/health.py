"""What the shared state says of providers, for reports: what budgets have left, breakers, holds, how asking went."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bcdata.net.budgets import Budget
from bcdata.net.keys import tag, under
from bcdata.net.state.base import HOLD_KINDS, HoldKind
from bcdata.net.state.breakers import BreakerState, state_of
from bcdata.net.state.outcomes import RequestOutcomes, summed
from bcdata.net.state.reservations import SECOND, instant, micros
from bcdata.sqlite_files import connect_to_read

_QUERIES = {
    "tickets": "SELECT name, at, weight FROM tickets WHERE at <= :now ORDER BY at",
    "spent": "SELECT name, start, weight FROM spent",
    "limits": "SELECT name, weight FROM limits",
    "holds": "SELECT host, until, banned FROM holds WHERE until > :now",
    "breakers": "SELECT host, failures, until FROM breakers",
    "outcomes": "SELECT provider, hour, step, requests FROM outcomes",
}


@dataclass(frozen=True, slots=True)
class BudgetHealth:
    """What is left of a limit, and when (UTC) there is more; None where nothing of it is spent."""

    remaining: int
    resets_at: datetime | None


@dataclass(frozen=True, slots=True)
class HostHealth:
    """How a host is treated: its breaker and until when it is open, and the hold on it (UTC)."""

    breaker: BreakerState = "closed"
    failures: int = 0
    open_until: datetime | None = None
    hold: HoldKind | None = None
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """The state at an instant."""

    now: datetime
    providers: Mapping[str, RequestOutcomes] = field(default_factory=dict)
    hosts: Mapping[str, HostHealth] = field(default_factory=dict)
    rows: Mapping[str, Sequence[Any]] = field(default_factory=dict, repr=False)

    def provider(self, name: str) -> RequestOutcomes:
        """What the last 24 hours of a source came to."""
        return self.providers.get(name, RequestOutcomes())

    def host(self, url: str, keys: Sequence[str] = ()) -> HostHealth:
        """How the host of a base address is treated, and the quotas there of the keys in these variables."""
        host = urlsplit(url).netloc.rpartition("@")[2]
        found, quota = (self.hosts.get(name, HostHealth()) for name in (host, under(host, tag(keys))))
        return found if quota.hold is None else replace(found, hold=quota.hold, held_until=quota.held_until)

    def budget(self, budget: Budget, keys: Sequence[str] = ()) -> BudgetHealth:
        """What is left of the whole of a provider's limit for the keys in these variables."""
        budget = replace(budget, name=under(budget.name, tag(keys)))
        limit = dict(self.rows.get("limits", ())).get(budget.name, budget.limit)
        if budget.period:
            start, end = budget.period_at(self.now)
            spent = sum(row[2] for row in self.rows.get("spent", ()) if row[:2] == (budget.name, micros(start)))
            return BudgetHealth(max(0, limit - spent), end if spent else None)
        since = micros(self.now) - round(budget.seconds * SECOND)
        inside = [row for row in self.rows.get("tickets", ()) if row[0] == budget.name and row[1] > since]
        resets_at = instant(inside[0][1] + round(budget.seconds * SECOND)) if inside else None
        return BudgetHealth(max(0, limit - sum(row[2] for row in inside)), resets_at)


def read_health(path: Path, now: datetime) -> Health:
    """Reads the state file as it is; nothing is written, and where there is none, or it is damaged, nothing is known.

    Args:
        path: `budgets.sqlite` in the state folder.
        now: the present instant, UTC.
    """
    try:
        with closing(connect_to_read(path)) as table:
            rows = {name: _rows(table, query, micros(now)) for name, query in _QUERIES.items()}
    except sqlite3.Error:
        return Health(now)
    return Health(now, summed(rows["outcomes"], now=micros(now)), _hosts(rows, now), rows)


def _rows(table: sqlite3.Connection, query: str, now: int) -> list[Any]:
    try:
        return table.execute(query, {"now": now}).fetchall()
    except sqlite3.OperationalError as error:
        if "no such table" in str(error):  # of an earlier release
            return []
        raise


def _hosts(rows: Mapping[str, Sequence[Any]], now: datetime) -> dict[str, HostHealth]:
    breakers = {host: (failures, until) for host, failures, until in rows["breakers"]}
    holds = {host: (until, HOLD_KINDS[kind]) for host, until, kind in rows["holds"]}
    found = {}
    for host in breakers.keys() | holds.keys():
        failures, until = breakers.get(host, (0, 0))
        held_until, kind = holds.get(host, (0, None))
        found[host] = HostHealth(
            state_of(until, micros(now)),
            failures,
            instant(until) if until else None,
            kind,
            instant(held_until) if held_until else None,
        )
    return found
