"""`bcdata sql`: at a terminal a prompt with history and completion, elsewhere what standard input has."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bcdata.cli.shell.statements import is_complete
from bcdata.terminal.console import err, out

if TYPE_CHECKING:
    from bcdata.cli.shell.session import Session

_HISTORY = "sql_history"


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("sql")(sql)


def sql(
    limit: Annotated[int, typer.Option(min=0, help="Rows shown of an answer.")] = 40,
    as_json: Annotated[bool, typer.Option("--json", help="All rows, a line of JSON each.")] = False,
) -> None:
    """Open a shell that reads the lake in SQL.

    It has the views of `bcdata query`, history and completion. Statements end with a semicolon; .help says more.
    Without a terminal statements are read from standard input, and the status is 1 if one of them failed.

    Example: echo "SELECT 1;" | bcdata sql --json
    """
    from bcdata.catalog import load_catalog
    from bcdata.cli.shell.session import Session
    from bcdata.settings import Settings
    from bcdata.sql.connection import connect
    from bcdata.sql.views import views
    from bcdata.store.store import Store

    settings, catalog = Settings(), load_catalog()
    store, is_typed = Store(settings.root), sys.stdin.isatty() and sys.stdout.isatty()
    with connect(store, catalog) as reader:
        session = Session(reader, store, list(views(catalog)), limit=limit, as_json=as_json, is_typed=is_typed)
        if is_typed:
            out.print(f"The lake {settings.root}, read-only. .help says what there is.", highlight=False)
            _converse(session, settings.state)
            return
        session.read(sys.stdin)
    if session.failures:
        raise typer.Exit(1)


def _converse(session: "Session", state: Path) -> None:
    from prompt_toolkit import PromptSession

    from bcdata.cli.shell.words import Words
    from bcdata.sql.describe import keywords

    prompt: PromptSession[str] = PromptSession(
        history=_history(state),
        completer=Words(session.views, keywords()),
        complete_while_typing=False,
        multiline=True,
        prompt_continuation="   ...> ",
        key_bindings=_enter(),
    )
    while True:
        try:
            if not session.run(prompt.prompt("bcdata> ")):
                return
        except KeyboardInterrupt:  # what is typed is cleared; one that comes between the two ends nothing
            continue
        except EOFError:
            return


def _enter() -> Any:
    """Enter runs what is complete, and begins a new line otherwise."""
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    keys = KeyBindings()

    @keys.add("enter")
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_complete(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n")

    return keys


def _history(state: Path) -> Any:
    """A file that the user alone may read; memory where it cannot be written."""
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    path = state / _HISTORY
    try:
        state.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
    except OSError as error:
        err.print(f"warning: no history is kept: {path}: {error.strerror}", highlight=False, markup=False)
        return InMemoryHistory()
    return FileHistory(str(path))
