"""Every command's output on a small known lake, at any width: no name and no number is cut or broken in two."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from bcdata.cli import app
from bcdata.cli.demo import next_commands
from bcdata.cli.output.show import out
from bcdata_tests.cli.conftest import D, Known
from bcdata_tests.terminal import typing

COMMANDS = {
    "status": ["status"],
    "gaps": ["gaps"],
    "gaps summary": ["gaps", "--summary"],
    "datasets": ["datasets"],
    "symbols": ["symbols", D],
    "bars": ["query", f"FROM {D} ORDER BY symbol, open_time LIMIT 5"],
    "one bar": ["query", f"FROM {D} ORDER BY symbol, open_time LIMIT 1"],
    "features": ["query", f"FROM features.{D} ORDER BY symbol, open_time LIMIT 3"],
    "verify": ["verify"],
    "config": ["config"],
    "providers": ["providers"],
    "jobs": ["jobs"],
    "halts": ["halts", "--dataset", D],
    "list of features": ["features"],
    "dry run": ["materialize", D, "--symbols", "BTCUSDT", "--from", "2023-01", "--to", "2023-01", "--dry-run"],
}
_VARIES = {"providers", "jobs", "dry run"}
"""Output that tells of time: it is compared by its words without figures."""


@pytest.fixture(autouse=True)
def _width() -> Iterator[None]:
    before = out._width
    yield
    out._width = before


def shown(known: Known, words: list[str], width: int) -> str:
    out._width = width
    done = CliRunner().invoke(app, words, env=known.variables)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.stdout


def tokens(text: str, *, with_figures: bool) -> set[str]:
    found = {word.strip("():,") for word in text.replace("─", "").split()}
    return {word for word in found if with_figures or not any(char.isdigit() for char in word)}


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_cut_or_broken_at_any_width(known: Known, name: str) -> None:
    words = COMMANDS[name]
    shown(known, words, 80)  # halts are found once
    whole = tokens(shown(known, words, 2_000), with_figures=name not in _VARIES)
    for width in (60, 80, 120, 200):
        text = shown(known, words, width)
        found = tokens(text, with_figures=name not in _VARIES)
        added = {"...", "more", "column", "columns", "--json", "has", "all", "name", "them", "or"}
        added |= {re.sub(r"\D", "", word) for word in re.findall(r"\.\.\. \d+ more", text)}
        assert found - whole <= added, (width, found - whole - added)


def test_at_20_columns_each_row_is_a_record(known: Known) -> None:
    text = shown(known, ["symbols", D], 20)
    assert "BTCUSDT" in text.split()
    assert "2023-01" in text.split()


WORDS = [sys.executable, "-m", "bcdata"]


@pytest.mark.parametrize("columns", [20, 60, 200])
def test_at_a_real_terminal(known: Known, columns: int) -> None:
    with typing([*WORDS, "symbols", D], {**os.environ, **known.variables}, columns=columns) as (process, terminal):
        terminal.wait("ETHUSDT")
        terminal.wait("partitions")
        assert process.wait(20) == 0
    assert "Traceback" not in terminal.shown


def test_without_letters_beyond_ascii_and_without_colour(known: Known) -> None:
    own = {**os.environ, **known.variables, "LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "NO_COLOR": "1"}
    done = subprocess.run([*WORDS, "status"], env=own, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b"\x1b" not in done.stdout
    assert D.encode() in done.stdout


def test_a_reader_that_has_enough_ends_it_without_a_word(known: Known) -> None:
    shell = f"{sys.executable} -m bcdata query 'FROM {D}' --json | head -n 2"
    own = {**os.environ, **known.variables}
    done = subprocess.run(["sh", "-c", shell], env=own, capture_output=True, text=True, check=False)
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr == ""


def test_control_c_while_a_statement_runs_is_one_line_and_130(known: Known) -> None:
    slow = "SELECT count(*) FROM range(100000) a, range(100000) b WHERE hash(a.range + b.range) = 1"
    process = subprocess.Popen(
        [*WORDS, "query", slow], env={**os.environ, **known.variables}, stdout=-1, stderr=-1, text=True
    )
    time.sleep(2.5)
    process.send_signal(signal.SIGINT)
    said, told = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "")
    assert told.splitlines()[-1] == "bcdata: interrupted"
    assert "Traceback" not in told


@pytest.mark.parametrize("is_activated", [True, False])
def test_what_the_demo_says_to_type_next_can_be_typed(
    known: Known, monkeypatch: pytest.MonkeyPatch, is_activated: bool
) -> None:
    """After `make demo` no environment is activated: the shell does not know the word `bcdata`."""
    monkeypatch.chdir(known.folder)
    folder = os.path.dirname(sys.executable)  # noqa: PTH120
    others = [one for one in os.environ["PATH"].split(os.pathsep) if one != folder]
    monkeypatch.setenv("PATH", os.pathsep.join([folder, *others] if is_activated else others))
    own = {**os.environ, **known.variables, "PATH": os.environ["PATH"]}
    for line in next_commands(known.folder / "lake")[:2]:
        assert (" bcdata " in line) is is_activated
        shell = ["sh", "-c", line]
        done = subprocess.run(shell, env=own, input=".quit", capture_output=True, text=True, check=False)
        assert done.returncode == 0, (line, done.stderr)
    assert (known.folder / "gaps.html").is_file()
