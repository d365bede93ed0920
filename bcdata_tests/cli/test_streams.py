"""Commands in pipes, without letters beyond ASCII, and at a Ctrl-C."""

import os
import signal
import subprocess
import sys
import time

import pytest

from bcdata.cli.demo import next_commands
from bcdata_tests.cli.conftest import D, Known

WORDS = [sys.executable, "-m", "bcdata"]


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


@pytest.mark.slow
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
