"""Side tables in SQLite: opened alike, shared by all processes, and recreated where a file is damaged."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from bcdata.errors import StoreError
from bcdata.sqlite_files import (
    connect,
    connect_to_read,
    decoding,
    is_damage,
    is_read_only,
    say_unnoted,
    set_aside,
    trouble,
    version,
)

T = TypeVar("T")


def instant(text: str) -> datetime:
    """Reads an instant as tables have it.

    Raises:
        ValueError: it is none, or of no time zone.
    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("an instant without a time zone")
    return found


class SideTable:
    """One file with its tables.

    Args:
        path: where it lies; the folder is made.
        schema: statements that make the tables where they are not there.
        cost: what losing it costs, in words.
    """

    def __init__(self, path: Path, schema: str, cost: str) -> None:
        self.path = path
        self._schema = schema
        self._cost = cost

    def use(self, context: Callable[[sqlite3.Connection], T], *, losable: bool = False) -> T:
        """What `work` gives, done in one transaction. Where the file is damaged, done again with a new one.

        Where nothing can be written, work that is `losable` is done on a copy in memory: it only reads, or what it
        writes is worth no more than what it costs to find it again.

        Raises:
            StoreError: the file cannot be used: the disk is full, or it may not be written.
        """
        seen = version(self.path)
        try:
            try:
                return self._once(context)
            except sqlite3.DatabaseError as error:
                if not is_damage(error, self.path):
                    raise
                set_aside(self.path, seen, error, self._cost)
                return self._once(context)
        except (sqlite3.Error, OSError) as error:
            if losable and is_read_only(self.path):
                return self._copied(context, error)
            words = f"free some space if the disk is full; it may be deleted, which costs no data: {self._cost}"
            raise StoreError(f"cannot use {self.path}: {trouble(error, words)}") from error

    def rows(self, sql: str, values: Sequence[object], read: Callable[..., T]) -> list[T]:
        """What `read` makes of each row of a query; nothing where there is no file.

        Raises:
            StoreError: the file cannot be used.
        """

        def context(table: sqlite3.Connection) -> list[T]:
            found = table.execute(sql, values).fetchall()
            with decoding():
                return [read(*row) for row in found]

        return self.use(context, losable=True) if self.path.exists() else []

    def _once(self, context: Callable[[sqlite3.Connection], T]) -> T:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(connect(self.path, self._schema)) as table, table:
            return context(table)

    def _copied(self, context: Callable[[sqlite3.Connection], T], cause: Exception) -> T:
        """What `work` gives on what can be read of the file, be it nothing."""
        say_unnoted(self.path, cause, self._cost)
        with suppress(sqlite3.Error), closing(connect(":memory:", "")) as copy, copy:
            self._read_into(copy)
            return context(copy)
        with closing(connect(":memory:", self._schema)) as empty, empty:
            return context(empty)

    def _read_into(self, copy: sqlite3.Connection) -> None:
        if self.path.is_file():
            with closing(connect_to_read(self.path)) as table:
                table.backup(copy)
        copy.executescript(self._schema)
