"""backtesting.py: one CSV a symbol for `pandas.read_csv`, with `Open High Low Close Volume` and features beside them.

It acts on a bar at its label, so that this is `known_at`.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from bcdata.exports.layouts.layout import VALUES, Content, File
from bcdata.exports.layouts.text import time_format, write_csv
from bcdata.store.layout import escape


def files(content: Content) -> Iterator[File]:
    """`<name>-<SYMBOL>.csv`; no column Volume where no bar has one."""
    rows = content.rows
    values = [name for name in VALUES if rows[name].null_count() < rows.height]
    table = rows.select("known_at", *(pl.col(name).alias(name.capitalize()) for name in values), *content.features)

    def write(path: Path) -> None:
        write_csv(table, path, times=time_format(rows["known_at"]) + "+00:00")

    yield File(f"{content.name}-{escape(content.symbol)}.csv", rows.height, write)
