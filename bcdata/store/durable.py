"""What survives a loss of power: everything written before a sync. One sync of the file system serves all who wait.

`syncfs` (Linux) costs about as much as syncing one file, and covers all of them; where there is none, each file that
was written since the last sync is synced by itself, and the folders that name it.
"""

import ctypes
import os
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

_libc = ctypes.CDLL(None, use_errno=True)
_syncfs: Callable[[int], int] | None = getattr(_libc, "syncfs", None)


class GroupSync:
    """Syncs the file system that holds a folder; callers that come while a sync runs share the next one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = threading.Condition()
        self._begun = self._ended = 0
        self._is_running = False
        self._named: dict[Path, None] = {}
        self._one_by_one = threading.Lock()

    def note(self, named: Path) -> None:
        """Tells of a file that has just got its name: where files are synced one by one, the next sync covers it."""
        if _syncfs is None:
            self._named[named] = None

    def sync(self, *written: Path) -> None:
        """Returns when all that was written before the call will survive: these files, and all that were noted.

        Raises:
            OSError: the system cannot write them.
        """
        if _syncfs is None:
            self._sync_files(written)
            return
        with self._turn:
            needed = self._begun + 1  # a sync that has begun already may have passed over what was just written
            while self._ended < needed:
                if self._is_running:
                    self._turn.wait()
                    continue
                self._is_running = True
                self._begun += 1
                mine = self._begun
                self._turn.release()
                try:
                    _sync_file_system(self._folder)
                finally:
                    self._turn.acquire()
                    self._is_running = False
                    self._turn.notify_all()
                self._ended = mine

    def _sync_files(self, written: Iterable[Path]) -> None:
        with self._one_by_one:  # who waits finds what another has taken synced
            noted = list(self._named)
            files = [*written, *noted]
            for file in files:
                _sync_one(file)
            folders = {folder for file in files for folder in file.parents if folder.is_relative_to(self._folder)}
            for folder in sorted(folders, reverse=True):
                _sync_one(folder)
            for file in noted:
                self._named.pop(file, None)


def _sync_one(path: Path) -> None:
    """Syncs a file or a folder; one that is gone by now needs none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_file_system(folder: Path) -> None:
    assert _syncfs is not None  # noqa: S101 # nosec B101 # callers branch on it
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if _syncfs(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(descriptor)
