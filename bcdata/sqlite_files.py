"""SQLite files whose loss costs time and no data: opened alike, and set aside where they are damaged."""

import errno
import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT", "SQLITE_READONLY_DBMOVED")
_FOREIGN = (
    "no such table",
    "no such column",
    "has no column",
    "values were supplied",
    "because it is a view",
    "there is already",  # a view or an index of the name that a table should have
    "views may not be indexed",
    "could not decode to utf-8",
)
BUSY_SECONDS = 30.0
_PARTS = ("-wal", "-shm", "-journal", "")
_SPARE = 8
"""Descriptors that SQLite may want at once: the file, its journal, the folder, and some for threads beside it."""
_TOO_MANY = {errno.EMFILE, errno.ENFILE}
_IN_THE_WAY = {errno.EEXIST, errno.ENOTDIR, errno.EISDIR}
TOO_MANY_FILES = "too many files are open; raise `ulimit -n` and run the same command again"
_log = logging.getLogger("bcdata")
_said: set[Path] = set()


def connect(path: Path | str, schema: str, *, wal: bool = False, own_transactions: bool = False) -> sqlite3.Connection:
    """A connection to a file with its tables, made where they are not there; whoever is busy with it is waited for.

    Args:
        path: of the file, or `:memory:`.
        schema: statements that make the tables.
        wal: whether readers never wait for writers: for what many processes use all the time.
        own_transactions: whether the caller begins and ends transactions, from any thread.

    Raises:
        sqlite3.Error: it cannot be opened, or is no such file.
    """
    level: Literal["DEFERRED"] | None = None if own_transactions else "DEFERRED"
    found = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=level, check_same_thread=not own_transactions)
    try:
        if wal:
            found.execute("PRAGMA journal_mode = WAL")
            found.execute("PRAGMA synchronous = NORMAL")
        found.executescript(schema)
    except BaseException:
        found.close()
        raise
    return found


def connect_to_read(path: Path, *, immutable: bool = False) -> sqlite3.Connection:
    """A connection that writes nothing; `immutable` reads a file beside which nothing can be written either.

    Raises:
        sqlite3.Error: there is no such file, or it is none.
    """
    option = "immutable=1" if immutable else "mode=ro"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{option}", uri=True, timeout=BUSY_SECONDS)


class UnreadableError(sqlite3.DatabaseError):
    """A value is none that was written: a sound database may hold flipped bits."""


@contextmanager
def decoding() -> Iterator[None]:
    """Turns what goes wrong when values are read out of rows into damage.

    Raises:
        UnreadableError: a value has another form or type.
    """
    try:
        yield
    except (ValueError, TypeError) as error:
        raise UnreadableError(f"a value cannot be read: {error}") from error


def is_damage(error: BaseException, path: Path) -> bool:
    """Whether an error says that the file is no sound database, rather than that it is busy or the disk is full.

    A table or column that is not there, or is none, counts: it is another program's file, or one of a release with
    other tables. A folder, or anything else that is no file, counts too.
    """
    if isinstance(error, UnreadableError):
        return True
    if not isinstance(error, sqlite3.DatabaseError):
        return False
    name = getattr(error, "sqlite_errorname", "")
    words = str(error).lower()
    return name.startswith(_DAMAGE) or any(one in words for one in _FOREIGN) or not _are_files(path)


def is_read_only(path: Path) -> bool:
    """Whether nothing can be written where the file lies, or would."""
    folder = path.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return not os.access(folder, os.W_OK)


def say_unnoted(path: Path, cause: object, cost: str) -> None:
    """Says in the log, once for all tables of a folder, that nothing can be written there, and what that costs."""
    if path.parent not in _said:
        _said.add(path.parent)
        _log.warning("%s cannot be written (%s), and nothing is noted there: %s", path, cause, cost)


def trouble(error: BaseException, remedy: str) -> str:
    """An error of SQLite or the system in words with what to do about it.

    SQLite has no words for the cause that no more files may be opened; then nothing else is to be done.
    """
    if too_many_files(error):
        return TOO_MANY_FILES
    if isinstance(error, OSError) and error.errno in _IN_THE_WAY:
        return f"{error.filename} is {'a folder' if error.errno == errno.EISDIR else 'no folder'}; move it away"
    return f"{error}; {remedy}"


def too_many_files(error: BaseException) -> bool:
    """Whether an error comes of a process, or the machine, that may open no more files."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _TOO_MANY
    if not isinstance(error, sqlite3.Error):
        return any(os.strerror(number).lower() in str(error).lower() for number in _TOO_MANY)
    if not getattr(error, "sqlite_errorname", "SQLITE_CANTOPEN").startswith(("SQLITE_CANTOPEN", "SQLITE_IOERR")):
        return False
    opened: list[int] = []
    try:
        opened.extend(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC) for _ in range(_SPARE))
    except OSError as other:
        return other.errno in _TOO_MANY
    finally:
        for one in opened:
            os.close(one)
    return False


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
        if version(path) != seen:
            return
        aside = f"{path.name}.damaged-{time.time_ns()}"
        for part in _PARTS:
            with suppress(FileNotFoundError):
                path.with_name(path.name + part).replace(path.with_name(aside + part))
    finally:
        os.close(lock)
    _log.warning("%s was damaged (%s) and is set aside as %s; a new one is begun: %s", path, cause, aside, cost)


def _are_files(path: Path) -> bool:
    """Whether all of a database that is there are files: not folders, devices, or links to nowhere."""
    there = (path.with_name(path.name + part) for part in _PARTS)
    return all(one.is_file() for one in there if os.path.lexists(one))
