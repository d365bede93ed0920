"""Which files were hashed, and what they were then: a file that is still the same one need not be hashed again.

The same is a file of the same size, inode and times. The time of the last change cannot be set by programs, so a
copied, restored or edited file is another one. Bits that rot on the disk change none of this; `bcdata verify` hashes
all files whatever stands here. A loss of power may take a file's bytes and leave it the same file: what is remembered
was synced before.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

from bcdata.errors import StoreError
from bcdata.store.objects import STATE, ObjectInfo
from bcdata.store.state.side_table import SideTable

_SCHEMA = """
CREATE TABLE IF NOT EXISTS verified (
    key TEXT PRIMARY KEY, size INTEGER, modified INTEGER, inode INTEGER, changed INTEGER, digest TEXT NOT NULL
);
"""
_BETWEEN = "SELECT key, size, modified, inode, changed, digest FROM verified WHERE key >= ? AND key < ?"
_THESE = """
SELECT key, size, modified, inode, changed, digest FROM verified WHERE key IN (SELECT value FROM json_each(?))
"""
_COST = "files are hashed once more"
_Known = tuple[str, tuple[ObjectInfo, str]]
_MOST = 256
"""Files that are noted before the table is written."""


class DigestMemory:
    """The digests of files by key, remembered by all processes that use the root. `sync` makes files survive."""

    def __init__(self, root: Path, sync: Callable[[], None]) -> None:
        self._sync = sync
        self._table = SideTable(root / STATE / "verified.sqlite", _SCHEMA, _COST)
        self._kept: dict[str, tuple[ObjectInfo, str] | None] = {}
        self._folders = set[str]()
        self._new: dict[str, tuple[ObjectInfo, str]] = {}
        self._saving = Lock()

    def digest(self, info: ObjectInfo) -> str | None:
        """The digest of a file when it was hashed last; None where it was not, or is another file by now.

        It is looked up with all that is known of the symbol that the file belongs to.
        """
        known = self._new.get(info.key) or self._known(info.key)
        return known[1] if known is not None and known[0] == info else None

    def look_up(self, keys: Iterable[str]) -> None:
        """Looks many files up at once, of as many symbols, before each is asked for."""
        asked = [key for key in keys if key not in self._kept]
        found = dict(self._table.rows(_THESE, (json.dumps(asked),), _known)) if asked else {}
        self._kept |= {key: found.get(key) for key in asked}

    def note(self, info: ObjectInfo, digest: str) -> None:
        """Remembers what a file is."""
        self._new[info.key] = info, digest
        if len(self._new) % _MOST == 0:
            with suppress(StoreError):  # it is hashed again
                self.save()

    def save(self) -> None:
        """Writes what was noted, once the files survive a loss of power.

        Raises:
            StoreError: the table or the files cannot be written.
        """
        with self._saving:
            noted = dict(self._new)
            rows = [
                (key, info.size, info.modified_ns, info.inode, info.changed_ns, digest)
                for key, (info, digest) in noted.items()
            ]
            if rows:
                self._sync()
                sql = "INSERT OR REPLACE INTO verified VALUES (?, ?, ?, ?, ?, ?)"
                self._table.use(lambda table: table.executemany(sql, rows), losable=True)
            for key, one in noted.items():
                self._kept[key] = one
                if self._new.get(key) == one:
                    del self._new[key]

    def _known(self, key: str) -> tuple[ObjectInfo, str] | None:
        if key not in self._kept and (folder := _symbol_of(key)) not in self._folders:
            self._folders.add(folder)
            for one, known in self._table.rows(_BETWEEN, (folder, f"{folder}\U0010ffff"), _known):
                self._kept.setdefault(one, known)
        return self._kept.get(key)


def _known(key: str, *facts: Any) -> _Known:
    return key, (ObjectInfo(key, *facts[:-1]), facts[-1])


def _symbol_of(key: str) -> str:
    """The folder above those of date keys; the file's own, where there are none."""
    return key.partition("/date=")[0].rpartition("/")[0] if "/date=" not in key else key.partition("/date=")[0]
