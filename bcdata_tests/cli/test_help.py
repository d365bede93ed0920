"""Every command's help is whole at 80 columns, with an example that runs."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from bcdata.cli import app
from bcdata_tests.cli.conftest import Known

COMMANDS = typer.main.get_command(app)
LONG = {
    ("materialize",): "half a year",
    ("demo",): "a minute",
    ("simulate",): "serves until it is ended",
    ("ui",): "serves until it is ended",
    ("verify",): "hashes the lake",
    ("alert",): "tells people",
    ("alert", "test"): "tells people",
    ("features", "check"): "needs a module",
    ("features", "report"): "draws",
    ("jobs", "cancel"): "needs a run",
    ("jobs", "retry"): "needs a run",
    ("universe",): "its day has not come in the known lake",
}
"""Examples that are parsed here and not run; what they do is tested where they are."""


def every(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if path:
        yield path
    for name, one in getattr(command, "commands", {}).items():
        yield from every(one, (*path, name))


def command_of(path: tuple[str, ...]) -> Any:
    found: Any = COMMANDS
    for name in path:
        found = found.commands[name]
    return found


def example_of(path: tuple[str, ...]) -> list[str]:
    """The words of the example; of a pipe the last command."""
    match = re.search(r"Example: (.+?)\s*\Z", command_of(path).help, re.DOTALL)
    assert match, f"bcdata {' '.join(path)} has no example"
    words = shlex.split(match[1])
    return words[len(words) - words[::-1].index("bcdata") :]


PATHS = list(every(COMMANDS))


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_is_whole_at_80_columns(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"}).stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert not [line for line in shown.splitlines()[1:] if re.search(r"\w\.\.\.$", line)], "nothing is cut"
    words = " ".join(shown.split())
    for one in command_of(path).params:
        for option in (*one.opts, *one.secondary_opts):
            assert not option.startswith("-") or option in words


def test_the_list_of_commands_is_whole_and_in_the_order_of_first_use() -> None:
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"}).stdout
    assert "..." not in shown.split("Commands:")[1]
    names = re.findall(r"^  (\w+)  ", shown.split("Commands:")[1], re.MULTILINE)
    assert names[:8] == ["init", "doctor", "demo", "materialize", "status", "gaps", "query", "sql"]
    assert set(names) == {path[0] for path in PATHS}


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_the_example_runs(path: tuple[str, ...], known: Known, monkeypatch: pytest.MonkeyPatch) -> None:
    words = example_of(path)
    assert tuple(words[: len(path)]) == path
    if path in LONG:
        command_of(path).make_context(path[-1], words[len(path) :], resilient_parsing=path == ("alert",))
        return
    folder = known.folder / "examples" / "-".join(path)
    folder.mkdir(parents=True)
    (folder / "archive").symlink_to(known.folder / "archive")
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(app, words, env=known.variables, input="SELECT 1;")
    assert done.exit_code == 0, (done.output, done.exception)
    assert done.output.strip()
