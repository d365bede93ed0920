"""The side table: when something was fetched or asked. Kept apart, so that the same input gives the same bytes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from bcdata.store.objects import STATE
from bcdata.store.state.side_table import SideTable, instant

ASK_AGAIN = timedelta(days=1)
"""An answer that may change yet is asked for once more after this long."""
_COST = "some questions are asked again"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS attempts (
    key TEXT PRIMARY KEY, at TEXT NOT NULL, tries INTEGER NOT NULL, detail TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS refills (
    dataset TEXT, symbol TEXT, date TEXT, at TEXT NOT NULL, outcome TEXT NOT NULL,
    tries INTEGER NOT NULL, answered INTEGER NOT NULL, PRIMARY KEY (dataset, symbol, date)
);
"""


class Refilled(StrEnum):
    """How it went when a partition's holes were asked for."""

    UNANSWERED = "unanswered"
    """A question had no usable answer: that says nothing about the holes."""
    EMPTY = "empty"
    """All was answered, and some holes were neither filled nor confirmed."""
    CONFIRMED = "confirmed"
    """All holes are settled, some as missing at the exchange."""
    FILLED = "filled"
    """All holes were given."""


@dataclass(frozen=True, slots=True)
class RefillAttempt:
    """When a partition's holes were asked for last (UTC) and how that went.

    `tries` counts the questionings in a row that left holes open, `answered` those of them that were answered.
    """

    at: datetime
    outcome: Refilled
    tries: int
    answered: int


class Attempts:
    """Instants by key, in SQLite, shared by all processes that use the root. Losing it loses no data."""

    def __init__(self, root: Path) -> None:
        self._table = SideTable(root / STATE / "attempts.sqlite", _SCHEMA, _COST)

    def note(self, keys: Iterable[str], at: datetime, detail: str = "") -> None:
        """Remembers that these were tried at this instant (UTC); the last try counts."""
        rows = [(key, at.isoformat(), detail) for key in keys]
        if not rows:
            return
        sql = (
            "INSERT INTO attempts VALUES (?, ?, 1, ?) ON CONFLICT (key) DO UPDATE"
            " SET at = excluded.at, tries = tries + 1, detail = excluded.detail"
        )
        self._table.use(lambda table: table.executemany(sql, rows), losable=True)

    def last(self, key: str) -> datetime | None:
        """When the key was tried last; None where it never was."""
        found = self._table.rows("SELECT at FROM attempts WHERE key = ?", (key,), instant)
        return found[0] if found else None

    def detail(self, key: str) -> str | None:
        """What was noted with the key; None where nothing was."""
        found = self._table.rows("SELECT detail FROM attempts WHERE key = ?", (key,), str)
        return found[0] if found else None

    def tried_since(self, prefix: str, since: datetime) -> set[tuple[str, str]]:
        """The (symbol, date) of all keys `<prefix><symbol>/<date>` that were tried after the instant."""
        return {cell for cell, at in self.instants(prefix).items() if at > since}

    def instants(self, prefix: str) -> dict[tuple[str, str], datetime]:
        """When each `<prefix><symbol>/<date>` was tried last (UTC), by symbol and date."""
        sql = "SELECT substr(key, ?), at FROM attempts WHERE substr(key, 1, ?) = ?"
        found = self._table.rows(sql, (len(prefix) + 1, len(prefix), prefix), _tried)
        return dict(found)

    def note_refill(self, dataset: str, symbol: str, date: str, at: datetime, outcome: Refilled) -> None:
        """Remembers that a partition's holes were asked for at this instant (UTC), and how that went."""
        is_vain = outcome in {Refilled.UNANSWERED, Refilled.EMPTY}
        values = {
            "dataset": dataset,
            "symbol": symbol,
            "date": date,
            "at": at.isoformat(),
            "outcome": outcome.value,
            "vain": int(is_vain),
            "answered": int(outcome is Refilled.EMPTY),
        }
        sql = (
            "INSERT INTO refills VALUES (:dataset, :symbol, :date, :at, :outcome, :vain, :answered)"
            " ON CONFLICT (dataset, symbol, date) DO UPDATE SET at = :at, outcome = :outcome,"
            " tries = :vain * (tries + 1), answered = :vain * (answered + :answered)"
        )
        self._table.use(lambda table: table.execute(sql, values))

    def refills(self, dataset: str) -> dict[tuple[str, str], RefillAttempt]:
        """How often, when and with what outcome holes of the dataset were asked for, by (symbol, date)."""
        sql = "SELECT symbol, date, at, outcome, tries, answered FROM refills WHERE dataset = ?"
        return dict(self._table.rows(sql, (dataset,), _asked))


def _tried(tail: str, at: str) -> tuple[tuple[str, str], datetime]:
    symbol, _, date = tail.rpartition("/")
    return (symbol, date), instant(at)


def _asked(symbol: str, date: str, at: str, outcome: str, *counts: int) -> tuple[tuple[str, str], RefillAttempt]:
    tries, answered = (int(one) for one in counts)
    return (symbol, date), RefillAttempt(instant(at), Refilled(outcome), tries, answered)
