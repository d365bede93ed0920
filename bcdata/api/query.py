"""SQL over the lake, as one function."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from bcdata.api.lake import catalog_of, lake_of
from bcdata.catalog import Catalog
from bcdata.sql import connection


def query(sql: str, *, root: str | Path | None = None, catalog: Catalog | None = None) -> pl.DataFrame:
    """The result of one SQL statement that reads, in DuckDB's dialect.

    Views: `<dataset>` or `merged.<dataset>` (bars), `features.<dataset>`, `reports.<dataset>`, `seasonality.<dataset>`,
    `labels.<dataset>`, `resampled.<coarser bars>`, `gaps.<dataset>`, `halts.<dataset>`, `universe.<market>`. `symbol`
    and `date` are columns. For several questions `connect` keeps what it has verified.

    Args:
        sql: the statement.
        root: the lake; BCDATA_ROOT if None.
        catalog: the one in force if None.

    Raises:
        UsageError: the statement is wrong, or does more than read; or there is no lake.
        StoreError: a file of a view that it names is damaged.

    Examples:
        >>> bcdata.query("SELECT symbol, count(*) AS bars FROM spot_klines_1m GROUP BY symbol ORDER BY symbol")
    """
    return connection.query(lake_of(root), catalog_of(catalog), sql)


@contextmanager
def connect(*, root: str | Path | None = None, catalog: Catalog | None = None) -> Iterator[connection.Reader]:
    """A reader that answers several statements, and verifies the files of a view once.

    Args:
        root: the lake; BCDATA_ROOT if None.
        catalog: the one in force if None.

    Raises:
        UsageError: there is no lake.

    Examples:
        >>> with bcdata.connect() as lake:
        ...     newest = lake.query("SELECT max(known_at) FROM features.spot_klines_1m")
    """
    with connection.connect(lake_of(root), catalog_of(catalog)) as reader:
        yield reader
