"""What survives a loss of power: everything written before a sync. One sync of the file system serves all who wait.

`syncfs` (Linux) costs about as much as syncing one file, and covers all of them; where there is none, each file that
must survive is synced by itself.
"""

import ctypes
import os
import threading
from collections.abc import Callable
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

    def sync(self, written: Path) -> None:
        """Returns when all that was written before the call will survive; `written` is the caller's own last file.

        Raises:
            OSError: the system cannot write it.
        """
        if _syncfs is None:
            sync_file(written)
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


def sync_file(path: Path) -> None:
    """Makes the bytes of a file survive, and that it is in its folder.

    Raises:
        OSError: the system cannot write them.
    """
    for one, flags in ((path, os.O_RDONLY), (path.parent, os.O_RDONLY | os.O_DIRECTORY)):
        descriptor = os.open(one, flags | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sync_file_system(folder: Path) -> None:
    assert _syncfs is not None  # noqa: S101 (callers branch on it)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if _syncfs(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(folder))
    finally:
        os.close(descriptor)
