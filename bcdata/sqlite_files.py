"""SQLite files whose loss costs time and no data: what says that one is damaged, and setting it aside."""

import errno
import fcntl
import logging
import os
import sqlite3
import time
from pathlib import Path

_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT")
_FOREIGN = ("no such table", "no such column", "has no column", "values were supplied")
_PARTS = ("-wal", "-shm", "-journal", "")
_log = logging.getLogger("bcdata")


def is_damage(error: BaseException) -> bool:
    """Whether an error says that the file is no sound database, rather than that it is busy or the disk is full.

    A table or column that is not there counts: it is another program's file, or one of a release with other tables.
    """
    if not isinstance(error, sqlite3.DatabaseError):
        return False
    name = getattr(error, "sqlite_errorname", "")
    return name.startswith(_DAMAGE) or any(words in str(error) for words in _FOREIGN)


def cause(error: BaseException) -> str:
    """An error of SQLite in words, with the cause that it has no words for: no more files may be opened."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as other:
        if other.errno in {errno.EMFILE, errno.ENFILE}:
            return f"{error}, since too many files are open; raise `ulimit -n`"
    return str(error)


def version(path: Path) -> int | None:
    """What tells one file at this path from its successor; None where there is none that can be seen."""
    try:
        return path.stat().st_ino
    except OSError:
        return None


def set_aside(path: Path, seen: int | None, cause: object, cost: str) -> None:
    """Moves a damaged file, with what SQLite keeps beside it, out of the way, and says so in the log.

    Args:
        path: the file.
        seen: its `version` when it was found damaged: a process that comes later leaves the successor alone.
        cause: what was wrong with it.
        cost: what losing it costs, in words.

    Raises:
        OSError: it cannot be moved.
    """
    lock = os.open(path.with_name(f"{path.name}.lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if seen is None or version(path) != seen:
            return
        aside = f"{path.name}.damaged-{time.time_ns()}"
        for part in _PARTS:
            if (one := path.with_name(path.name + part)).exists():
                one.replace(path.with_name(aside + part))
    finally:
        os.close(lock)
    _log.warning("%s was damaged (%s) and is set aside as %s; a new one is begun: %s", path, cause, aside, cost)
