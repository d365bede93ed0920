"""Where a process writes files before it renames them into the lake; a killed one leaves its folder behind."""

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bcdata.store.explained import explained

STAGING = ".staging"
STATE = ".state"


def make_staging(root: Path) -> tuple[Path, int]:
    """A staging folder of this process, and its lock; what killed ones left is swept."""
    home = root / STAGING
    home.mkdir(parents=True, exist_ok=True)
    sweep(home)
    folder = home / f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return folder, lock


def sweep(home: Path) -> None:
    """Removes the staging folders of processes that have ended."""
    for folder in home.iterdir():
        try:
            lock = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)  # its process died before it could lock it
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass  # its process lives
        finally:
            os.close(lock)


@contextmanager
def guard(root: Path) -> Iterator[None]:
    """One process at a time makes or sweeps staging folders, so that none is taken for a dead one's."""
    (root / STATE).mkdir(parents=True, exist_ok=True)
    lock = os.open(root / STATE / "staging.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def remove_if_empty(folder: Path) -> bool:
    """Whether the folder was empty, and is removed."""
    try:
        folder.rmdir()
    except OSError:
        return False
    return True


def sweep_staging(root: Path) -> None:
    """Removes what killed processes left in staging; leaves the folders of living ones alone."""
    with explained(root):
        if not (root / STAGING).is_dir():
            return
        with guard(root):
            if (root / STAGING).is_dir():  # another process may have ended meanwhile
                sweep(root / STAGING)
                remove_if_empty(root / STAGING)


def move(staged: Path, target: Path) -> None:
    """Renames; another process may just have pruned the folder, which was empty, so that it is made again."""
    for _ in range(_PRUNED_AT_MOST):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            staged.replace(target)
        except FileNotFoundError:
            continue
        return
    staged.replace(target)


_PRUNED_AT_MOST = 10
