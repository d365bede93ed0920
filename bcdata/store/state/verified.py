"""Which files were hashed, and what they were then: a file that is still the same one need not be hashed again.

The same is a file of the same size, inode and times. The time of the last change cannot be set by programs, so a
copied, restored or edited file is another one. Bits that rot on the disk change none of this; `bcdata verify` hashes
all files whatever stands here. A loss of power may take a file's bytes and leave it the same file: what is remembered
was synced before.
"""

from collections.abc import Callable
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
_COST = "files are hashed once more"
_Known = tuple[str, tuple[ObjectInfo, str]]
_MOST = 256
"""Files that are noted before the table is written."""


class DigestMemory:
    """The digests of files by key, remembered by all processes that use the root. `sync` makes files survive."""

    def __init__(self, root: Path, sync: Callable[[], None]) -> None:
        self._sync = sync
        self._table = SideTable(root / STATE / "verified.sqlite", _SCHEMA, _COST)
        self._folders: dict[str, dict[str, tuple[ObjectInfo, str]]] = {}
        self._new: dict[str, tuple[ObjectInfo, str]] = {}
        self._saving = Lock()

    def digest(self, info: ObjectInfo) -> str | None:
        """The digest of a file when it was hashed last; None where it was not, or is another file by now."""
        known = self._new.get(info.key) or self._folder(info.key).get(info.key)
        return known[1] if known is not None and known[0] == info else None

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
                self._folder(key)[key] = one
                if self._new.get(key) == one:
                    del self._new[key]

    def _folder(self, key: str) -> dict[str, tuple[ObjectInfo, str]]:
        """What is known of the files of the symbol that a key belongs to."""
        folder = _symbol_of(key)
        if folder not in self._folders:
            self._folders[folder] = self._read(folder)
        return self._folders[folder]

    def _read(self, folder: str) -> dict[str, tuple[ObjectInfo, str]]:
        sql = "SELECT key, size, modified, inode, changed, digest FROM verified WHERE key >= ? AND key < ?"
        return dict(self._table.rows(sql, (folder, f"{folder}\U0010ffff"), _known))


def _known(key: str, *facts: Any) -> _Known:
    return key, (ObjectInfo(key, *facts[:-1]), facts[-1])


def _symbol_of(key: str) -> str:
    """The folder above those of date keys; the file's own, where there are none."""
    return key.partition("/date=")[0].rpartition("/")[0] if "/date=" not in key else key.partition("/date=")[0]
