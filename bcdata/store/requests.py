"""What sensors have asked for, and how often for the same cause: a side table. Losing it loses no data."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bcdata.errors import StoreError
from bcdata.store.objects import STATE

Cell = tuple[str, str]
"""A symbol and a date key."""

_BUSY_SECONDS = 30.0
_TABLE = """CREATE TABLE IF NOT EXISTS requests (
  kind TEXT, dataset TEXT, symbol TEXT, date TEXT, at TEXT NOT NULL, tries INTEGER NOT NULL, cause TEXT NOT NULL,
  PRIMARY KEY (kind, dataset, symbol, date))"""
_NOTE = """INSERT INTO requests VALUES (?, ?, ?, ?, ?, 1, ?) ON CONFLICT DO UPDATE SET
  tries = CASE WHEN cause = excluded.cause THEN tries + 1 ELSE 1 END, at = excluded.at, cause = excluded.cause"""


@dataclass(frozen=True, slots=True)
class Request:
    """The last request for a partition.

    Attributes:
        at: when it was made (UTC).
        tries: how many there were for this cause, in a row.
        cause: a digest of what was wrong with the partition.
    """

    at: datetime
    tries: int
    cause: str


class Requests:
    """Requests by kind (which sensor), dataset and partition, shared by all processes that use the root."""

    def __init__(self, root: Path) -> None:
        self._path = root / STATE / "requests.sqlite"

    def note(self, kind: str, dataset: str, causes: Mapping[Cell, str], at: datetime) -> None:
        """Remembers one more request for each partition; another cause than before counts from one again."""
        rows = [(kind, dataset, symbol, date, at.isoformat(), cause) for (symbol, date), cause in causes.items()]
        if rows:
            with self._open() as table:
                table.executemany(_NOTE, rows)

    def of(self, kind: str, dataset: str) -> dict[Cell, Request]:
        """The last request for each partition of the dataset."""
        if not self._path.exists():
            return {}
        with self._open() as table:
            rows = table.execute(
                "SELECT symbol, date, at, tries, cause FROM requests WHERE kind = ? AND dataset = ?", (kind, dataset)
            ).fetchall()
        return {
            (symbol, date): Request(datetime.fromisoformat(at), tries, cause) for symbol, date, at, tries, cause in rows
        }

    def forget(self, kind: str, dataset: str, cells: Iterable[Cell]) -> None:
        """Takes requests out of the count: what they were about has changed."""
        rows = [(kind, dataset, symbol, date) for symbol, date in cells]
        if rows and self._path.exists():
            with self._open() as table:
                table.executemany(
                    "DELETE FROM requests WHERE kind = ? AND dataset = ? AND symbol = ? AND date = ?", rows
                )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=_BUSY_SECONDS)) as table, table:
                table.execute(_TABLE)
                yield table
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"cannot use {self._path}: {error}; delete it if it is damaged") from error
