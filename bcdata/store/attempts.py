"""The side table: when something was fetched or asked. Kept apart, so that the same input gives the same bytes."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from bcdata.errors import StoreError
from bcdata.store.objects import STATE

_BUSY_SECONDS = 30.0


class Attempts:
    """Instants by key, in SQLite, shared by all processes that use the root. Losing it loses no data."""

    def __init__(self, root: Path) -> None:
        self._path = root / STATE / "attempts.sqlite"

    def note(self, keys: Iterable[str], at: datetime, detail: str = "") -> None:
        """Remembers that these were tried at this instant (UTC); the last try counts."""
        rows = [(key, at.isoformat(), detail) for key in keys]
        if not rows:
            return
        with self._open() as table:
            table.executemany(
                "INSERT INTO attempts VALUES (?, ?, 1, ?) ON CONFLICT (key) DO UPDATE"
                " SET at = excluded.at, tries = tries + 1, detail = excluded.detail",
                rows,
            )

    def last(self, key: str) -> datetime | None:
        """When the key was tried last; None where it never was."""
        if not self._path.exists():
            return None
        with self._open() as table:
            row = table.execute("SELECT at FROM attempts WHERE key = ?", (key,)).fetchone()
        return datetime.fromisoformat(row[0]) if row else None

    def detail(self, key: str) -> str | None:
        """What was noted with the key; None where nothing was."""
        if not self._path.exists():
            return None
        with self._open() as table:
            row = table.execute("SELECT detail FROM attempts WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else None

    def tried_since(self, prefix: str, since: datetime) -> set[tuple[str, str]]:
        """The (symbol, date) of all keys `<prefix><symbol>/<date>` that were tried after the instant."""
        if not self._path.exists():
            return set()
        with self._open() as table:
            rows = table.execute(
                "SELECT key FROM attempts WHERE substr(key, 1, ?) = ? AND at > ?",
                (len(prefix), prefix, since.isoformat()),
            ).fetchall()
        pairs = (key.removeprefix(prefix).rpartition("/") for (key,) in rows)
        return {(symbol, date) for symbol, _, date in pairs}

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=_BUSY_SECONDS)) as table, table:
                table.execute(
                    "CREATE TABLE IF NOT EXISTS attempts"
                    " (key TEXT PRIMARY KEY, at TEXT NOT NULL, tries INTEGER NOT NULL, detail TEXT NOT NULL)"
                )
                yield table
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"cannot use {self._path}: {error}") from error
