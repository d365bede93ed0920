"""On a terminal a run shows that it moves, and a Ctrl-C leaves one line; elsewhere it is silent."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import bcdata
from bcdata.errors import UsageError
from bcdata_tests.command import Command, materialize
from bcdata_tests.mirror import made_day
from bcdata_tests.world import BARS_BY_DAY, D, World

DAYS = [f"2025-01-{at:02}" for at in range(1, 6)]
WORDS = materialize(D, "BTCUSDT,ETHUSDT", DAYS[0], DAYS[-1])
CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def counts_in(shown: str) -> list[tuple[int, int]]:
    """How far the whole run was, each time that it was drawn."""
    return [(int(done), int(of)) for done, of in re.findall(r"total\D*(\d+)/(\d+)", CODES.sub("", shown))]


@pytest.fixture
def command(world: World) -> Command:
    for day in DAYS:
        for symbol in ("BTCUSDT", "ETHUSDT"):
            world.mirror.put_day(symbol, day, made_day(day))
            world.truth.put_day(symbol, day, made_day(day))
    return Command.of(world, BARS_BY_DAY, "terminal", COLUMNS="80", TERM="xterm")


@contextmanager
def on_a_terminal(command: Command, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], Iterator[str]]]:
    """Python at a terminal of its own, by default with the command, and what appears there, piece by piece."""
    ours, theirs = pty.openpty()
    python = [sys.executable, *(words or ("-m", "bcdata", *WORDS))]
    with subprocess.Popen(
        python, env=command.variables, cwd=command.folder, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        yield process, _pieces(ours)
    os.close(ours)


def _pieces(ours: int) -> Iterator[str]:
    while True:
        try:
            piece = os.read(ours, 1 << 16)
        except OSError:  # the other end is closed
            return
        if not piece:
            return
        yield piece.decode(errors="replace")


def test_bars_move_while_the_run_is_at_work(world: World, command: Command) -> None:
    world.add(rf"ETHUSDT-1m-{DAYS[-1]}\.zip$", "latency", seconds=0.5)  # raw is at work for longer than a frame
    with on_a_terminal(command) as (process, pieces):
        shown = "".join(pieces)
        assert process.wait(60) == 0, shown
    counts = counts_in(shown)
    (of,) = {of for _, of in counts}
    between = {done for done, _ in counts if 0 < done < of}
    assert len(between) >= 4, counts
    assert [done for done, _ in counts] == sorted(done for done, _ in counts)
    assert "objects" in shown
    assert re.search(r"MB/s|kB/s", shown)


def test_control_c_leaves_one_line_and_no_traceback(command: Command) -> None:
    shown, is_told = "", False
    with on_a_terminal(command) as (process, pieces):
        for piece in pieces:
            shown += piece
            if not is_told and any(done for done, _ in counts_in(shown)):
                process.send_signal(signal.SIGINT)
                is_told = True
        assert process.wait(60) == 130, shown
    assert is_told
    assert "Traceback" not in shown
    assert shown.count("interrupted: ") == 1
    assert re.search(r"interrupted: \d+ of \d+ partitions are done", shown)


FETCH = f"""
import sys, bcdata
bcdata.fetch("{D}", ["BTCUSDT", "ETHUSDT"], "{DAYS[0]}", "{DAYS[2]}", refill=False)
sys.stderr.write("AND NOW IN SILENCE")
bcdata.fetch("{D}", ["BTCUSDT"], "{DAYS[2]}", "{DAYS[3]}", refill=False, progress=False)
"""


@pytest.mark.slow
def test_fetch_moves_as_the_command_does_unless_it_is_to_be_silent(command: Command) -> None:
    with on_a_terminal(command, "-c", FETCH) as (process, pieces):
        shown, silent = "".join(pieces).split("AND NOW IN SILENCE")
        assert process.wait(60) == 0, shown
    counts = counts_in(shown)
    assert {of for _, of in counts} == {2 * 2 * 3}
    assert len({done for done, _ in counts}) >= 3, counts
    assert silent == ""


def test_fetch_without_a_terminal_tells_of_tenths_where_it_is_asked_to(
    command: Command, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in command.variables.items():
        monkeypatch.setenv(name, value)
    bcdata.fetch(D, "BTCUSDT", DAYS[0], DAYS[1], refill=False)
    assert capfd.readouterr().err == ""
    bcdata.fetch(D, ["BTCUSDT", "ETHUSDT"], DAYS[0], DAYS[4], refill=False, progress=True)
    lines = capfd.readouterr().err.splitlines()
    assert lines[-1] == "24 of 24 partitions are done"
    assert len(lines) == 10
    with pytest.raises(UsageError, match="`progress` takes True or False"):
        bcdata.fetch(D, "BTCUSDT", progress="yes")  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_pipe_gets_no_bars(command: Command) -> None:
    done = command.run(materialize(D, "BTCUSDT", DAYS[0], DAYS[0]))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
