"""What sensors have asked for, and how often for the same cause: a side table. Losing it loses no data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bcdata.store.objects import STATE
from bcdata.store.state.side_table import SideTable, instant

Cell = tuple[str, str]
"""A symbol and a date key."""

_TABLE = """CREATE TABLE IF NOT EXISTS requests (
  kind TEXT, dataset TEXT, symbol TEXT, date TEXT, at TEXT NOT NULL, tries INTEGER NOT NULL, cause TEXT NOT NULL,
  PRIMARY KEY (kind, dataset, symbol, date))"""
_COST = "sensors count their requests from one again"
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
        self._table = SideTable(root / STATE / "requests.sqlite", _TABLE, _COST)

    def note(self, kind: str, dataset: str, causes: Mapping[Cell, str], at: datetime) -> None:
        """Remembers one more request for each partition; another cause than before counts from one again."""
        rows = [(kind, dataset, symbol, date, at.isoformat(), cause) for (symbol, date), cause in causes.items()]
        if rows:
            self._table.use(lambda table: table.executemany(_NOTE, rows))

    def of(self, kind: str, dataset: str) -> dict[Cell, Request]:
        """The last request for each partition of the dataset."""
        sql = "SELECT symbol, date, at, tries, cause FROM requests WHERE kind = ? AND dataset = ?"
        return dict(self._table.rows(sql, (kind, dataset), _request))

    def uncount(self, kind: str, dataset: str, cells: Iterable[Cell]) -> None:
        """Takes the last request for each partition out of the count: nobody got to answer it."""
        rows = [(kind, dataset, symbol, date) for symbol, date in cells]
        sql = "UPDATE requests SET tries = max(tries - 1, 0) WHERE kind = ? AND dataset = ? AND symbol = ? AND date = ?"
        if rows and self._table.path.exists():
            self._table.use(lambda table: table.executemany(sql, rows))

    def forget(self, kind: str, dataset: str, cells: Iterable[Cell]) -> None:
        """Takes requests out of the count: what they were about has changed."""
        rows = [(kind, dataset, symbol, date) for symbol, date in cells]
        sql = "DELETE FROM requests WHERE kind = ? AND dataset = ? AND symbol = ? AND date = ?"
        if rows and self._table.path.exists():
            self._table.use(lambda table: table.executemany(sql, rows))


def _request(symbol: str, date: str, at: str, tries: int, cause: str) -> tuple[Cell, Request]:
    return (symbol, date), Request(instant(at), int(tries), cause)
