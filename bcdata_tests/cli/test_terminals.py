"""What every command leaves on a real terminal, at any width: no name and no number is cut, broken or lost.

One process answers all commands, one after the other, at a terminal whose size is changed between them.
"""

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pytest

from bcdata.dagster.launch import open_instance
from bcdata_tests.cli.conftest import D, Known
from bcdata_tests.cli.examples import PATHS
from bcdata_tests.command import materialize
from bcdata_tests.dagster.test_history import add
from bcdata_tests.pseudo_terminal import left_on, resize

WIDTHS = (60, 80, 120, 200)
WHOLE = 2_000
"""Columns at which everything fits."""
GUIDES = Path(__file__).parents[2] / "docs/examples"
JANUARY = materialize(D, "BTCUSDT", "2023-01", "2023-01")
SPAN = ["--dataset", D, "--symbols", "BTCUSDT", "--from", "2023-01"]
DRIVER = """
import json, os, sys
from bcdata.cli import main

assert all(os.isatty(one) for one in range(3))
for line in os.fdopen(int(sys.argv[1])):
    sys.argv = ["bcdata", *json.loads(line)]
    try:
        main()
    except SystemExit as ended:
        print(f"\\x02{ended.code or 0}\\x03", flush=True)
"""
END = re.compile("\x02(\\d+)\x03")


@dataclass(frozen=True, slots=True)
class Case:
    """A command and how it ends; what is typed, or Ctrl-C, once this text has appeared."""

    words: list[str]
    status: int = 0
    then: tuple[tuple[str, str], ...] = ()
    ends_by_ctrl_c: str = ""
    varies: bool = False
    """Whether its figures tell of time: then words alone are compared."""


CASES = {
    "status": Case(["status"]),
    "gaps": Case(["gaps"]),
    "gaps summary": Case(["gaps", "--summary"]),
    "sources": Case(["sources", D]),
    "datasets": Case(["datasets"]),
    "symbols": Case(["symbols", D]),
    "bars": Case(["query", f"FROM {D} ORDER BY symbol, open_time LIMIT 5"]),
    "one bar": Case(["query", f"FROM {D} ORDER BY symbol, open_time LIMIT 1"]),
    "features of bars": Case(["query", f"FROM features.{D} ORDER BY symbol, open_time LIMIT 3"]),
    "sql": Case(["sql"], then=(("bcdata>", f"FROM {D} LIMIT 3;\r"), ("rows in", ".quit\r")), varies=True),
    "stats": Case(["stats", D]),
    "export": Case(["export", *SPAN, "--out", "out-{number}"], varies=True),
    "report": Case(["report", "--out", "report"]),
    "import": Case(["import", "archive", "--dry-run", "--offline"], varies=True),
    "verify": Case(["verify"]),
    "config": Case(["config"]),
    "providers": Case(["providers"], varies=True),
    "doctor": Case(["doctor", "--offline"], varies=True),
    "init": Case(
        ["init", "prices-{number}", "--market", "spot", "--symbols", "BTCUSDT", "--start", "2022"], varies=True
    ),
    "jobs": Case(["jobs"], varies=True),
    "jobs cancel": Case(["jobs", "cancel", "{queued}"], varies=True),
    "jobs retry": Case(["jobs", "retry", "{run}"], status=2),
    "sessions": Case(["sessions", "us_equity", "--from", "2022-11-21", "--to", "2022-11-25", "--interval", "1h"]),
    "classify": Case(["classify", "VOD.L", "ESZ25", "BTC-USD"]),
    "halts": Case(["halts", "--dataset", D]),
    "universe": Case(["universe", "--market", "spot"]),
    "features": Case(["features"]),
    "features check": Case(["features", "check", "my_features.py", "--only", "mean_range_30"]),
    "features report": Case(["features", "report", *SPAN, "--to", "2023-01", "--html", "f.html"]),
    "dry run": Case([*JANUARY, "--dry-run"], varies=True),
    "materialize": Case(JANUARY),
    "alert test": Case(["alert", "test"], status=1),
    "simulate": Case(["simulate", "--venue", "kraken"], ends_by_ctrl_c="export BCDATA_", varies=True),
}
ELSEWHERE = {("alert",), ("demo",), ("ui",)}
"""A group without output of its own; commands that are here, one after the other; `bcdata_tests.cli.setup.test_ui`."""


def test_every_command_is_here() -> None:
    asked = {tuple(case.words) for case in CASES.values()}
    read = {path for path in PATHS if any(words[: len(path)] == path for words in asked)}
    assert {*PATHS} - read == ELSEWHERE - read


@dataclass(slots=True)
class Screen:
    """A process that answers commands at a terminal."""

    process: subprocess.Popen[bytes]
    terminal: int
    requests: int
    queued: list[str]
    run: str
    number: int = 0
    whole: dict[str, str] = field(default_factory=dict)

    def shown(self, name: str, columns: int) -> str:
        """What a command leaves on a terminal of this width."""
        case = CASES[name]
        self.number += 1
        queued = self.queued.pop() if "{queued}" in case.words else ""
        words = [word.format(number=self.number, run=self.run, queued=queued) for word in case.words]
        resize(self.terminal, columns)
        os.write(self.requests, f"{json.dumps(words)}\n".encode())
        raw = ""
        for until, keys in case.then:
            raw += self._read(lambda found, until=until: until in found)  # type: ignore[misc]
            os.write(self.terminal, keys.encode())
        if case.ends_by_ctrl_c:
            raw += self._read(lambda found: case.ends_by_ctrl_c in found)
            self.process.send_signal(signal.SIGINT)
        raw += self._read(lambda found: END.search(found) is not None)
        [status] = END.findall(raw)
        assert int(status) == case.status, raw
        return left_on(END.sub("", raw))

    def _read(self, is_there: Callable[[str], bool]) -> str:
        found, end = "", time.monotonic() + 60
        while not is_there(found):
            assert time.monotonic() < end, found
            if select.select([self.terminal], [], [], 1)[0]:
                found += os.read(self.terminal, 1 << 16).decode(errors="replace")
        return found


@pytest.fixture(scope="module")
def screen(known: Known, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    folder = tmp_path_factory.mktemp("terminal")
    for name in ("lake", "dagster"):
        shutil.copytree(known.folder / name, folder / name)
    shutil.copytree(known.folder / "archive", folder / "archive")
    shutil.copy(GUIDES / "my_features.py", folder)
    own = {
        "BCDATA_ROOT": str(folder / "lake"),
        "DAGSTER_HOME": str(folder / "dagster"),
        "BCDATA_ALERT_URLS": "json://127.0.0.1:1/nobody",
        "TERM": "xterm",
        "PROMPT_TOOLKIT_NO_CPR": "1",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", own["DAGSTER_HOME"])
        with open_instance(folder / "lake") as instance:
            queued = [add(instance, dg.DagsterRunStatus.QUEUED) for _ in (*WIDTHS, WHOLE)]
    variables = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    ours, theirs = pty.openpty()
    asked, requests = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(asked)],
        env={**variables, **known.variables, **own}, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs,
        pass_fds=[asked],
    ) as process:  # fmt: skip
        os.close(theirs)
        os.close(asked)
        try:
            screen = Screen(process, ours, requests, queued, known.run)
            for words in (["universe", "--market", "spot", "--update"], ["halts", "--dataset", D]):  # asked for once
                os.write(requests, f"{json.dumps(words)}\n".encode())
                screen._read(lambda found: END.search(found) is not None)
            yield screen
        finally:
            os.close(requests)
            process.kill()
            os.close(ours)


def tokens(text: str, *, with_figures: bool) -> set[str]:
    found = {word.strip("():,") for word in text.replace("─", "").split()}
    return {word for word in found if with_figures or not any(char.isdigit() for char in word)}


def headers(text: str) -> Iterator[str]:
    """The names of the columns of all tables."""
    lines = text.splitlines()
    for above, line in pairwise(lines):
        if line and set(line) <= {"─", " "}:
            yield from re.split(r"\s{2,}", above.strip())


@pytest.mark.one_in(24, slow=4)
@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("name", CASES)
def test_nothing_is_cut_broken_or_lost(screen: Screen, name: str, columns: int) -> None:
    if name not in screen.whole:
        screen.whole[name] = screen.shown(name, WHOLE)
    whole, text = screen.whole[name], screen.shown(name, columns)
    assert "Traceback" not in text
    found, all_words = (tokens(one, with_figures=not CASES[name].varies) for one in (text, whole))
    added = {"...", "more", "column", "columns", "--json", "has", "all", "name", "them", "or"}
    added |= {re.sub(r"\D", "", word) for word in re.findall(r"\.\.\. \d+ more", text)}
    # Paths of a folder of tests may be wider than the terminal.
    paths = [word for word in tokens(whole, with_figures=True) if "/" in word]
    assert {word for word in found - all_words if not any(word in path for path in paths)} <= added
    shown = tokens(text, with_figures=True)
    lost = [one for one in headers(whole) if not tokens(one, with_figures=True) <= shown]
    assert not lost or re.search(r"more columns \(.*, \.\.\.\)", text, re.DOTALL), f"{lost}: not named, and not counted"


def test_at_20_columns_each_row_is_a_record(screen: Screen) -> None:
    lines = [line.split() for line in screen.shown("bars", 20).splitlines()]
    assert lines.count(["symbol", "BTCUSDT"]) == 5
    assert ["open_time", "2023-01-01", "00:04"] in lines


@pytest.mark.parametrize(
    ("raw", "left"),
    [
        ("one\r\ntwo\r\n", "one\ntwo\n"),
        ("\x1b[?25l\x1b[1mbar 1\x1b[0m\r\x1b[2Kbar 2\r\x1b[2K\x1b[1A\x1b[2Kdone", "done\n"),
        ("a\r\nbar\r\x1b[1A\x1b[2Kdone", "done\nbar"),
        ("bcdata> SELEC\x1b[2DX\x1b[K", "bcdata> SELX"),
        ("abc\r\x1b[1CX\x1b[J", "aX"),
    ],
)
def test_what_is_left_on_a_terminal(raw: str, left: str) -> None:
    assert left_on(raw).strip() == left.strip()
