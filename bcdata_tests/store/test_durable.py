"""What a sync covers, with `syncfs` and without."""

import os
from pathlib import Path

import pytest

from bcdata.store import durable
from bcdata.store.objects import LocalObjects
from bcdata.store.store import Store


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that are synced, where there is no `syncfs`."""
    paths: list[str] = []
    monkeypatch.setattr(durable, "_syncfs", None)
    monkeypatch.setattr(os, "fsync", lambda one: paths.append(str(Path(f"/proc/self/fd/{one}").readlink())))
    return paths


def test_file_by_file_a_durable_put_covers_all_that_was_put_before(tmp_path: Path, synced: list[str]) -> None:
    objects = LocalObjects(tmp_path)
    objects.put("a/b/c", b"1")
    objects.put("a/d", b"2", durable=True)
    assert {str(tmp_path / key) for key in ("a/b/c", "a/b", "a", ".")} <= set(synced)
    assert str(tmp_path / "a/d") not in synced, "it has its name after its bytes are safe"
    objects.sync()
    assert str(tmp_path / "a/d") in synced
    synced.clear()
    objects.sync()
    assert synced == [], "nothing is new"


def test_file_by_file_what_is_gone_needs_no_sync(tmp_path: Path, synced: list[str]) -> None:
    objects = LocalObjects(tmp_path)
    objects.put("a/b", b"1")
    objects.delete("a/b")
    objects.sync()
    assert str(tmp_path) in synced


def test_what_is_kept_is_not_put_again(tmp_path: Path) -> None:
    """A file that survives a loss of power would be replaced by one that may not."""
    store = Store(tmp_path)
    store.keep("raw/x", b"1")
    before = store.objects.stat("raw/x")
    store.keep("raw/x", b"1")
    assert store.objects.stat("raw/x") == before
    (tmp_path / "raw/x").write_bytes(b"?")
    store.keep("raw/x", b"1")
    assert store.objects.get("raw/x") == b"1"
    store.close()
