"""`bcdata sql`: piped, and typed at a terminal with completion, Ctrl-C and Ctrl-D."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from bcdata.catalog import load_catalog
from bcdata.catalog.load import PACKAGED
from bcdata.cli.shell.words import Words, named
from bcdata.sql.describe import columns_of, keywords
from bcdata.sql.views import views
from bcdata_tests.pseudo_terminal import typing
from bcdata_tests.world import BARS_BY_DAY, D

ALL = list(views(load_catalog(PACKAGED)))
SLOW = "SELECT count(*) FROM range(100000) a, range(100000) b WHERE hash(a.range + b.range) = 1;"


def completed(text: str) -> list[str]:
    return [one.text for one in Words(ALL, keywords()).get_completions(Document(text), CompleteEvent())]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("SELEC", ["SELECT"]),
        ("sele", ["select"]),
        ("SELECT clo", ["close"]),
        (f"FROM features.{D[:9]}", [f"features.{D}"]),
        (f"FROM features.{D} WHERE rsi_1", ["rsi_14"]),
        (f"FROM gaps.{D} WHERE evi", ["evidence"]),
        (".sch", [".schema"]),
        (".schema gaps.cm_f", ["gaps.cm_funding"]),
        ("SELECT ", []),
    ],
)
def test_words_are_completed(text: str, first: list[str]) -> None:
    assert completed(text)[:1] == first


def test_a_view_is_found_by_either_name() -> None:
    assert named(ALL, D) is named(ALL, f'MERGED."{D}";')
    assert named(ALL, "nope") is None
    view = named(ALL, f"gaps.{D}")
    assert view is not None
    assert columns_of(view)[:2] == [("start", "TIMESTAMP WITH TIME ZONE"), ("end", "TIMESTAMP WITH TIME ZONE")]
    assert {name for name, _ in columns_of(view)} == {*view.schema.names(), "symbol", "date"}


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An empty lake."""
    folder = tmp_path_factory.mktemp("sql")
    (folder / "catalog.yaml").write_text(BARS_BY_DAY)
    (folder / "lake").mkdir()
    places = {"ROOT": folder / "lake", "CATALOG": folder / "catalog.yaml", "STATE": folder / "state"}
    return {
        **os.environ,
        **{f"BCDATA_{name}": str(path) for name, path in places.items()},
        "TERM": "xterm",
        "PROMPT_TOOLKIT_NO_CPR": "1",
    }


WORDS = [sys.executable, "-m", "bcdata", "sql"]


@pytest.mark.slow
def test_a_pipe_is_read_statement_by_statement_and_an_error_ends_none_but_its_own(variables: dict[str, str]) -> None:
    first = "-- a comment;\nSELECT 1 AS a,\n'x;' AS b; FROM nope;"
    text = f"{first}\n.schema gaps.{D}\nSELECT count(*) AS bars FROM {D}; -- done"
    done = subprocess.run(WORDS, input=text, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "a  b" in done.stdout
    assert "evidence" in done.stdout
    assert "bars" in done.stdout
    assert done.stderr.count("bcdata: ") == 1
    assert f"there is no view nope; known: {D}, " in done.stderr
    lines = subprocess.run(
        [*WORDS, "--json"],
        input="SELECT 1 AS a UNION ALL SELECT 2; SELECT 'ö' AS b;",
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert lines.returncode == 0, lines.stderr
    assert [json.loads(line) for line in lines.stdout.splitlines()] == [{"a": 1}, {"a": 2}, {"b": "ö"}]


def test_typed_at_a_terminal(variables: dict[str, str]) -> None:
    with typing(WORDS, variables) as (process, terminal):
        terminal.wait("bcdata>")
        terminal.type("SELECT 40 +\r", "...>")
        terminal.type("2 AS answer;\r", "1 row in")
        assert "    42" in terminal.shown
        terminal.type("garbage \x03", "bcdata>")
        time.sleep(0.5)  # the history is read beside the prompt
        terminal.type("\x1b[A", "AS answer;")
        terminal.type("\r", "1 row in")
        terminal.type(f"{SLOW}\r", "= 1;")
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)  # the terminal would: it is not that of the process
        terminal.type("", "interrupted")
        terminal.type(".nope\r", "there is no command .nope")
        for _ in range(20):  # between two prompts the terminal takes the key for itself
            terminal.type("\x04", "")
            with suppress(subprocess.TimeoutExpired):
                process.wait(1)
                break
        assert process.poll() == 0, terminal.shown
    assert "Traceback" not in terminal.shown
    history = Path(variables["BCDATA_STATE"]) / "sql_history"
    assert stat.S_IMODE(history.stat().st_mode) == 0o600
    assert "+2 AS answer;" in history.read_text()


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("more", "statement", "seen"),
    [
        (["--json"], SLOW, "= 1;"),
        (["--json"], "SELECT repeat('x', 99) AS a FROM range(3000000);", '{"a": "xxx'),
        (["--limit", "60000"], "SELECT range AS a FROM range(60000);", "60000);"),
    ],
    ids=["at work, as JSON", "printing lines", "printing a table"],
)
def test_ctrl_c_ends_what_is_at_work_and_not_the_shell(
    variables: dict[str, str], more: list[str], statement: str, seen: str
) -> None:
    with typing([*WORDS, *more], variables) as (process, terminal):
        terminal.wait("bcdata>")
        for _ in range(5):  # on a busy machine the key may come before the statement has begun
            terminal.type(f"{statement}\r", seen)
            time.sleep(1.0)
            process.send_signal(signal.SIGINT)
            terminal.type("", "bcdata>")
            if "bcdata: interrupted" in terminal.shown:
                break
        assert "bcdata: interrupted" in terminal.shown
        terminal.type("SELECT 6 * 7 AS answer;\r", "42")
    assert "Traceback" not in terminal.shown
