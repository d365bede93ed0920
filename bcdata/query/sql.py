"""The lake as SQL: every dataset's merged bars, features and gaps as DuckDB views named after it."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import polars as pl

from bcdata.catalog import Catalog
from bcdata.errors import UsageError
from bcdata.query.statement import require_reading
from bcdata.query.views import ZONES, View, views
from bcdata.store.store import Store

_COLUMNS_DIFFER = ("known_at", "file_interval_hours", "union_by_name")
"""Words of errors that come where files of this version of the code stand beside those of an earlier one."""
_DYNAMIC = ("query(", "query_table(")
"""Functions to which the name of a view may be given in pieces."""


class Reader:
    """Answers statements over a lake. It is made by `connect`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, store: Store, catalog: Catalog) -> None:
        self._connection, self._store = connection, store
        self._views = list(views(catalog))
        self._read: dict[View, bool] = {}
        for view in self._views:
            frame = f"{view.zone}_{view.name}"
            connection.register(frame, view.empty.to_arrow())
            self._create(view, f'FROM "{frame}"')

    def query(self, sql: str) -> pl.DataFrame:
        """The result of one statement that reads (`query.statement`), out of files that are verified.

        Raises:
            UsageError: the statement is wrong, or does more than read.
            StoreError: a file is damaged.
        """
        require_reading(sql)
        named = [view for view in self._views if _names(sql, view)]
        self._open(named, mixed=False)
        try:
            return self._answer(sql)
        except UsageError as error:
            if not any(word in str(error) for word in _COLUMNS_DIFFER):
                raise
        self._open(named, mixed=True)
        return self._answer(sql)

    def _open(self, named: list[View], *, mixed: bool) -> None:
        for view in named:
            if self._read.get(view, not mixed) == mixed:
                continue
            if files := view.files(self._store):
                self._create(view, view.sql(files, mixed=mixed))
            self._read[view] = mixed

    def _create(self, view: View, body: str) -> None:
        # Names come from the catalog, which admits only words.
        self._connection.execute(f'CREATE OR REPLACE VIEW {view.zone}."{view.name}" AS {body}')
        if view.zone == "merged":
            self._connection.execute(f'CREATE OR REPLACE VIEW main."{view.name}" AS FROM merged."{view.name}"')

    def _answer(self, sql: str) -> pl.DataFrame:
        try:
            result = self._connection.sql(sql)
            if result is None:
                raise UsageError("the statement asks for no rows; write a SELECT")
            _require_representable(result)
            table = result.to_arrow_table()
        except duckdb.Error as error:
            raise UsageError(str(error).strip()) from None
        frame = pl.from_arrow(table)
        return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()


@contextmanager
def connect(store: Store, catalog: Catalog) -> Iterator[Reader]:
    """A reader that can read the lake and nothing else, and write nothing.

    Views: `merged.<dataset>`, `features.<dataset>`, `reports.<dataset>` (how features look),
    `seasonality.<dataset>` (volatility by time of day), `labels.<dataset>`, `resampled.<coarser bars>`,
    `gaps.<dataset>`, and `<dataset>` for the merged bars; `symbol` and `date` are columns.
    `halts.<dataset>` has `date` alone; `universe.<market>` has all that was ever known of a market's symbols. Only bars
    whose ledger is of the same publication are seen. `known_at` is from when on a row may be used.
    """
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for zone in ZONES:
            connection.execute(f"CREATE SCHEMA {zone}")
        reader = Reader(connection, store, catalog)
        connection.execute("SET allowed_directories = ?", [[str(store.root.absolute())]])
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        try:
            yield reader
        finally:
            store.remember()


def query(store: Store, catalog: Catalog, sql: str) -> pl.DataFrame:
    """The result of one statement that reads.

    Raises:
        UsageError: the statement is wrong, or does more than read.
        StoreError: a file of a view that it names is damaged.
    """
    require_reading(sql)
    with connect(store, catalog) as reader:
        return reader.query(sql)


def _names(sql: str, view: View) -> bool:
    """Whether a statement may read a view: its name stands there, or is put together there."""
    text = sql.lower()
    return view.name.lower() in text or any(word in "".join(text.split()) for word in _DYNAMIC)


def _require_representable(result: duckdb.DuckDBPyRelation) -> None:
    """An interval of SQL may hold months, which have no length: neither polars nor JSON has the like."""
    for name, kind in zip(result.columns, result.types, strict=True):
        if "INTERVAL" in str(kind):
            raise UsageError(f"{name} is an interval, which has no fixed length; write epoch(...) for its seconds")
