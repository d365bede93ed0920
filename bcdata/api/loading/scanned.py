"""Rows as a LazyFrame: nothing is read before it is collected, and no columns that are not used."""

from collections.abc import Iterator, Sequence

import polars as pl
from polars.io.plugins import register_io_source

from bcdata.api.loading.rows import Request, named

_AT_ONCE = 32
"""Symbols whose rows are in memory at once."""


def scanned(request: Request, columns: Sequence[str] | None) -> pl.LazyFrame:
    """The rows as a LazyFrame with these columns, beside their keys; with all if None.

    Raises:
        UsageError: there is no such column, or nothing of a symbol.
        StoreError: a file is lost.
    """
    found = request.found()
    empty = request.empty(columns)

    def read(
        wanted: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        del batch_size  # rows come by symbols
        # Of the first rows of all those count that are not chosen, too.
        left, symbols = n_rows, _possible(list(found), predicate) if n_rows is None else list(found)
        names = empty.columns if wanted is None else wanted
        some = columns if wanted is None else wanted
        for first in range(0, len(symbols), _AT_ONCE):
            part = {symbol: found[symbol] for symbol in symbols[first : first + _AT_ONCE]}
            frames = list(request.frames(part, some))
            rows = named(pl.concat([empty.clear(), *frames], how="diagonal"), some).select(names)
            if left is not None:
                rows = rows.head(left)
                left -= rows.height
            yield rows if predicate is None else rows.filter(predicate)
            if left == 0:
                break
        request.store.remember()

    return register_io_source(read, schema=empty.schema, validate_schema=False)


def _possible(symbols: list[str], predicate: pl.Expr | None) -> list[str]:
    """The symbols that rows can be of: all, unless the predicate is of the symbol alone."""
    if predicate is None or set(predicate.meta.root_names()) != {"symbol"}:
        return symbols
    return pl.DataFrame({"symbol": symbols}, schema={"symbol": pl.String}).filter(predicate)["symbol"].to_list()
