"""A folder laid out as the archive: its keys, its files, and no way out of it."""

import os
from collections.abc import Iterator
from glob import escape
from pathlib import Path

from bcdata.errors import UsageError
from bcdata.simulate.binance.market.names import VENUE_FOLDERS, ObjectName


class FileTree:
    """The files below a folder whose first level is `data/`.

    Raises:
        UsageError: there is no such folder.
    """

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise UsageError(f"{root} is not a folder; name one laid out as the archive, with data/ in it")
        self._root = root.resolve()

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys of files that begin with the prefix, in no order."""
        folder = (self._root / prefix.rpartition("/")[0].lstrip("/")).resolve()
        if not folder.is_relative_to(self._root):
            return
        for where, _, names in os.walk(folder):
            below = Path(where).relative_to(self._root).as_posix()
            keys = (name if below == "." else f"{below}/{name}" for name in names)
            yield from (key for key in keys if key.startswith(prefix))

    def path(self, key: str) -> Path | None:
        """The file of a key; None where there is none, and for every way out of the tree."""
        if not key or "\0" in key:
            return None
        path = (self._root / key).resolve()
        # A key has one spelling: `a//b`, `./a`, links and `a/../b` are other keys, which do not exist.
        spelled = path.is_relative_to(self._root) and path.relative_to(self._root).as_posix() == key
        return path if spelled and path.is_file() else None

    def symbols(self, venue: str) -> set[str]:
        """The symbols that have a folder of any type."""
        kinds = (self._root / VENUE_FOLDERS[venue]).glob("*/*")
        return {folder.name for kind in kinds if kind.is_dir() for folder in kind.iterdir() if folder.is_dir()}

    def objects(self, venue: str, kind: str, symbol: str, interval: str | None) -> list[ObjectName]:
        """What there is of one symbol and type, daily objects last."""
        below = f"{escape(symbol)}/{escape(interval)}/*.zip" if interval else f"{escape(symbol)}/*.zip"
        paths = (self._root / VENUE_FOLDERS[venue]).glob(f"*/{escape(kind)}/{below}")
        found = (ObjectName.parse(path.relative_to(self._root).as_posix()) for path in paths)
        return sorted((name for name in found if name), key=lambda name: (name.period == "daily", name.date))

    def first_object(self, venue: str, symbol: str) -> ObjectName | None:
        """The symbol's object with the earliest date."""
        paths = (self._root / VENUE_FOLDERS[venue]).glob(f"*/*/{escape(symbol)}/**/*.zip")
        found = (ObjectName.parse(path.relative_to(self._root).as_posix()) for path in paths)
        return min((name for name in found if name), key=lambda name: name.window.start, default=None)
