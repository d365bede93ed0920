"""The examples that commands have in their help, and which tests run them."""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from bcdata.cli import app

COMMANDS = typer.main.get_command(app)
RUN_BY_THEMSELVES: list[list[str]] = []
"""Words of examples that tests of their own run."""


def every(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of all commands."""
    if path:
        yield path
    for name, one in getattr(command, "commands", {}).items():
        yield from every(one, (*path, name))


PATHS = list(every(COMMANDS))


def command_of(path: tuple[str, ...]) -> Any:
    """The command at a path."""
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


def example(*path: str) -> pytest.MarkDecorator:
    """Gives a test the words of an example that it runs."""
    RUN_BY_THEMSELVES.append(words := example_of(path))
    return pytest.mark.parametrize("words", [pytest.param(words, id=" ".join(path))])
