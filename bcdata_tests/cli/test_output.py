"""The terminal may be any: output that cannot have a letter gets an escape, never a traceback."""

import json
import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from bcdata.sqlite_files import trouble

CATALOG = """
datasets:
  spot_klines_1m:
    grain: month
    start: 2025-01
    symbols: [币安人生USDT]
    sources: [binance_archive]
"""


def run(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    (folder / "catalog.yaml").write_text(CATALOG)
    (folder / "data").mkdir()
    own = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "bcdata", *words]
    return subprocess.run(command, cwd=folder, env={**own, **variables}, capture_output=True, text=True, check=False)


@pytest.mark.one_in(12, slow=3)
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize(
    "command", [["status"], ["query", "SELECT '币安人生USDT' AS symbol, '→' AS arrow"], ["--help"]]
)
def test_letters_that_the_output_lacks_are_escaped(encoding: str, command: list[str], tmp_path: Path) -> None:
    done = run(tmp_path, *command, PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_json_stays_json(tmp_path: Path) -> None:
    done = run(tmp_path, "query", "SELECT '币安人生USDT' AS symbol", "--json", PYTHONIOENCODING="ascii")
    assert json.loads(done.stdout) == [{"symbol": "币安人生USDT"}]


def test_too_few_files_are_not_a_full_disk() -> None:
    lowest = max(int(one.name) for one in Path("/proc/self/fd").iterdir()) + 1
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, before[1]))
        while True:
            try:
                taken.append(os.open(os.devnull, os.O_RDONLY))
            except OSError:
                break
        words = trouble(sqlite3.OperationalError("unable to open database file"), "free some space")
    finally:
        for one in taken:
            os.close(one)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert "ulimit -n" in words
    assert "space" not in words


@pytest.mark.one_in(24, slow=3)
@pytest.mark.parametrize("words", [["status", "--json"], ["query", "SELECT 1"], ["query", "SELECT", "--json"]])
@pytest.mark.parametrize("where", ["> /dev/full", ">&-", ">&- 2>&-", "> /dev/full 2>&- <&-"])
def test_an_output_that_takes_nothing_is_one_line(tmp_path: Path, words: list[str], where: str) -> None:
    """Also where it is closed: then the next file that is opened would have its number."""
    shell = ["sh", "-c", f'exec "$@" {where}', "sh", sys.executable, "-m", "bcdata", *words]
    variables = {**os.environ, "BCDATA_ROOT": str(tmp_path)}
    done = subprocess.run(shell, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    said = [line for line in done.stderr.splitlines() if "the output cannot be written" in line]
    assert len(said) == ("2>&-" not in where)
    assert "Traceback" not in done.stderr
