"""The command line: it parses and shows, and does nothing itself. Exit status: 0 done, 1 something failed, 2 usage."""

import io
import os
import sys

import typer

from bcdata.cli import alert, data, export, features, gaps, inspect, materialize, verify, watch
from bcdata.errors import BcdataError, UsageError

app = typer.Typer(
    name="bcdata",
    help="Market data one can trust: raw → parsed → merged → features, every gap explained.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
materialize.register(app)
inspect.register(app)
features.register(app)
gaps.register(app)
data.register(app)
export.register(app)
watch.register(app)
verify.register(app)
alert.register(app)


def main() -> None:
    """Runs the command and turns errors that are meant to be read into one line and an exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal or log that is not UTF-8 gets escapes, not a traceback
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except BcdataError as error:
        sys.stderr.write(f"bcdata: {error}\n")
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except KeyboardInterrupt:
        sys.stderr.write("bcdata: interrupted\n")
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
