"""An object-store interface and its local implementation: whole objects, put atomically, never appended to."""

import os
import shutil
import stat
import threading
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bcdata.errors import StoreError
from bcdata.store.durable import GroupSync
from bcdata.store.explained import explained
from bcdata.store.staging import STAGING, STATE, guard, make_staging, move, remove_if_empty, sweep_staging

__all__ = ["STAGING", "STATE", "LocalObjects", "ObjectInfo", "Objects", "sweep_staging"]

ASIDE = ".lake/aside"
"""Where what stood in the way of a file is kept."""
_BLOCK = 1 << 16
"""What must fit for a place to count as having space."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """What a listing tells of an object: key, bytes and the instant of its last change (ns since the epoch).

    `inode` and `changed_ns` tell one file from another of the same size and time: no copy has both.
    """

    key: str
    size: int
    modified_ns: int
    inode: int = 0
    changed_ns: int = 0


class Objects(Protocol):
    """What the store needs of a place that keeps objects (a folder, a bucket)."""

    def put(self, key: str, body: bytes, *, durable: bool = False) -> None:
        """Stores the object whole or not at all; replaces what is there in one step.

        After a loss of power a durable one is there whole, or the one before it is; all that was put before it is there
        for sure. It is for what cannot be had again. To know that it is there itself takes a `sync`.
        """

    def sync(self) -> None:
        """Makes all that was put survive a loss of power."""

    def get(self, key: str) -> bytes | None:
        """The object's bytes; None where there is none."""

    def stat(self, key: str) -> ObjectInfo | None:
        """Size and time of the object; None where there is none."""

    def check(self) -> None:
        """Fails where nothing could be put."""

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """All objects whose key starts with the prefix (a folder), in key order."""

    def strays(self, prefix: str, *, links: bool = False) -> Iterator[str]:
        """What stands under the prefix and is no object, in words that can be printed; nothing else tells of it.

        With `links`, the symbolic links alone, of which listings tell.
        """

    def delete(self, key: str) -> None:
        """Removes the object; no error where there is none."""


class LocalObjects:
    """Objects as files under one folder.

    A put writes to a staging folder of this process and renames; a process that was killed leaves its staging
    folder behind, and the next one that writes sweeps it (its lock is free then).
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._staging: Path | None = None
        self._lock: int | None = None
        self._starting = threading.Lock()
        self._synced = GroupSync(root)
        self.passes_links = False
        """Whether listings pass over symbolic links: for who looks for all that is wrong, and tells of them itself."""
        self._text = str(root)
        self._plain = {""}
        """Keys of folders that are no links: the root may be one."""

    def put(self, key: str, body: bytes, *, durable: bool = False) -> None:
        """Writes to staging, then renames: whole or not at all. What is durable is on the disk before it is renamed."""
        target = self.path(key)
        with explained(target):
            staged = self._stage() / uuid.uuid4().hex
            staged.write_bytes(body)
            if durable:
                self._synced.sync(staged)
            if target.exists() and not target.is_file() and not target.is_symlink():
                self._set_aside(target)
            move(staged, target)
            self._synced.note(target)

    def sync(self) -> None:
        """Syncs the file system; where it cannot be synced as a whole, what was put since the last time."""
        with explained(self.root):
            if self.root.is_dir():
                self._synced.sync()

    def get(self, key: str) -> bytes | None:
        """The bytes; None where there is no such file, or what is there is none: a pipe would be waited for."""
        if self.stat(key) is None:
            return None
        path = self.path(key)
        with explained(path):
            try:
                with open(path, "rb", opener=_without_waiting) as file:
                    return file.read()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                return None

    def stat(self, key: str) -> ObjectInfo | None:
        """Size and time; None where there is no such file."""
        name = self.name(key)
        try:
            status = os.stat(name)  # noqa: PTH116 - asked a dozen times for each partition that is read
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            with explained(Path(name)):
                raise error from None
        return _info(key, status) if stat.S_ISREG(status.st_mode) else None

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Files under the folder, in key order; none where there is no folder.

        Raises:
            StoreError: it cannot be read, or there is a symbolic link in it: what lies behind may be another disk, or
                the same files once more.
        """
        for entry in self._entries(prefix):
            if not _is_utf8(entry.name):
                continue
            if entry.is_symlink():
                if self.passes_links:
                    continue
                raise _linked(entry.path)
            if entry.is_dir(follow_symlinks=False):
                self._plain.add(f"{prefix}{entry.name}")
                yield from self.list(f"{prefix}{entry.name}/")
            elif entry.is_file(follow_symlinks=False):
                try:
                    status = entry.stat()
                except OSError as error:
                    with explained(Path(entry.path)):
                        raise error from None
                yield _info(f"{prefix}{entry.name}", status)

    def strays(self, prefix: str, *, links: bool = False) -> Iterator[str]:
        """Pipes, sockets and devices under the folder, and what has a name that is not UTF-8: nobody's."""
        for entry in self._entries(prefix):
            key = f"{prefix}{entry.name}"
            if entry.is_dir(follow_symlinks=False) and _is_utf8(entry.name):
                yield from self.strays(f"{key}/", links=links)
            elif links is entry.is_symlink() and (links or not _is_utf8(entry.name) or not entry.is_file()):
                yield os.fsencode(key).decode(errors="backslashreplace")

    def _entries(self, prefix: str) -> Sequence["os.DirEntry[str]"]:
        """What is in a folder, by name; nothing where there is none."""
        folder = self.name(prefix)
        try:
            return sorted(os.scandir(folder), key=lambda entry: entry.name)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            with explained(Path(folder)):
                raise error from None

    def delete(self, key: str) -> None:
        """Removes the file and the folders that it leaves empty."""
        path = self.path(key)
        with explained(path):
            path.unlink(missing_ok=True)
            self._prune(path.parent)

    def path(self, key: str) -> Path:
        """The file of a key. Keys are ours, but a key that would leave the root is refused all the same.

        Raises:
            StoreError: it would leave the root, no file system takes its name, or a folder on the way is a symbolic
                link. Folders are looked at once.
        """
        return Path(self.name(key))

    def name(self, key: str) -> str:
        """The same as text: paths are dear where hundreds of files are looked at."""
        folder, _, last = key.rpartition("/")
        if folder in self._plain and last != ".." and not key.startswith("/"):
            return f"{self._text}/{key}"
        if key.startswith("/") or ".." in key.split("/"):
            raise StoreError(f"the key {key!r} would leave the store")
        new = set[str]()
        while folder not in self._plain:
            if os.path.islink(place := f"{self._text}/{folder}"):  # noqa: PTH114 - of hundreds of symbols
                raise _linked(place)
            new.add(folder)
            folder = folder.rpartition("/")[0]
        self._plain |= new
        return f"{self._text}/{key}"

    def check(self) -> None:
        """Writes a little to staging and takes it away again."""
        with explained(self.root):
            probe = self._stage() / "probe"
            probe.write_bytes(bytes(_BLOCK))
            probe.unlink()

    def close(self) -> None:
        """Syncs what this process has put, and removes its staging folder."""
        with self._starting:
            if self._staging is None or self._lock is None:
                return
            self.sync()
            with guard(self.root):
                shutil.rmtree(self._staging, ignore_errors=True)
                os.close(self._lock)
                remove_if_empty(self.root / STAGING)
            self._staging = self._lock = None

    def _set_aside(self, stray: Path) -> None:
        """Moves what is no file, and stands where one belongs: it is nobody's, and what is in it is kept."""
        aside = self.root / ASIDE / uuid.uuid4().hex
        aside.mkdir(parents=True)
        stray.replace(aside / stray.name)

    def _stage(self) -> Path:
        with self._starting:
            if self._staging is None:
                with guard(self.root):
                    self._staging, self._lock = make_staging(self.root)
            return self._staging

    def _prune(self, folder: Path) -> None:
        while folder != self.root and remove_if_empty(folder):
            folder = folder.parent


def _linked(path: Path | str) -> StoreError:
    words = "a lake is one folder: move what it points to in its place; the root itself may be a link"
    return StoreError(f"{path} is a symbolic link, and {words}")


def _info(key: str, status: os.stat_result) -> ObjectInfo:
    return ObjectInfo(key, status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns)


def _is_utf8(name: str) -> bool:
    """Whether a name of the file system is text: what is not has surrogates, which no message could hold."""
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)


def _without_waiting(path: str, flags: int) -> int:
    """Opens a file; a pipe that has taken its place meanwhile is not waited for."""
    return os.open(path, flags | os.O_NONBLOCK)
