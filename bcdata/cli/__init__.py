"""The command line: it parses and shows, and does nothing itself. Exit status: 0 done, 1 something failed, 2 usage."""

import io
import os
import sys
import warnings
from contextlib import suppress
from typing import Annotated, NoReturn, TextIO

import typer
from typer.exceptions import TyperException

from bcdata.cli import (
    alert,
    data,
    features,
    gaps,
    inspect,
    jobs,
    lists,
    materialize,
    sources,
    stats,
    verify,
    watch,
)
from bcdata.cli.complete import join_option_and_value
from bcdata.cli.files import export, imports, report
from bcdata.cli.markets import classify, sessions
from bcdata.cli.output.show import print_json
from bcdata.cli.output.verbosity import give_all
from bcdata.cli.setup import doctor, init, ui
from bcdata.cli.shell import command as shell
from bcdata.errors import BcdataError, MissingDataWarning, UsageError
from bcdata.providers.registry import UNAVAILABLE
from bcdata.terminal.console import notes, out

app = typer.Typer(
    name="bcdata",
    help="Market data one can trust: raw → parsed → merged → features, every gap explained.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        out.print(f"bcdata {version('bcdata')}", highlight=False)
        raise typer.Exit


@app.callback()
def _all(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and end.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """Options of the program itself."""


_GROUPS = (
    init, doctor, data, materialize, lists, inspect, gaps, sources, shell, stats, export, report,
    imports, features, watch, verify, jobs, ui, alert, sessions, classify,
)  # fmt: skip
for group in _GROUPS:
    group.register(app)
give_all(app)


def main() -> None:
    """Runs the command and turns errors that are meant to be read into one line and an exit status.

    Who asks for JSON gets the error as JSON, too: `{"error": ..., "status": ...}`.
    """
    _hold_streams()
    join_option_and_value()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal or log that is not UTF-8 gets escapes, not a traceback
            stream.reconfigure(errors="backslashreplace")
    try:
        _run()
    except OSError as error:
        if not _is_of_output():
            raise
        if not isinstance(error, BrokenPipeError):
            _say(f"the output cannot be written: {error.strerror or error}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning that is meant to be read is one line; others say where they come from."""
    if issubclass(category, MissingDataWarning):
        if not notes.quiet:
            _say(f"warning: {message}")
    else:
        print(warnings.formatwarning(message, category, filename, lineno, line), end="", file=file or sys.stderr)


def _run() -> NoReturn:
    warnings.showwarning = _show_warning
    for one in UNAVAILABLE:
        if not {"-q", "--quiet"} & {*sys.argv}:
            _say(f"warning: {one}")
    try:
        status = app(standalone_mode=False) or 0
        sys.stdout.flush()
        sys.exit(status)
    except TyperException as error:
        error.show()  # type: ignore[attr-defined]  # all that commands raise have it, with the usage
        _end(error.format_message(), error.exit_code)
    except typer.Abort:
        _say("aborted")
        sys.exit(1)
    except BcdataError as error:
        _say(str(error))
        _end(str(error), 2 if isinstance(error, UsageError) else 1)
    except KeyboardInterrupt:
        _say("interrupted")
        sys.exit(130)


def _hold_streams() -> None:
    """Opens what the caller has closed, lest a file of the lake becomes standard output.

    Writing to an output that was closed is an error; what would be said to a closed standard error is lost.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(
                os.devnull, os.O_WRONLY if number == _STDERR else os.O_RDONLY
            )  # takes the lowest number that is free
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 (until the process ends)
    if sys.stderr is None:
        sys.stderr = open(_STDERR, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 (until the process ends)


_STDERR = 2


def _is_of_output() -> bool:
    """Whether an error of the system came of standard output: the end of a line cannot be written either."""
    try:
        sys.stdout.flush()
        os.write(sys.stdout.fileno(), b"\n")
    except OSError:
        return True
    return False


def _say(words: str) -> None:
    with suppress(OSError):  # nobody listens
        sys.stderr.write(f"bcdata: {words}\n")
        sys.stderr.flush()


def _end(message: str, status: int) -> NoReturn:
    if "--json" in sys.argv:
        print_json({"error": message, "status": status})
        sys.stdout.flush()
    sys.exit(status)
