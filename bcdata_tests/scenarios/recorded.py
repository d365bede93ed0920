"""Records what a process does to the files of a lake, while it really does it."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from bcdata.store import durable
from bcdata.store.state.side_table import SideTable
from bcdata_tests.scenarios.disk import Disk, File


@contextmanager
def recorded(disk: Disk, *, one_by_one: bool = False) -> Iterator[None]:
    """Records all that is done on the disk inside the block; `one_by_one` does without `syncfs`."""
    with pytest.MonkeyPatch.context() as patch:
        if one_by_one:
            patch.setattr(durable, "_syncfs", None)
        patch.setattr(Path, "write_bytes", _writing(disk, Path.write_bytes))
        patch.setattr(Path, "replace", _renaming(disk, Path.replace))
        patch.setattr(Path, "unlink", _removing(disk, Path.unlink))
        patch.setattr(os, "fsync", _syncing_one(disk, os.fsync))
        patch.setattr(durable, "_sync_file_system", _syncing_all(disk, durable._sync_file_system))
        patch.setattr(SideTable, "use", _using(disk, SideTable.use))
        yield


Call = Callable[..., Any]


def _writing(disk: Disk, write: Call) -> Call:
    def write_bytes(self: Path, data: bytes) -> int:
        if (key := disk.key(self)) is None:
            return int(write(self, data))
        with disk.step() as at:
            disk.name(key, at, File(bytes(data), at))
            return int(write(self, data))

    return write_bytes


def _renaming(disk: Disk, replace: Call) -> Call:
    def rename(self: Path, target: Path) -> Path:
        source, key = disk.key(self), disk.key(Path(target))
        if source is None or key is None:
            return Path(replace(self, target))
        with disk.step() as at:
            done = Path(replace(self, target))
            file = disk.current(source)
            assert file is not None, source
            status = done.stat()
            file.identity = (status.st_ino, status.st_ctime_ns)
            disk.name(source, at, None)
            disk.name(key, at, file)
            return done

    return rename


def _removing(disk: Disk, unlink: Call) -> Call:
    def remove(self: Path, missing_ok: bool = False) -> None:
        key = disk.key(self)
        if key is None or key not in disk.names:
            unlink(self, missing_ok)
            return
        with disk.step() as at:
            unlink(self, missing_ok)
            disk.name(key, at, None)

    return remove


def _syncing_one(disk: Disk, fsync: Call) -> Call:
    def sync(descriptor: int) -> None:
        key = disk.key(Path(f"/proc/self/fd/{descriptor}").readlink())
        begun = disk.moment
        fsync(descriptor)
        if key is None:
            return
        with disk.step() as at:
            if file := disk.current(key):
                file.synced = at if file.synced is None else file.synced
            else:
                disk.folder_syncs.setdefault(key, []).append((begun, at))

    return sync


def _syncing_all(disk: Disk, sync_file_system: Call) -> Call:
    def sync(folder: Path) -> None:
        begun = disk.moment
        sync_file_system(folder)
        with disk.step() as at:
            disk.syncs.append((begun, at))

    return sync


def _using(disk: Disk, use: Call) -> Call:
    def used(self: SideTable, context: Call, *, losable: bool = False) -> Any:
        found = use(self, context, losable=losable)
        if (key := disk.key(self.path)) is not None:
            with disk.step() as at:
                body = _snapshot(self.path)
                kept = disk.tables.setdefault(key, [])
                if not kept or kept[-1][1] != body:
                    kept.append((at, body))
        return found

    return used


def _snapshot(path: Path) -> bytes:
    with closing(sqlite3.connect(path)) as table:
        return table.serialize()
