"""Local objects: whole or not at all, no strays, and errors that say what to do."""

import errno
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from bcdata.errors import StoreError
from bcdata.store.locks import locked
from bcdata.store.objects import ASIDE, STAGING, STATE, LocalObjects, sweep_staging
from bcdata.store.state.side_table import SideTable

HOLD = """
import sys, time
from pathlib import Path
from bcdata.store.objects import ASIDE, LocalObjects
objects = LocalObjects(Path(sys.argv[1]))
objects.put("a/b", b"held")
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture
def objects(tmp_path: Path) -> LocalObjects:
    return LocalObjects(tmp_path / "lake")


def test_what_is_put_is_there(objects: LocalObjects) -> None:
    objects.put("a/b/c", b"one")
    objects.put("a/b/c", b"two")
    assert objects.get("a/b/c") == b"two"
    info = objects.stat("a/b/c")
    assert info is not None
    assert (info.key, info.size) == ("a/b/c", 3)


def test_what_is_not_there_is_none(objects: LocalObjects) -> None:
    objects.put("a", b"")
    for key in ("b", "a/under/a/file"):
        assert objects.get(key) is None
        assert objects.stat(key) is None
    objects.delete("b")
    assert list(objects.list("b/")) == []


def test_listing_is_in_the_order_of_keys(objects: LocalObjects) -> None:
    keys = ["z/b/2", "z/a/1", "z/b/1", "y/1"]
    for key in keys:
        objects.put(key, key.encode())
    assert [info.key for info in objects.list("z/")] == ["z/a/1", "z/b/1", "z/b/2"]


def test_deleting_leaves_no_empty_folders(objects: LocalObjects) -> None:
    objects.put("a/b/c", b"1")
    objects.put("a/d", b"2")
    objects.delete("a/b/c")
    objects.close()
    assert sorted(path.name for path in objects.root.rglob("*") if STATE not in path.parts) == ["a", "d"]


def test_closing_leaves_no_staging(objects: LocalObjects) -> None:
    objects.put("a", b"1")
    assert (objects.root / STAGING).exists()
    objects.close()
    assert {path.name for path in objects.root.iterdir()} == {"a", STATE}


@pytest.mark.parametrize("key", ["/etc/passwd", "../outside", "a/../../outside", "a/.."])
def test_a_key_cannot_leave_the_root(objects: LocalObjects, key: str) -> None:
    with pytest.raises(StoreError, match="leave the store"):
        objects.put(key, b"")
    with pytest.raises(StoreError, match="leave the store"):
        objects.get(key)


@pytest.mark.parametrize(("number", "words"), [(errno.ENOSPC, "no space is left"), (errno.EFBIG, "ulimit -f")])
def test_a_failed_put_leaves_the_old_object(
    objects: LocalObjects, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    objects.put("a", b"old")

    def full(self: Path, data: bytes) -> int:
        raise OSError(number, "not written", str(self), len(data))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(StoreError, match=words):
            objects.put("a", b"new")
    assert objects.get("a") == b"old"


def test_a_file_in_the_place_of_a_folder_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="a file stands where a folder is needed"):
        LocalObjects(tmp_path / "file").put("a", b"")


def test_staging_of_a_killed_process_is_swept_and_of_a_living_one_kept(tmp_path: Path) -> None:
    root = tmp_path / "lake"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(root)], stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "ready\n"
            folders = list((root / STAGING).iterdir())
            assert len(folders) == 1
            sweep_staging(root)
            assert list((root / STAGING).iterdir()) == folders, "its process lives"
        finally:
            os.kill(holder.pid, signal.SIGKILL)
    sweep_staging(root)
    assert not (root / STAGING).exists()
    assert LocalObjects(root).get("a/b") == b"held"


def test_threads_that_begin_together_leave_no_staging(tmp_path: Path) -> None:
    for round_ in range(20):
        objects, barrier = LocalObjects(tmp_path / str(round_)), Barrier(8)

        def put(at: int, objects: LocalObjects = objects, barrier: Barrier = barrier) -> None:
            barrier.wait()
            objects.put(f"a/{at}", b"1")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(put, range(8)))
        objects.close()
        assert {path.name for path in objects.root.iterdir()} == {"a", STATE}


def test_processes_that_begin_together_do_not_sweep_each_other(tmp_path: Path) -> None:
    """Stores in threads stand for processes: locks of files that were opened apart exclude each other."""
    for round_ in range(20):
        root, barrier = tmp_path / str(round_), Barrier(8)

        def put(at: int, root: Path = root, barrier: Barrier = barrier) -> None:
            objects = LocalObjects(root)
            barrier.wait()
            sweep_staging(root)
            for number in range(3):
                objects.put(f"a/{at}/{number}", b"1")
            objects.close()
            sweep_staging(root)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(put, range(8)))
        assert len(list((root / "a").rglob("*/*"))) == 24
        assert {path.name for path in root.iterdir()} == {"a", STATE}


def test_a_folder_in_the_place_of_a_file_is_no_object_and_is_kept_aside(objects: LocalObjects) -> None:
    objects.put("a/b/part.txt/inside.txt", b"somebody's")
    assert objects.get("a/b/part.txt") is None
    assert objects.stat("a/b/part.txt") is None
    objects.put("a/b/part.txt", b"ours")
    assert objects.get("a/b/part.txt") == b"ours"
    [kept] = objects.root.glob(f"{ASIDE}/*/part.txt/inside.txt")
    assert kept.read_bytes() == b"somebody's"


@pytest.mark.parametrize("what", ["file", "folder", "nothing", "itself"])
def test_a_link_in_a_lake_is_an_error_that_names_it(objects: LocalObjects, tmp_path: Path, what: str) -> None:
    """Listings would not follow it, and readers would: what is behind it would be there for some and not for others."""
    objects.put("zone/one.txt", b"1")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_bytes(b"2")
    target = {"file": elsewhere / "file", "folder": elsewhere, "nothing": tmp_path / "none", "itself": objects.root}[
        what
    ]
    (objects.root / "zone" / "two").symlink_to(target)
    with pytest.raises(StoreError, match="zone/two is a symbolic link"):
        list(objects.list("zone/"))


@pytest.mark.parametrize("above", ["zone", "zone/name", "zone/name/symbol=A"])
def test_a_folder_above_that_is_a_link_is_one_error_for_all(tmp_path: Path, above: str) -> None:
    """Whoever lists it, reads it or writes to it."""
    real, objects = LocalObjects(tmp_path / "real"), LocalObjects(tmp_path / "lake")
    real.put("zone/name/symbol=A/file", b"1")
    link = objects.root / above
    link.parent.mkdir(parents=True)
    link.symlink_to(real.root / above)
    key = "zone/name/symbol=A/file"
    for use in (objects.get, objects.stat, objects.delete, lambda _: list(objects.list("zone/name/symbol=A/"))):
        with pytest.raises(StoreError, match=f"{above} is a symbolic link"):
            use(key)
    with pytest.raises(StoreError, match="is a symbolic link"):
        objects.put(key, b"2")
    assert real.get(key) == b"1"
    real.close()
    objects.close()


def test_the_root_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    objects = LocalObjects(tmp_path / "link")
    objects.put("zone/one.txt", b"1")
    assert [one.key for one in objects.list("zone/")] == ["zone/one.txt"]
    objects.close()


@pytest.mark.parametrize("what", ["pipe", "socket"])
def test_what_is_no_regular_file_is_no_object_is_not_waited_for_and_is_kept_aside(
    objects: LocalObjects, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects.put("a/one", b"1")
    place = objects.root / "a/part"
    if what == "pipe":
        os.mkfifo(place)
    else:
        monkeypatch.chdir(place.parent)  # a socket's path is short
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(place.name)
    assert objects.get("a/part") is None
    assert objects.stat("a/part") is None
    assert [one.key for one in objects.list("a/")] == ["a/one"]
    assert list(objects.strays("a/")) == ["a/part"]
    objects.put("a/part", b"ours")
    assert objects.get("a/part") == b"ours"
    [kept] = objects.root.glob(f"{ASIDE}/*/part")
    assert not kept.is_file()


def test_names_that_are_not_utf8_are_nobodys(objects: LocalObjects) -> None:
    objects.put("a/one", b"1")
    folder = os.fsencode(objects.root / "a")
    os.mkdir(folder + b"/symbol=\xff\xfe")  # noqa: PTH102 (bytes)
    Path(os.fsdecode(folder + b"/symbol=\xff\xfe/file")).write_bytes(b"2")
    Path(os.fsdecode(folder + b"/\xe9.json")).write_bytes(b"2")
    assert [one.key for one in objects.list("a/")] == ["a/one"]
    assert list(objects.strays("a/")) == ["a/symbol=\\xff\\xfe", "a/\\xe9.json"]


@pytest.mark.parametrize(
    ("way", "words"),
    [
        (".state", "a file stands where a folder is needed"),
        ("gaps", "a file stands where a folder is needed"),
        (".state/staging.lock", "a folder stands where a file is needed"),
        (".state/some.lock", "a folder stands where a file is needed"),
    ],
)
def test_what_is_in_the_way_is_named_and_not_the_lake(tmp_path: Path, way: str, words: str) -> None:
    root = tmp_path / "lake"
    (root / way).parent.mkdir(parents=True)
    if way.endswith(".lock"):
        (root / way).mkdir()
    else:
        (root / way).write_text("")
    objects = LocalObjects(root)
    with pytest.raises(StoreError, match=f"{words}: {root / way}; move it away"), locked(root, "some"):
        objects.put("gaps/a/b", b"1")


def test_a_side_table_whose_folder_is_a_file_names_it(tmp_path: Path) -> None:
    (tmp_path / STATE).write_text("")
    table = SideTable(tmp_path / STATE / "some.sqlite", "", "nothing is lost")
    with pytest.raises(StoreError, match=f"{tmp_path / STATE} is no folder; move it away$"):
        table.use(lambda _: None)
