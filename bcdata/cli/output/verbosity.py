"""`-v` and `-q`, which every command has: how much is said beside the result."""

import logging
import os
from functools import cache
from inspect import cleandoc
from typing import Annotated, Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from bcdata.cli.output.help import write_help
from bcdata.terminal.console import err, notes

_INTERRUPTED = 130
_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


class _Handler(logging.Handler):
    """Writes records to standard error, above a progress bar where there is one; secrets are masked."""

    def emit(self, record: logging.LogRecord) -> None:
        err.print(masked(self.format(record)), highlight=False, markup=False)


def masked(text: str) -> str:
    """The text without users and passwords of addresses, and without the keys that the environment holds."""
    from bcdata.providers.registry import SOURCES
    from bcdata.settings import MASK, without_user

    names = {key.variable for source in SOURCES.values() for key in source.capabilities.keys} | {"BCDATA_ALERT_URLS"}
    for secret in filter(None, map(os.environ.get, names)):
        text = text.replace(secret, MASK)
    return without_user(text)


def _quiet(is_asked: bool) -> None:
    if is_asked:
        notes.quiet = True


def _verbose(times: int) -> None:
    if not times:
        return
    logger = logging.getLogger("bcdata")
    handler = next((one for one in logger.handlers if isinstance(one, _Handler)), None) or _Handler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S"))
    logger.addHandler(handler)
    logger.setLevel(_LEVELS[min(times, len(_LEVELS) - 1)])
    logger.propagate = False


_Verbose = Annotated[
    int,
    typer.Option(
        "-v",
        "--verbose",
        count=True,
        show_default=False,
        expose_value=False,
        callback=_verbose,
        help="Log to standard error; -vv in detail.",
    ),
]
_Quiet = Annotated[
    bool,
    typer.Option(
        "-q", "--quiet", expose_value=False, callback=_quiet, help="Only the result and errors: no progress, no notes."
    ),
]


def _bare(verbose: _Verbose = 0, quiet: _Quiet = False) -> None:
    """Has the two options alone: typer makes them as it makes those of all commands."""


@cache
def _options() -> list[Any]:
    app = typer.Typer(add_completion=False)
    app.command()(_bare)
    return [one for one in typer.main.get_command(app).params if one.name in {"verbose", "quiet"}]


class Command(TyperCommand):
    """A command with `-v` and `-q`."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.params = [*self.params, *_options()]

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Writes what it does, and its example."""
        del ctx
        write_help(cleandoc(self.help or ""), formatter)


class Group(TyperGroup):
    """A group with `-v` and `-q`; commands stand in the order of first use."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.params = [*self.params, *_options()]

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Writes what it does, and its example."""
        del ctx
        write_help(cleandoc(self.help or ""), formatter)

    def invoke(self, ctx: Any) -> Any:
        """Runs the command. A Ctrl-C that it does not tell of itself is told of in one line."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            err.print("bcdata: interrupted", highlight=False)
            raise typer.Exit(_INTERRUPTED) from None

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of its commands."""
        names = super().list_commands(ctx)
        return sorted(names, key=lambda name: _FIRST_USE.index(name) if name in _FIRST_USE else len(_FIRST_USE))


_FIRST_USE = """
    init doctor demo materialize status gaps sources query sql datasets symbols stats export features universe halts
    verify jobs ui providers config alert simulate
""".split()  # noqa: SIM905 (as it is read)


def give_all(app: typer.Typer) -> None:
    """Gives every command below, and every group, the two options."""
    app.info.cls = Group
    for command in app.registered_commands:
        command.cls = Command
    for group in app.registered_groups:
        group.cls = Group
        if group.typer_instance is not None:
            if group.typer_instance.registered_callback is not None:
                group.typer_instance.registered_callback.cls = Group
            give_all(group.typer_instance)
    if app.registered_callback is not None:
        app.registered_callback.cls = Group
