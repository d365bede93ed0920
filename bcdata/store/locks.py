"""One process at a time: locks that end with the process that holds them."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bcdata.errors import StoreError
from bcdata.store.explained import cause_of
from bcdata.store.objects import STATE


@contextmanager
def locked(root: Path, name: str, *, wait: bool = True) -> Iterator[bool]:
    """Holds the lock of this name for the length of the block; without `wait`, says whether it was free.

    Raises:
        StoreError: the root cannot be written.
    """
    try:
        (root / STATE).mkdir(parents=True, exist_ok=True)
        lock = os.open(root / STATE / f"{name}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreError(f"cannot use {root / STATE}: {cause_of(error, root / STATE)}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(lock)
        yield False
        return
    try:
        yield True
    finally:
        os.close(lock)
