"""Which runs are at work: each holds a lock until its process ends. Dagster itself cannot tell of a killed one."""

import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from bcdata.store.objects import STATE

_held: dict[Path, int] = {}


def heartbeat(root: Path, run: str) -> None:
    """Shows the run as living from now on until this process ends, or begins another run."""
    path = root / STATE / "runs" / run
    if path in _held:
        return
    show_ended()
    path.parent.mkdir(parents=True, exist_ok=True)
    _held[path] = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    fcntl.flock(_held[path], fcntl.LOCK_EX)
    os.truncate(_held[path], 0)
    os.pwrite(_held[path], f"{os.getpid()} {socket.gethostname()}".encode(), 0)


def show_ended() -> None:
    """Removes what this process shows: the run is over, finished or failed."""
    for path, lock in _held.items():
        path.unlink(missing_ok=True)
        os.close(lock)
    _held.clear()


def dead_runs(root: Path) -> Iterator[str]:
    """The runs that were at work in this lake and whose process has ended, finished or not."""
    folder = root / STATE / "runs"
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        try:
            lock = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except (FileNotFoundError, IsADirectoryError):  # a folder there is nobody's
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield path.name
        except BlockingIOError:
            pass  # its process lives
        finally:
            os.close(lock)


def process_of(root: Path, run: str) -> int | None:
    """The process of this machine that is at work on the run; None where none is, or one of another machine."""
    try:
        lock = os.open(root / STATE / "runs" / run, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:  # its process lives
        number, _, host = os.pread(lock, 300, 0).decode(errors="replace").partition(" ")
        return int(number) if host == socket.gethostname() and number.isdecimal() else None
    finally:
        os.close(lock)
    return None


def forget(root: Path, run: str) -> None:
    """Removes the lock of a run that is over."""
    (root / STATE / "runs" / run).unlink(missing_ok=True)
