"""Side tables in SQLite: opened alike, shared by all processes, and begun anew where a file is damaged."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from bcdata.errors import StoreError
from bcdata.sqlite_files import cause, is_damage, set_aside, version

T = TypeVar("T")
BUSY_SECONDS = 30.0


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

    def use(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` gives, done in one transaction. Where the file is damaged, done again with a new one.

        Raises:
            StoreError: the file cannot be used: the disk is full, or it may not be written.
        """
        seen = version(self.path)
        try:
            try:
                return self._once(work)
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                set_aside(self.path, seen, error, self._cost)
                return self._once(work)
        except (sqlite3.Error, OSError) as error:
            words = f"free some space if the disk is full; it may be deleted, which costs no data: {self._cost}"
            raise StoreError(f"cannot use {self.path}: {cause(error)}; {words}") from error

    def _once(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS)) as table, table:
            table.executescript(self._schema)
            return work(table)
