"""The lake as SQL: every dataset's merged bars, features and gaps as DuckDB views named after it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb
import polars as pl

from bcdata.bars.halts import HALT
from bcdata.bars.resample import resampled_bar
from bcdata.bars.schema import LEDGER, SETTLEMENT, TIME, merged_bar
from bcdata.catalog import Catalog, Dataset
from bcdata.errors import UsageError
from bcdata.features.labels import label_schema
from bcdata.features.report import REPORT
from bcdata.features.schema import table_schema
from bcdata.features.seasonality import SCHEMA as PROFILE
from bcdata.operations.feature_set import features_of
from bcdata.operations.instruments import UNIVERSE
from bcdata.operations.lake import PERPETUAL, trusted
from bcdata.query.statement import require_reading
from bcdata.store.layout import PART, Partition, symbol_and_date, universe_table
from bcdata.store.store import Store

ZONES = ("merged", "features", "reports", "seasonality", "labels", "resampled", "gaps")
_MIXED = frozenset({"features", "labels"})
"""Zones whose partitions may have different columns while a changed catalog is being computed."""


class _View(NamedTuple):
    """One asset as a view: its zone, its name, and its columns where there are no files yet."""

    zone: str
    name: str
    schema: pl.Schema
    added: str = ""


_SETTLED = pl.Schema({**SETTLEMENT, "known_at": TIME})
_ADDED = ', "time" + INTERVAL 1 MINUTE AS known_at'
"""A settlement is known at the end of its minute."""
_COLUMNS_DIFFER = ("known_at", "file_interval_hours", "union_by_name")
"""Words of errors that come where files of this version of the code stand beside those of an earlier one."""


@contextmanager
def connect(store: Store, catalog: Catalog, *, mixed: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB connection in memory that can read the lake and nothing else, and write nothing.

    Views: `merged.<dataset>`, `features.<dataset>`, `reports.<dataset>` (how features look),
    `seasonality.<dataset>` (volatility by time of day), `labels.<dataset>`, `resampled.<coarser bars>`,
    `gaps.<dataset>`, and `<dataset>` for the merged bars; `symbol` and `date` are columns.
    `halts.<dataset>` has `date` alone; `universe.<market>` has all that was ever known of a market's symbols. Only bars
    whose ledger has the same fingerprint are seen. `known_at` is from when on a row may be used.

    With `mixed` files may have different columns, as those of an earlier version of the code do: matched by name, null
    where they lack one. That reads the footer of every file.
    """
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for zone in ZONES:
            connection.execute(f"CREATE SCHEMA {zone}")
        for view in (one for dataset in catalog for one in _views(dataset)):
            _create_view(connection, store, view, mixed=mixed or view.zone in _MIXED)
        _create_halts(connection, store, catalog)
        _create_universes(connection, store, catalog)
        connection.execute("SET allowed_directories = ?", [[str(store.root.absolute())]])
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection


def query(store: Store, catalog: Catalog, sql: str) -> pl.DataFrame:
    """The result of one statement that reads (`query.statement`).

    Raises:
        UsageError: the statement is wrong, or does more than read.
    """
    require_reading(sql)
    try:
        return _answer(store, catalog, sql, mixed=False)
    except UsageError as error:
        if not any(word in str(error) for word in _COLUMNS_DIFFER):
            raise
    return _answer(store, catalog, sql, mixed=True)


def _answer(store: Store, catalog: Catalog, sql: str, *, mixed: bool) -> pl.DataFrame:
    with connect(store, catalog, mixed=mixed) as connection:
        try:
            result = connection.sql(sql)
            if result is None:
                raise UsageError("the statement asks for no rows; write a SELECT")
            _require_representable(result)
            table = result.to_arrow_table()
        except duckdb.Error as error:
            raise UsageError(str(error).strip()) from None
    frame = pl.from_arrow(table)
    return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()


def _require_representable(result: duckdb.DuckDBPyRelation) -> None:
    """An interval of SQL may hold months, which have no length: neither polars nor JSON has the like."""
    for name, kind in zip(result.columns, result.types, strict=True):
        if "INTERVAL" in str(kind):
            raise UsageError(f"{name} is an interval, which has no fixed length; write epoch(...) for its seconds")


def _views(dataset: Dataset) -> Iterator[_View]:
    perpetual = dataset.market in PERPETUAL
    if dataset.kind == "funding":
        yield _View("merged", dataset.name, _SETTLED, _ADDED)
    else:
        yield _View("merged", dataset.name, merged_bar(funding=perpetual))
    yield _View("features", dataset.name, table_schema(features_of(dataset)))
    yield _View("reports", dataset.name, REPORT)
    yield _View("seasonality", dataset.name, PROFILE)
    yield _View("labels", dataset.name, label_schema(dataset.labels.horizons if dataset.labels else ()))
    yield _View("gaps", dataset.name, LEDGER)
    yield from (_View("resampled", name, resampled_bar(funding=perpetual)) for name in dataset.resampled())


def _create_view(connection: duckdb.DuckDBPyConnection, store: Store, view: _View, *, mixed: bool) -> None:
    zone, name, schema, added = view
    # Names come from the catalog, which admits only words.
    if files := _files(store, zone, name):
        body = _select(files, "symbol", "date", mixed=mixed, added=added)
        connection.execute(f'CREATE VIEW {zone}."{name}" AS {body}')
    else:
        empty = pl.DataFrame(schema={**schema, "symbol": pl.String, "date": pl.String})
        connection.register(f"{zone}_{name}", empty.to_arrow())
        connection.execute(f'CREATE VIEW {zone}."{name}" AS FROM "{zone}_{name}"')
    if zone == "merged":
        connection.execute(f'CREATE VIEW main."{name}" AS FROM merged."{name}"')


def _create_halts(connection: duckdb.DuckDBPyConnection, store: Store, catalog: Catalog) -> None:
    """Views of frames that belong to no single symbol."""
    connection.execute("CREATE SCHEMA halts")
    for dataset in catalog:
        found = [
            store.root.absolute() / one.key for one in store.files("halts", dataset.name) if one.key.endswith(PART)
        ]
        name = f'halts."{dataset.name}"'
        if found:
            connection.execute(f"CREATE VIEW {name} AS {_select(found, 'date')}")
        elif dataset.kind == "klines":
            empty = pl.DataFrame(schema={**HALT, "date": pl.String})
            connection.register(f"halts_{dataset.name}", empty.to_arrow())
            connection.execute(f'CREATE VIEW {name} AS FROM "halts_{dataset.name}"')


def _create_universes(connection: duckdb.DuckDBPyConnection, store: Store, catalog: Catalog) -> None:
    connection.execute("CREATE SCHEMA universe")
    for market in dict.fromkeys(dataset.market for dataset in catalog):
        key = universe_table(market).key()
        if store.objects.stat(key):
            body = _select([store.root.absolute() / key])
            connection.execute(f'CREATE VIEW universe."{market}" AS {body}')
        else:
            connection.register(f"universe_{market}", pl.DataFrame(schema=UNIVERSE).to_arrow())
            connection.execute(f'CREATE VIEW universe."{market}" AS FROM "universe_{market}"')


def _select(files: Sequence[Path], *keys: str, mixed: bool = False, added: str = "") -> str:
    """Reads hive-style files, keys of folders as text; paths are literals with quotes doubled.

    Where columns are mixed they are matched by name, and null in files that lack them.
    """
    paths = ", ".join("'" + str(path).replace("'", "''") + "'" for path in files)
    types = ", ".join(f"'{key}': VARCHAR" for key in keys)
    hive = f", hive_partitioning = true, hive_types = {{{types}}}" if keys else ""
    union = ", union_by_name = true" if mixed else ""
    return f"SELECT *{added} FROM read_parquet([{paths}]{hive}{union})"  # noqa: S608


def _files(store: Store, zone: str, dataset: str) -> list[Path]:
    found = []
    ledgers = {info.key: info.modified_ns for info in store.files("gaps", dataset)} if zone == "merged" else {}
    for info in store.files(zone, dataset):
        if not info.key.endswith(f"/{PART}"):
            continue
        if zone == "merged" and not _belongs(store, info.key, info.modified_ns, ledgers):
            continue
        found.append((store.root / info.key).absolute())
    return found


def _belongs(store: Store, key: str, modified_ns: int, ledgers: dict[str, int]) -> bool:
    """Bars written after their ledger belong to it; only others need a look at both footers."""
    ledger = ledgers.get("gaps/" + key.removeprefix("merged/"))
    if ledger is None:
        return False
    if ledger <= modified_ns:
        return True
    found = symbol_and_date(key)
    dataset = key.split("/")[1]
    return found is not None and trusted(store, Partition("merged", dataset, *found)) is not None
