"""The side table of what files say: an entry holds as long as its file is the same one, and its own bytes are.

Whatever happens to the table costs time alone: a damaged one is set aside, and where none can be written what is
remembered lasts as long as the command.
"""

import json
import sqlite3
import zlib
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import astuple
from pathlib import Path
from typing import Any, TypeVar

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
from bcdata.store.objects import ObjectInfo

T = TypeVar("T")
_COST = "footers are read once more"
_OLD_TABLES = "DROP TABLE IF EXISTS footers; DROP TABLE IF EXISTS published;"
"""Those of earlier releases, which did not tell a file from another one of the same size and time, or flipped bits."""
_TABLE = """CREATE TABLE IF NOT EXISTS facts
  (kind TEXT, key TEXT, size INTEGER, modified INTEGER, inode INTEGER, changed INTEGER, facts TEXT NOT NULL,
  sum INTEGER NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;"""


class FactMemory:
    """Facts by kind and file. `path` is where they are kept; None keeps them as long as this object lives."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen = version(path) if path else None
        self._unkept: str | None = None
        self._table = self._opened()

    def known(self, kind: str, folder: str) -> dict[str, tuple[ObjectInfo, Any]]:
        """The facts of this kind by the keys that begin with `folder`, with what the file was when they were read."""
        sql = (
            "SELECT key, size, modified, inode, changed, facts, sum FROM facts WHERE kind = ? AND key >= ? AND key < ?"
        )

        def context(table: sqlite3.Connection) -> dict[str, tuple[ObjectInfo, Any]]:
            rows = table.execute(sql, (kind, folder, f"{folder}~")).fetchall()
            with decoding():
                sound = [row for row in rows if _sum(kind, row[0], row[5]) == row[6]]
                return {row[0]: (ObjectInfo(*row[:5]), json.loads(row[5])) for row in sound}

        return self._done(context)

    def keep(self, kind: str, facts: Mapping[ObjectInfo, Any]) -> None:
        """Remembers what these files say."""
        texts = {info: json.dumps(one) for info, one in facts.items()}
        rows = [(kind, *astuple(info), text, _sum(kind, info.key, text)) for info, text in texts.items()]
        if not rows:
            return

        def context(table: sqlite3.Connection) -> None:
            with table:
                table.executemany("REPLACE INTO facts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

        self._done(context)
        if self._path is not None and self._unkept:
            say_unnoted(self._path, self._unkept, _COST)
            self._unkept = None

    def close(self) -> None:
        """Lets go of the file."""
        self._table.close()

    def _opened(self) -> sqlite3.Connection:
        if self._path is None:
            return _prepared(":memory:")
        if is_read_only(self._path):
            return self._in_memory("the lake is read-only")
        try:
            self._path.parent.mkdir(exist_ok=True)
            return _prepared(self._path)
        except (sqlite3.Error, OSError) as error:
            return self._recreated(error)

    def _done(self, context: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return context(self._table)
        except sqlite3.Error as error:
            self._table.close()
            self._table = self._recreated(error)
            return context(self._table)

    def _recreated(self, error: Exception) -> sqlite3.Connection:
        """Another table after an error: a new file in the place of a damaged one, else one in memory."""
        if self._path is not None and is_damage(error, self._path):
            with suppress(sqlite3.Error, OSError):
                set_aside(self._path, self._seen, error, _COST)
                self._seen = None  # once: what comes of the new file is not its damage
                return _prepared(self._path)
        return self._in_memory(trouble(error, "free some space if the disk is full"))

    def _in_memory(self, cause: str) -> sqlite3.Connection:
        self._unkept = cause
        table = connect(":memory:", "")
        with suppress(sqlite3.Error, OSError):
            self._copy(table)
            return table
        table.close()
        return _prepared(":memory:")

    def _copy(self, table: sqlite3.Connection) -> None:
        """What the file has; it may be read where nothing can be written beside it."""
        if self._path is not None and self._path.is_file():
            with closing(connect_to_read(self._path, immutable=True)) as kept:
                kept.backup(table)
        table.executescript(_TABLE)


def _prepared(path: Path | str) -> sqlite3.Connection:
    return connect(path, _OLD_TABLES + _TABLE, wal=True)


def _sum(kind: str, key: object, facts: object) -> int:
    return zlib.crc32(f"{kind}\n{key}\n{facts}".encode("utf-8", "replace"))
