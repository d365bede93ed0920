"""A disk that may lose its power: what a process did to the files below a folder, and what may be left of it.

A file's bytes survive if they were synced, and its name if its folder was, or the whole file system. What was not may
be there, gone, or older, and bytes may be missing, cut off or zero, each for itself: no order is promised between two
operations that no sync parts.
"""

import hashlib
import random
import sqlite3
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock

from bcdata.store.objects import STATE

VERIFIED = f"{STATE}/verified.sqlite"


@dataclass(slots=True)
class File:
    """The bytes that were written once, when, and when a sync had them for sure. Names come and go."""

    body: bytes
    written: int
    synced: int | None = None
    identity: tuple[int, int] = (0, 0)
    """Inode and time of change (ns) on the real disk, by which a process may remember it."""


@dataclass(slots=True)
class Name:
    """What a path named from one moment on; None is nothing."""

    at: int
    file: File | None


@dataclass
class Disk:
    """All that happened below a folder, in order. A moment is the number of operations before it."""

    root: Path
    moment: int = 0
    names: dict[str, list[Name]] = field(default_factory=dict)
    syncs: list[tuple[int, int]] = field(default_factory=list)
    """Syncs of the whole: what was done before the first moment survives from the second on."""
    folder_syncs: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    tables: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    """SQLite files, which sync what they commit themselves."""
    _lock: RLock = field(default_factory=RLock)

    def key(self, path: Path) -> str | None:
        """The path below the folder; None where it lies elsewhere."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else None

    @contextmanager
    def step(self) -> Iterator[int]:
        """One operation; others wait."""
        with self._lock:
            yield self.moment
            self.moment += 1

    def current(self, key: str) -> File | None:
        """What a path names now."""
        versions = self.names.get(key)
        return versions[-1].file if versions else None

    def name(self, key: str, at: int, file: File | None) -> None:
        """A path names something else from now on."""
        self.names.setdefault(key, []).append(Name(at, file))

    def settled(self, moment: int) -> int:
        """All that was done before this one survives a cut at the moment."""
        return max((begun for begun, ended in self.syncs if ended < moment), default=0)

    def versions(self, key: str, moment: int) -> list[Name]:
        """What a path may name after a cut: the last that surely survived, and all later ones."""
        known = self.names[key]
        done = known[: bisect_right([one.at for one in known], moment - 1)]
        settled = self.settled(moment)
        sure = [at for at, one in enumerate(done) if one.at < settled or self._is_listed(key, one.at, moment)]
        return done[sure[-1] :] if sure else [Name(-1, None), *done]

    def bytes_are_sure(self, file: File, moment: int) -> bool:
        """Whether a file's bytes survive a cut."""
        return file.written < self.settled(moment) or (file.synced is not None and file.synced < moment)

    def _is_listed(self, key: str, at: int, moment: int) -> bool:
        """Whether every folder above a name was synced one by one after it was given."""
        folders = [str(one) for one in Path(key).parents]
        return all(
            any(at < begun and ended < moment for begun, ended in self.folder_syncs.get(one, ())) for one in folders
        )


@dataclass(frozen=True, slots=True)
class Cut:
    """The power goes at a moment; the dice say what is left of what was not synced."""

    moment: int
    seed: str

    def replay(self, disk: Disk, root: Path) -> str:
        """Makes the folder as it may be found afterwards; returns the digest of all that is there."""
        dice = random.Random(self.seed)
        choose = dice.choice([_in_order, _scattered, _nothing_more, _everything])
        harm = dice.choice([0.0, 0.5, 1.0])
        last = dice.randrange(self.moment + 1)
        left = hashlib.sha256()
        same: dict[tuple[int, int], Path] = {}
        for key in sorted(disk.names):
            file = choose(disk.versions(key, self.moment), last, dice)
            if file is None:
                continue
            is_sure = disk.bytes_are_sure(file, self.moment)
            body = file.body if is_sure or dice.random() >= harm else _harmed(file.body, dice)
            path = root / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
            left.update(f"{key} {len(body)} ".encode() + body)
            same[file.identity] = path
        for key, kept in disk.tables.items():
            done = [body for at, body in kept if at < self.moment]
            if done:
                left.update(done[-1])
                _put_table(root, key, done[-1], same)
        return left.hexdigest()


def _in_order(versions: list[Name], last: int, _: random.Random) -> File | None:
    """Names are journalled in order, up to some moment."""
    return [versions[0], *(one for one in versions[1:] if one.at <= last)][-1].file


def _scattered(versions: list[Name], _: int, dice: random.Random) -> File | None:
    return dice.choice(versions).file


def _nothing_more(versions: list[Name], _: int, __: random.Random) -> File | None:
    return versions[0].file


def _everything(versions: list[Name], _: int, __: random.Random) -> File | None:
    return versions[-1].file


def _harmed(body: bytes, dice: random.Random) -> bytes:
    """What may be left of bytes that were not synced."""
    cut = dice.randrange(len(body) + 1)
    return dice.choice([b"", body[:cut], bytes(len(body)), body[:cut] + bytes(len(body) - cut), body])


def _put_table(root: Path, key: str, body: bytes, same: dict[tuple[int, int], Path]) -> None:
    """Puts an SQLite file; what it remembers of files by inode and times holds for those made in their place."""
    path = root / key
    path.parent.mkdir(parents=True, exist_ok=True)
    if key != VERIFIED:
        path.write_bytes(body)
        return
    with closing(sqlite3.connect(":memory:")) as table:
        table.deserialize(body)
        for name, size, inode, changed in table.execute("SELECT key, size, inode, changed FROM verified").fetchall():
            made = same.get((inode, changed))
            if made == root / name and (status := made.stat()).st_size == size:
                values = (status.st_mtime_ns, status.st_ino, status.st_ctime_ns, name)
                table.execute("UPDATE verified SET modified = ?, inode = ?, changed = ? WHERE key = ?", values)
        table.commit()
        path.write_bytes(table.serialize())
