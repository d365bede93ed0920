"""The shell's work, whoever types: statements are answered, its own commands done, errors told."""

import time
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from bcdata.cli.output.rows import print_lines, print_rows
from bcdata.cli.output.tables import print_table
from bcdata.cli.shell.statements import is_nothing, split
from bcdata.cli.shell.words import COMMANDS, named, shown_name
from bcdata.errors import BcdataError, UsageError
from bcdata.terminal.console import err, out

if TYPE_CHECKING:
    from bcdata.sql.connection import Reader
    from bcdata.sql.views import AssetView
    from bcdata.store.store import Store

HELP = """\
Statements end with a semicolon, and may go over several lines. Tab completes.
.tables        the views that the lake has files of; .tables all has the others too
.schema NAME   the columns of a view, e.g. .schema features.spot_klines_1m
.quit          leave; so does Ctrl-D
Ctrl-C clears what is typed, or ends the statement that is running."""


class Session:
    """Answers what is typed, and counts what failed."""

    def __init__(
        self, reader: "Reader", store: "Store", views: "list[AssetView]", *, limit: int, as_json: bool, is_typed: bool
    ) -> None:
        self._reader, self._store, self.views = reader, store, views
        self._limit, self._as_json, self._is_typed = limit, as_json, is_typed
        self.failures = 0

    def run(self, text: str) -> bool:
        """Does all that a text has, a last statement without its semicolon too; whether the shell goes on.

        Ctrl-C ends what is at work, its printing too, and nothing else where somebody types.
        """
        try:
            if text.lstrip().startswith("."):
                return self._command(text.strip())
            statements, rest = split(text)
            for one in (*statements, rest.strip()):
                self._answer(one)
        except KeyboardInterrupt:
            if not self._is_typed:
                raise
            self._fail("interrupted")
        return True

    def read(self, lines: Iterable[str]) -> None:
        """Does what comes line by line, each statement as soon as it is ended."""
        held = ""
        for line in lines:
            if is_nothing(held) and line.lstrip().startswith("."):
                if not self.run(line):
                    return
                continue
            statements, held = split(held + line)
            for one in statements:
                self._answer(one)
        self._answer(held.strip())

    def _answer(self, statement: str) -> None:
        if is_nothing(statement):
            return
        began = time.perf_counter()
        try:
            rows = self._reader.query(statement)
        except BcdataError as error:
            self._fail(str(error))
            return
        if self._as_json:
            print_lines(rows)
            return
        print_rows(rows, limit=self._limit, more="name them")
        if self._is_typed:
            rows_in = "row in" if rows.height == 1 else "rows in"
            out.print(f"{rows.height:,} {rows_in} {time.perf_counter() - began:.2f} s\n", highlight=False)

    def _command(self, text: str) -> bool:
        name, _, rest = text.rstrip("; ").partition(" ")
        try:
            match name:
                case ".quit" | ".exit":
                    return False
                case ".help":
                    out.print(HELP, highlight=False, markup=False)
                case ".tables":
                    self._tables(is_whole=rest.strip() == "all")
                case ".schema":
                    self._schema(rest)
                case _:
                    raise UsageError(f"there is no command {name}; there are {', '.join(COMMANDS)}")
        except BcdataError as error:
            self._fail(str(error))
        return True

    def _tables(self, *, is_whole: bool) -> None:
        filled = [one for one in self.views if is_whole or self._has_files(one)]
        print_table(["view", "columns"], [[shown_name(one), len(one.schema) + len(one.keys)] for one in filled])
        if left := len(self.views) - len(filled):
            out.print(f"{left} more have no files yet; .tables all shows them", highlight=False)

    def _has_files(self, view: "AssetView") -> bool:
        from bcdata.store.layout import universe_table

        match view.zone:
            case "universe":
                return (self._store.root / universe_table(view.name).key()).is_file()
            case "halts":
                return any(True for _ in self._store.tables(f"halts/{view.name}/"))
            case "sources":
                return any(True for _ in self._store.partitions("merged", view.name))
            case _:
                return any(True for _ in self._store.partitions(view.zone, view.name))

    def _schema(self, text: str) -> None:
        from bcdata.hints import choose
        from bcdata.sql.describe import columns_of

        if not text.strip():
            raise UsageError("name a view: .schema spot_klines_1m; .tables lists them")
        view = named(self.views, text)
        if view is None:
            raise UsageError(f"there is no view {text.strip()}; {choose(text.strip(), map(shown_name, self.views))}")
        print_table(["column", "type"], columns_of(view), title=shown_name(view))

    def _fail(self, words: str) -> None:
        self.failures += 1
        with suppress(OSError):
            err.print(f"bcdata: {words}", highlight=False, markup=False)
