"""What people are to be told: a side table of facts, and of the messages that fold them. Losing it loses no data."""

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bcdata.errors import StoreError
from bcdata.sqlite_files import decoding
from bcdata.store.explained import cause_of
from bcdata.store.objects import STATE
from bcdata.store.state.side_table import SideTable, instant

_COST = "what was sent before may be sent once more"
_LONGEST_WAIT = timedelta(hours=1)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (fact TEXT PRIMARY KEY, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS messages (
    channel TEXT, key TEXT, title TEXT NOT NULL, text TEXT NOT NULL, count INTEGER NOT NULL,
    since TEXT NOT NULL, sent TEXT, PRIMARY KEY (channel, key)
);
CREATE TABLE IF NOT EXISTS channels (channel TEXT PRIMARY KEY, failures INTEGER NOT NULL, not_before TEXT NOT NULL);
"""
_FOLD = """
INSERT INTO messages VALUES (:channel, :key, :title, :text, 1, :now, NULL) ON CONFLICT (channel, key) DO UPDATE
SET title = :title, text = :text, count = count + 1, since = CASE WHEN count = 0 THEN :now ELSE since END
"""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that people should know.

    Attributes:
        fact: what makes it this one and no other; a fact is told once, however often it is noticed.
        key: what it is folded by: facts of one key within a while are one message with a count.
        title: what is wrong, in a few words.
        text: cause and fix, in a line or two.
    """

    fact: str
    key: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """Notices of one key that a channel has not been told of: the last one's words, how many, since when (UTC)."""

    key: str
    title: str
    text: str
    count: int
    since: datetime


class Outbox:
    """Messages by channel, in SQLite, shared by all processes that use the root."""

    def __init__(self, root: Path) -> None:
        self._path = root / STATE / "alerts.sqlite"
        self._table = SideTable(self._path, _SCHEMA, _COST)

    def note(self, notices: Iterable[Notice], channels: Sequence[str], now: datetime) -> int:
        """Puts facts that are new into the messages of these channels, and returns how many were new."""
        found = list(notices)

        def context(table: sqlite3.Connection) -> int:
            return sum(_note(table, one, channels, now) for one in found)

        return self._table.use(context)

    def due(self, channel: str, now: datetime, window: timedelta) -> list[Message]:
        """What the channel may be told now, oldest first: nothing while it is left alone after a failure.

        A key that it was told of less than `window` ago waits, so that repetitions become one message.
        """
        sql = (
            "SELECT key, title, text, count, since FROM messages WHERE channel = ? AND count > 0"
            " AND (sent IS NULL OR sent <= ?) ORDER BY since, key"
        )

        def context(table: sqlite3.Connection) -> list[Message]:
            held = table.execute("SELECT not_before FROM channels WHERE channel = ?", (channel,)).fetchone()
            with decoding():
                if held and instant(held[0]) > now:
                    return []
                rows = table.execute(sql, (channel, (now - window).isoformat())).fetchall()
                return [Message(key, title, text, int(count), instant(at)) for key, title, text, count, at in rows]

        return self._table.use(context)

    def delivered(self, channel: str, messages: Iterable[Message], now: datetime) -> None:
        """The channel has these; what was noticed meanwhile stays."""
        rows = [(one.count, now.isoformat(), now.isoformat(), channel, one.key) for one in messages]

        def context(table: sqlite3.Connection) -> None:
            table.executemany(
                "UPDATE messages SET count = count - ?, sent = ?, since = ? WHERE channel = ? AND key = ?", rows
            )
            table.execute("DELETE FROM channels WHERE channel = ?", (channel,))

        self._table.use(context)

    def failed(self, channel: str, now: datetime) -> datetime:
        """The channel could not be told: it is left alone until the returned instant, longer each time."""

        def context(table: sqlite3.Connection) -> datetime:
            row = table.execute("SELECT failures FROM channels WHERE channel = ?", (channel,)).fetchone()
            with decoding():
                failures = int(row[0] if row else 0) + 1
            until = now + min(_LONGEST_WAIT, timedelta(minutes=2.0 ** min(failures, 10)))
            table.execute("INSERT OR REPLACE INTO channels VALUES (?, ?, ?)", (channel, failures, until.isoformat()))
            return until

        return self._table.use(context)

    @contextmanager
    def delivering(self) -> Iterator[bool]:
        """Whether this process is the one that delivers, for the length of the block: one does at a time."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreError(f"cannot use {self._path}: {cause_of(error, self._path)}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
        finally:
            os.close(lock)


def _note(table: sqlite3.Connection, one: Notice, channels: Sequence[str], now: datetime) -> bool:
    """Puts a fact into the messages of these channels; whether it is new."""
    known = table.execute("INSERT OR IGNORE INTO facts VALUES (?, ?)", (one.fact, now.isoformat()))
    if not known.rowcount:
        return False
    words = {"key": one.key, "title": one.title, "text": one.text, "now": now.isoformat()}
    table.executemany(_FOLD, [{**words, "channel": channel} for channel in channels])
    return True
