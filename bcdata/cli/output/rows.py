"""Rows of an answer: as a table that fits, as one JSON document, or as a line of JSON each."""

from typing import TYPE_CHECKING

from bcdata.cli.output.show import json_line, print_json
from bcdata.cli.output.tables import print_table
from bcdata.terminal.console import out

if TYPE_CHECKING:
    import polars as pl


def print_rows(rows: "pl.DataFrame", *, limit: int, as_json: bool = False, more: str = "name them, or --json") -> None:
    """A table of so many rows and a line that says how many there are, or all rows as one document."""
    if as_json:
        print_json(rows.to_dicts())
        return
    print_table(rows.columns, rows.head(min(limit, rows.height)).iter_rows(), more=more)
    if rows.height > limit:
        out.print(f"{limit} of {rows.height:,} rows; --limit shows more, --json all", highlight=False)


def print_lines(rows: "pl.DataFrame") -> None:
    """Each row as a line of JSON."""
    for row in rows.iter_rows(named=True):
        json_line(row)
