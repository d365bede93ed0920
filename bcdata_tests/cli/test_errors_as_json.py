"""Who asks for JSON gets it, errors of the request too: on standard output, beside the line for people."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from bcdata.cli import app, main


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The commands that have `--json`."""
    if any("--json" in one.opts for one in command.params):
        yield path
    for name, one in getattr(command, "commands", {}).items():
        yield from commands(one, (*path, name))


WITH_JSON = list(commands(typer.main.get_command(app)))


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["bcdata", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_there_are_such_commands() -> None:
    assert {("materialize",), ("status",), ("gaps",), ("verify",), ("features", "check")} <= set(WITH_JSON)


@pytest.mark.parametrize("path", WITH_JSON, ids="-".join)
def test_an_option_that_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], path: tuple[str, ...]
) -> None:
    status = run(monkeypatch, *path, "--json", "--no-such-option")
    said = capsys.readouterr()
    assert json.loads(said.out) == {"error": "No such option: --no-such-option", "status": status}
    assert status == 2
    assert "No such option: --no-such-option" in said.err


def test_a_dataset_that_is_none(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "gaps", "--dataset", "nope", "--json") == 2
    said = capsys.readouterr()
    assert said.err == f"bcdata: {json.loads(said.out)['error']}\n"
    assert "nope" in said.err


def test_without_it_there_is_nothing_but_the_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "gaps", "--dataset", "nope") == 2
    assert capsys.readouterr().out == ""


def test_a_command_that_is_done_ends_with_status_0(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "features", "--json") == 0
    assert json.loads(capsys.readouterr().out)
