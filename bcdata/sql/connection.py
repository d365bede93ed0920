"""The lake as SQL: every dataset's merged bars, features and gaps as DuckDB views named after it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa

from bcdata.catalog import Catalog, no_parser
from bcdata.errors import StoreError, UsageError
from bcdata.hints import choose
from bcdata.reading.root import require_lake
from bcdata.sql.answer import frame_of
from bcdata.sql.interrupt import as_keyboard_interrupt, interruptible
from bcdata.sql.named import named
from bcdata.sql.statement import reading
from bcdata.sql.views import ZONES, AssetView, views
from bcdata.store.store import Store

_COLUMNS_DIFFER = ("known_at", "file_interval_hours", "union_by_name")
"""Words of errors that come where files of this version of the code stand beside those of an earlier one."""
_NO_TABLE = re.compile(r"Table with name (.+?) does not exist")
_OF_FILES = (
    duckdb.IOException,
    duckdb.InvalidInputException,
    duckdb.SerializationException,
    duckdb.InternalException,
    duckdb.FatalException,
)
"""Errors of DuckDB that may come of files; what it says of Parquet itself has no kind."""
_REPLACED = "files of a view were replaced while they were read, and again: a run publishes them; ask when it has ended"
_MEMORY = "50%"
"""Of the machine's. There is no folder to spill to, so more would leave none to the runs that work beside."""


class _UnreadableError(UsageError):
    """What DuckDB says where files are not what it takes them for."""


class Reader:
    """Answers statements over a lake. It is made by `connect`.

    Each statement has a database of its own, which may open the files of the views that it names, all verified, and
    nothing else: no other file of the lake either, and none to write.
    """

    def __init__(self, store: Store, catalog: Catalog) -> None:
        self._store = store
        self._views = list(views(catalog))
        self._ended = [one.name for one in catalog if one.ends_at_raw]

    @as_keyboard_interrupt()
    def query(self, sql: str) -> pl.DataFrame:
        """The result of one statement that reads (`sql.statement`), out of files that are verified.

        Where one that was replaced meanwhile could not be read, the files are looked up once more.

        Raises:
            UsageError: the statement is wrong, or does more than read.
            StoreError: a file is damaged, or was replaced again.
        """
        asked = reading(sql)
        views = named(asked.select, self._views)
        rows = {view: told for view in views if (told := view.rows(self._store)) is not None}
        for is_first in (True, False):
            files = {view: found for view in views if (found := view.files(self._store))}
            before = _state(files)
            try:
                return self._answered(asked.sql, files, rows)
            except _UnreadableError:
                if _state(files) == before:
                    raise
                if not is_first:
                    raise StoreError(_REPLACED) from None
        raise AssertionError

    def _answered(
        self, sql: str, files: Mapping[AssetView, Sequence[Path]], rows: Mapping[AssetView, pl.DataFrame]
    ) -> pl.DataFrame:
        try:
            return self._answer(sql, files, rows, mixed=False)
        except UsageError as error:
            if not any(word in str(error) for word in _COLUMNS_DIFFER):
                raise
        return self._answer(sql, files, rows, mixed=True)

    def _answer(
        self,
        sql: str,
        files: Mapping[AssetView, Sequence[Path]],
        rows: Mapping[AssetView, pl.DataFrame],
        *,
        mixed: bool,
    ) -> pl.DataFrame:
        with duckdb.connect(":memory:") as connection:
            self._prepare(connection, files, rows, mixed=mixed)
            try:
                return frame_of(interruptible(lambda: _run(connection, sql), connection.interrupt))
            except duckdb.OutOfMemoryException:
                words = "the answer needs more than half of the memory; ask for fewer rows or columns"
                raise UsageError(words) from None
            except duckdb.PermissionException as error:
                words = "a statement reads views, and no files: these are verified"
                raise UsageError(f"{str(error).strip().splitlines()[0]}; {words}") from None
            except duckdb.CatalogException as error:
                text = str(error).strip()
                absent = [no_parser(name) for name in self._ended if f"name {name} does not exist" in text]
                raise UsageError(absent[0] if absent else self._no_view(text)) from None
            except duckdb.Error as error:
                raise _kind(error)(str(error).strip()) from None

    def _no_view(self, text: str) -> str:
        """DuckDB's words of a table that there is not, which name its own tables as near, with views instead."""
        if not (found := _NO_TABLE.search(text)):
            return text
        names = [one.name if one.zone == "merged" else f"{one.zone}.{one.name}" for one in self._views]
        name = found[1].strip('"')
        return f"there is no view {name}; {choose(name, names)}"

    def _prepare(
        self,
        connection: duckdb.DuckDBPyConnection,
        files: Mapping[AssetView, Sequence[Path]],
        rows: Mapping[AssetView, pl.DataFrame],
        *,
        mixed: bool,
    ) -> None:
        connection.execute("SET TimeZone = 'UTC'")
        for zone in ZONES:
            connection.execute(f"CREATE SCHEMA {zone}")
        for view in self._views:
            found, told = files.get(view), rows.get(view)
            if found:
                body = view.sql(found, mixed=mixed)
            else:
                body = _nothing(connection, view) if told is None else _told(connection, view, told)
            _create(connection, view, body)
        allowed = [str(path) for found in files.values() for path in found]
        connection.execute("SET allowed_paths = ?", [allowed])
        connection.execute("SET temp_directory = ''")  # it would be allowed, too
        connection.execute(f"SET memory_limit = '{_MEMORY}'")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")


def _create(connection: duckdb.DuckDBPyConnection, view: AssetView, body: str) -> None:
    # Names come from the catalog, which admits only words.
    try:
        connection.execute(f'CREATE VIEW {view.zone}."{view.name}" AS {body}')
        if view.zone == "merged":
            connection.execute(f'CREATE VIEW main."{view.name}" AS FROM merged."{view.name}"')
    except duckdb.Error as error:
        raise _kind(error)(f"{view.zone}.{view.name} cannot be read: {str(error).splitlines()[0]}") from None


def _kind(error: duckdb.Error) -> type[UsageError]:
    """What an error is about: the files, or the statement."""
    return _UnreadableError if type(error) is duckdb.Error or isinstance(error, _OF_FILES) else UsageError


def _state(files: Mapping[AssetView, Sequence[Path]]) -> list[tuple[int, int] | None]:
    """Which files these are."""
    return [_file(path) for found in files.values() for path in found]


def _file(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_ctime_ns


def _nothing(connection: duckdb.DuckDBPyConnection, view: AssetView) -> str:
    """SQL of no rows with the view's columns: a frame that is registered would be a table that all see."""
    nulls = (f'NULL::{kind} AS "{name}"' for name, kind in _types(connection, view).items())
    return f"SELECT {', '.join(nulls)} WHERE false"


def _told(connection: duckdb.DuckDBPyConnection, view: AssetView, rows: pl.DataFrame) -> str:
    """SQL of rows that stand in no file, as one literal: of tens of thousands that is read in a moment."""
    shape = ", ".join(f'"{name}":"{kind}"' for name, kind in _types(connection, view).items())
    columns = ", ".join(f'told."{name}"' for name in view.empty.columns)
    text = rows.write_json().replace("'", "''")
    return f"SELECT {columns} FROM (SELECT unnest(from_json('{text}', '[{{{shape}}}]')) AS told)"  # noqa: S608 # nosec B608 # quotes are doubled


def _types(connection: duckdb.DuckDBPyConnection, view: AssetView) -> dict[str, str]:
    """DuckDB's names of the types of a view's columns."""
    columns = connection.from_arrow(view.empty.to_arrow())
    return dict(zip(columns.columns, map(str, columns.types), strict=True))


def _run(connection: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    result = connection.sql(sql)
    if result is None:
        raise UsageError("the statement asks for no rows; write a SELECT")
    return result.to_arrow_table()


@contextmanager
def connect(store: Store, catalog: Catalog) -> Iterator[Reader]:
    """A reader that can read the views of the lake and nothing else, and write nothing.

    Views: `merged.<dataset>`, `features.<dataset>`, `reports.<dataset>` (how features look),
    `seasonality.<dataset>` (volatility by time of day), `labels.<dataset>`, `resampled.<coarser bars>`,
    `gaps.<dataset>`, and `<dataset>` for the merged bars; `symbol` and `date` are columns.
    `sources.<dataset>` tells how the sources of a dataset compare. `halts.<dataset>` has `date` alone;
    `universe.<market>` has all that was ever known of a market's symbols. Only bars whose ledger is of the same
    publication are seen. `known_at` is from when on a row may be used. Memory is bounded, and nothing is spilled to a
    disk.

    Raises:
        UsageError: the lake's folder is not there.
    """
    require_lake(store.root)
    try:
        yield Reader(store, catalog)
    finally:
        store.remember()


def query(store: Store, catalog: Catalog, sql: str) -> pl.DataFrame:
    """The result of one statement that reads.

    Raises:
        UsageError: the statement is wrong, or does more than read; or the lake's folder is not there.
        StoreError: a file of a view that it names is damaged.
    """
    reading(sql)
    with connect(store, catalog) as reader:
        return reader.query(sql)
