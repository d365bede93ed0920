"""The command line: it parses and shows, and does nothing itself. Exit status: 0 done, 1 something failed, 2 usage."""

import io
import os
import sys
from typing import NoReturn

import typer
from typer.exceptions import TyperException

from bcdata.cli import alert, data, export, features, gaps, inspect, materialize, verify, watch
from bcdata.cli.show import print_json
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
    """Runs the command and turns errors that are meant to be read into one line and an exit status.

    Who asks for JSON gets the error as JSON, too: `{"error": ..., "status": ...}`.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal or log that is not UTF-8 gets escapes, not a traceback
            stream.reconfigure(errors="backslashreplace")
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except TyperException as error:
        error.show()  # type: ignore[attr-defined]  # all that commands raise have it, with the usage
        _end(error.format_message(), error.exit_code)
    except typer.Abort:
        sys.stderr.write("bcdata: aborted\n")
        sys.exit(1)
    except BcdataError as error:
        sys.stderr.write(f"bcdata: {error}\n")
        _end(str(error), 2 if isinstance(error, UsageError) else 1)
    except KeyboardInterrupt:
        sys.stderr.write("bcdata: interrupted\n")
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _end(message: str, status: int) -> NoReturn:
    if "--json" in sys.argv:
        print_json({"error": message, "status": status})
    sys.exit(status)
