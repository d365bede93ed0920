"""backtrader: one CSV a symbol, in the columns that its `GenericCSVData` expects unless it is told others.

It acts on a bar at its label, so that this is `known_at`.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from bcdata.exports.layouts.layout import PRICES, Content, File
from bcdata.exports.layouts.text import time_format, write_csv
from bcdata.store.layout import escape


def files(content: Content) -> Iterator[File]:
    """`<name>-<SYMBOL>.csv`: datetime (UTC), prices, volume, and an open interest of 0, which its lines have."""
    rows = content.rows
    zero = pl.lit(0).alias("openinterest")
    table = rows.select(pl.col("known_at").alias("datetime"), *PRICES, pl.col("volume").fill_null(0.0), zero)

    def write(path: Path) -> None:
        write_csv(table, path, times=time_format(rows["known_at"]))

    yield File(f"{content.name}-{escape(content.symbol)}.csv", rows.height, write)
