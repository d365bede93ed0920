"""The forms that rows are given in: another library's, or a column for each symbol."""

from collections.abc import Sequence
from enum import StrEnum
from importlib.util import find_spec
from typing import Any

import polars as pl

from bcdata.api import arguments
from bcdata.api.loading.rows import require_columns
from bcdata.errors import UsageError


class Form(StrEnum):
    """A library whose table is returned."""

    POLARS = "polars"
    PANDAS = "pandas"
    ARROW = "arrow"


def form_of(to: object) -> Form:
    """The form that is asked for, of a library that is installed.

    Raises:
        UsageError: there is no such form, or its library is not installed.
    """
    form = arguments.option("to", to, Form)
    if form is Form.PANDAS and find_spec("pandas") is None:
        raise UsageError('pandas is not installed; install it with: pip install "bcdata[pandas]"')
    return form


def converted(rows: pl.DataFrame, form: Form) -> Any:
    """The rows as a table of the library. In pandas, times are `datetime64[us, UTC]` and text is its own type."""
    match form:
        case Form.PANDAS:
            return rows.to_pandas()
        case Form.ARROW:
            return rows.to_arrow()
        case _:
            return rows


def wide_by_symbol(rows: pl.DataFrame, column: str, symbols: Sequence[str]) -> pl.DataFrame:
    """One row for each time, ascending, and one column for each symbol, in their order: null where it has no row.

    Args:
        rows: with `symbol`, a time, and the column.
        column: whose values these are.
        symbols: all that get a column.

    Raises:
        UsageError: there is no such column.
    """
    require_columns([column], rows.columns)
    time = "open_time" if "open_time" in rows.columns else "time"
    found = rows.select(time, "symbol", column).pivot("symbol", index=time, values=column).sort(time)
    absent = [pl.lit(None, rows.schema[column]).alias(name) for name in symbols if name not in found.columns]
    return found.with_columns(absent).select(time, *symbols)
