"""Damaged databases of Dagster's own: named, with the way out, and nothing of the lake is lost by it."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bcdata.dagster.launch import _cause, open_instance
from bcdata.errors import BcdataError


class _Event:
    """A failed step, as far as its error is looked at."""

    def __init__(self, name: str, message: str) -> None:
        error = type("Error", (), {"cls_name": name, "message": message, "cause": None})()
        self.step_failure_data = type("Data", (), {"error": error})()


def use(home: Path) -> None:
    with open_instance(home.parent) as instance:
        instance.add_dynamic_partitions("set", ["A"])
        assert instance.get_dynamic_partitions("set") == ["A"]
        assert instance.get_runs() == []


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    use(tmp_path / "home")
    for left in (tmp_path / "home").rglob("*.db-*"):
        left.unlink()
    return tmp_path / "home"


def garbage(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1000)


def scrambled(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[200:] = b"\xff" * (len(body) - 200)
    path.write_bytes(body)


def folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


DATABASES = ("history/runs.db", "history/runs/index.db", "schedules/schedules.db")
CASES = [
    *((name, damage) for name in DATABASES for damage in (garbage, scrambled, folder)),
    ("creation.lock", garbage),
    ("creation.lock", folder),
]


@pytest.mark.one_in(6, slow=2)
@pytest.mark.parametrize(("name", "damage"), CASES)
def test_a_damaged_database_is_named_with_the_way_out(name: str, damage: Callable[[Path], None], home: Path) -> None:
    path = home / name
    damage(path)
    try:
        use(home)
    except BcdataError as error:
        assert str(path) in str(error)  # noqa: PT017
        assert "move it away" in str(error)  # noqa: PT017
        assert "data is not" in str(error)  # noqa: PT017
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert name == "schedules/schedules.db", "only what a command does not use may be damaged without a word"
    path.replace(path.with_name("aside"))
    use(home)


def test_a_step_that_could_open_no_more_files_says_so() -> None:
    words = f"OSError: {os.strerror(errno.EMFILE)} (os error 24): /lake/part-0.parquet\n"
    assert _cause(_Event("OSError", words)).startswith("too many files are open; raise `ulimit -n`")  # type: ignore[arg-type]


def test_a_full_disk_is_no_damaged_database(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    found = _cause(_Event("OperationalError", "sqlite3.OperationalError: database or disk is full\n"))  # type: ignore[arg-type]
    assert "is there space" in found
