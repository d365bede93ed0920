"""A lake that cannot be written, as a backup on a read-only mount, is read by all commands that read."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bcdata_tests.command import Command, materialize
from bcdata_tests.mirror import made_day
from bcdata_tests.run import tree
from bcdata_tests.world import BY_DAY, D, World

_MOUNTED = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
_NAMESPACE = ("unshare", "--map-root-user", "--mount", "sh", "-c", _MOUNTED)
"""What follows sees the folder read-only, and nobody else does; not even root may write."""


def _may_mount(folder: Path) -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*_NAMESPACE, str(folder), "true"], capture_output=True, check=False).returncode == 0


def run_read_only(command: Command, words: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_NAMESPACE, str(command.root), sys.executable, "-m", "bcdata", *words],
        env=command.variables,
        cwd=command.folder,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture
def command(world: World) -> Command:
    """A lake of two days; halts were found, so that there is nothing new to publish."""
    for day in ("2025-01-01", "2025-01-02"):
        world.mirror.put_day("BTCUSDT", day, made_day(day))
    command = Command.of(world, BY_DAY, "read_only")
    done = command.here(materialize(D, "BTCUSDT", "2025-01-01", "2025-01-02"))
    assert done.returncode == 0, done.stderr
    assert command.here(["halts", "--dataset", D]).returncode == 0
    if not _may_mount(command.root):
        pytest.skip("this machine lets nobody mount")
    return command


@pytest.mark.slow
@pytest.mark.parametrize("tables", ["kept", "lost", "damaged"])
def test_commands_that_read_need_not_write(command: Command, tables: str) -> None:
    for path in (command.root / ".state").glob("*.sqlite*"):
        if tables == "lost":
            path.unlink()
        elif tables == "damaged":
            path.write_bytes(b"garbage" * 1000)
    before = tree(command.root)
    for words in (
        ["verify"],
        ["status"],
        ["gaps", "--dataset", D],
        ["sources", "--dataset", D],
        ["halts", "--dataset", D],
        ["query", f"SELECT count(*) FROM {D}"],  # noqa: S608
    ):
        done = run_read_only(command, words)
        assert done.returncode == 0, (words, done.stderr)
        assert "Traceback" not in done.stderr
        assert done.stderr.count("nothing is noted there") <= 1, (words, done.stderr)
    assert "nothing is wrong" in run_read_only(command, ["verify"]).stdout
    assert tree(command.root) == before


@pytest.mark.slow
def test_a_damaged_published_file_is_found_where_nothing_can_be_noted(command: Command) -> None:
    path = next((command.root / "merged").rglob("*.parquet"))
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)
    done = run_read_only(command, ["verify"])
    assert done.returncode == 1, done.stderr
    assert "damaged" in done.stdout
    assert "nothing is noted there" in done.stderr
