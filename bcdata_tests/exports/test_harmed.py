"""A file that was harmed or replaced since it was exported: told at the next export, and written anew only by force."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bcdata.errors import UsageError
from bcdata.exports.layouts.table import LAYOUTS
from bcdata_tests.exports.lake import ExportLake, run


def flipped(body: bytes) -> bytes:
    """As many other bytes."""
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]


def edited(file: Path, _elsewhere: Path) -> None:
    file.write_bytes(flipped(file.read_bytes()))


def edited_and_dated_back(file: Path, _elsewhere: Path) -> None:
    before = file.stat()
    file.write_bytes(flipped(file.read_bytes()))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def truncated(file: Path, _elsewhere: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def emptied(file: Path, _elsewhere: Path) -> None:
    file.write_bytes(b"")


def a_link_to_another(file: Path, elsewhere: Path) -> None:
    elsewhere.write_bytes(b"somebody's")
    file.unlink()
    file.symlink_to(elsewhere)


def a_link_to_nothing(file: Path, elsewhere: Path) -> None:
    file.unlink()
    file.symlink_to(elsewhere)


def a_pipe(file: Path, _elsewhere: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def stamp(file: Path) -> tuple[int, int, int]:
    """What changes when a file is written, and not when it is read."""
    found = os.lstat(file)
    return found.st_ino, found.st_size, found.st_mtime_ns


HARMS = [edited, edited_and_dated_back, truncated, emptied, a_link_to_another, a_link_to_nothing, a_pipe]


@pytest.mark.parametrize("form", LAYOUTS)
@pytest.mark.parametrize("harm", HARMS)
def test_what_is_not_as_it_was_written_is_told_and_replaced_only_by_force(
    two: ExportLake, tmp_path: Path, form: str, harm: Callable[[Path, Path], None]
) -> None:
    run(two, form)
    harmed, elsewhere = two.out / min(two.files()), tmp_path / "elsewhere"
    whole = harmed.read_bytes()
    harm(harmed, elsewhere)
    state, theirs = stamp(harmed), elsewhere.read_bytes() if elsewhere.exists() else None
    with pytest.raises(UsageError, match=rf"^{harmed} is there already .*; choose .* or replace it with --force$"):
        run(two, form)
    assert stamp(harmed) == state, "it is as it was"
    assert "written" in {one.state for one in run(two, form, force=True)}
    assert (harmed.read_bytes(), harmed.is_symlink()) == (whole, False)
    assert (elsewhere.read_bytes() if elsewhere.exists() else None) == theirs, "what a link led to is nobody's business"


@pytest.mark.parametrize("form", LAYOUTS)
def test_a_folder_in_its_place_is_never_replaced(two: ExportLake, form: str) -> None:
    run(two, form)
    harmed = two.out / min(two.files())
    harmed.unlink()
    harmed.mkdir()
    (harmed / "theirs").touch()
    for force in (False, True):
        with pytest.raises(UsageError, match="is a folder, and a file is to be written there"):
            run(two, form, force=force)
    assert (harmed / "theirs").exists()


@pytest.mark.parametrize("form", LAYOUTS)
def test_what_has_the_same_bytes_is_as_it_was_written_wherever_it_lies(
    two: ExportLake, tmp_path: Path, form: str
) -> None:
    run(two, form)
    touched, moved = (two.out / name for name in (min(two.files()), max(two.files())))
    moved.rename(tmp_path / "other disk")
    moved.symlink_to(tmp_path / "other disk")
    os.utime(touched)
    assert {one.state for one in run(two, form)} == {"unchanged"}
    assert moved.is_symlink()
