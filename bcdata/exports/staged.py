"""Files that are written beside their target and renamed; what a killed process left of them is swept."""

import fcntl
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_LEFT = re.compile(
    r"""\..+\.(csv|parquet|feather|zip|json)\.[0-9a-f]{8}  # <file>.<hexadecimal digits>, after a dot
    | \.\w+-.+\.(csv|parquet)\.[0-9a-f]{1,8}  # of earlier releases""",
    re.ASCII | re.VERBOSE,
)
"""No name that anybody else gives a file."""


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A file to write in the target's folder, locked; it is removed at the end unless it was renamed.

    Raises:
        OSError: the folder cannot be written.
    """
    path, lock = _begun(target)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)
        os.close(lock)


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """A file to write; it takes the target's place at the end, unless the block fails.

    Raises:
        OSError: the folder cannot be written.
    """
    with beside(target) as path:
        yield path
        path.replace(target)


def sweep(folder: Path) -> None:
    """Removes what killed processes left in a folder; what living ones are writing stays."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if _LEFT.fullmatch(path.name):
            with suppress(OSError):  # it is gone meanwhile, or its writer lives and holds the lock
                lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink()
                finally:
                    os.close(lock)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Waits until no other process is in this block with the folder: what is looked at there stays as it is.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _begun(target: Path) -> tuple[Path, int]:
    """An empty file that is locked; another process may have swept it before it was."""
    while True:
        path = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
        lock = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o644)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            return path, lock
        os.close(lock)
