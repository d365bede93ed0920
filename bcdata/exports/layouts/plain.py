"""CSV and Parquet: one file a symbol, with the rows as the lake has them; any rows, not only bars."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from bcdata.exports.layouts.layout import Content, File
from bcdata.exports.layouts.text import with_iso_times
from bcdata.store.layout import escape


def csv_files(content: Content) -> Iterator[File]:
    """`<name>-<SYMBOL>.csv`, times as ISO instants, with microseconds where one of the column has them."""
    rows = _known_first(content.rows)

    def write(path: Path) -> None:
        with_iso_times(rows).write_csv(path)

    yield File(f"{content.name}-{escape(content.symbol)}.csv", rows.height, write)


def parquet_files(content: Content) -> Iterator[File]:
    """`<name>-<SYMBOL>.parquet`, zstd."""
    rows = _known_first(content.rows)

    def write(path: Path) -> None:
        rows.write_parquet(path, compression="zstd")

    yield File(f"{content.name}-{escape(content.symbol)}.parquet", rows.height, write)


def _known_first(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `known_at` right after their time."""
    first = [name for name in ("symbol", "open_time", "time", "known_at") if name in rows.columns]
    return rows.select(*first, pl.exclude(first))
