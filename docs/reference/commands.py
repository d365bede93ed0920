"""Fills docs/reference/commands.md with all commands, as mkdocs builds the site: what stands there is what is typed."""

# ruff: noqa: INP001 (a script beside its page)

from collections.abc import Iterator
from inspect import cleandoc
from typing import Any

import typer.main
from typer.core import TyperGroup

from bcdata.cli import app

MARK = "<!-- commands -->"
_EXAMPLE = "Example: "


def on_page_markdown(markdown: str, **_: Any) -> str:
    """What mkdocs calls with the text of each page."""
    return markdown.replace(MARK, "\n".join(reference())) if MARK in markdown else markdown


def reference() -> Iterator[str]:
    """The lines of the page, command by command in the order of `bcdata --help`."""
    for command, context in commands():
        level = "#" * (len(context.command_path.split()))
        text, _, example = cleandoc(command.help or "").partition(_EXAMPLE)
        usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
        yield from (f"{level} {context.command_path}", "", text.rstrip(), "")
        yield from ("```text", usage, "```", "")
        yield from _parameters(command, context)
        if example:
            yield from ("```sh", " ".join(example.split()), "```", "")


def commands() -> Iterator[tuple[Any, Any]]:
    """All commands with their contexts, groups before their own; typer publishes no type of them."""
    root = typer.main.get_command(app)
    yield from _below(root, typer.Context(root, info_name="bcdata"))


def _below(group: Any, context: Any) -> Iterator[tuple[Any, Any]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command.hidden:
            continue
        own = typer.Context(command, info_name=name, parent=context)
        yield command, own
        if isinstance(command, TyperGroup):
            yield from _below(command, own)


def _parameters(command: Any, context: Any) -> Iterator[str]:
    """A table of what it takes, without what all commands take."""
    records = [one.get_help_record(context) for one in command.params if one.name not in {"verbose", "quiet"}]
    if rows := [record for record in records if record]:
        yield from ("| takes | meaning |", "|---|---|")
        yield from (f"| `{name.strip()}` | {' '.join(text.split())} |" for name, text in rows)
        yield ""
