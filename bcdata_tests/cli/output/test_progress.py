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
def on_a_terminal(command: Command) -> Iterator[tuple[subprocess.Popen[bytes], Iterator[str]]]:
    """The command at a terminal of its own, and what appears there, piece by piece."""
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "bcdata", *WORDS]
    with subprocess.Popen(
        words, env=command.variables, cwd=command.folder, stdin=theirs, stdout=theirs, stderr=theirs
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


def test_bars_move_while_the_run_is_at_work(command: Command) -> None:
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


@pytest.mark.slow
def test_a_pipe_gets_no_bars(command: Command) -> None:
    done = command.run(materialize(D, "BTCUSDT", DAYS[0], DAYS[0]))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
