"""Sums over runs of neighbouring bars. A sum of which a part is not known is not known. Pure."""

import numpy as np
import numpy.typing as npt
import polars as pl

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


def sums(column: pl.Series, first: IntArray) -> pl.Series:
    """Sums of the runs that begin at the rows `first`; null where a run lacks a value."""
    if not column.null_count():
        return pl.Series(column.name, np.add.reduceat(column.to_numpy(), first))
    return sums_where(column, first, np.logical_and.reduceat(column.is_not_null().to_numpy(), first))


def sums_where(column: pl.Series, first: IntArray, are_sums: BoolArray) -> pl.Series:
    """Sums of what there is in those of the runs for which that is the sum; null for the others."""
    found = pl.Series(column.name, np.add.reduceat(column.fill_null(0).to_numpy(), first))
    return pl.select(pl.when(pl.Series(are_sums)).then(found).alias(column.name)).to_series()


def paid(bars: pl.DataFrame, first: IntArray) -> pl.Series:
    """What was paid in each run: its quote volume, or where a bar has none the sum of VWAP times volume."""
    quote = sums(bars["quote_volume"], first)
    if not quote.null_count():
        return quote
    # A bar in which nothing was traded has no VWAP, and adds nothing.
    own = pl.when(pl.col("volume") == 0).then(0.0).otherwise(pl.col("vwap") * pl.col("volume"))
    return quote.zip_with(quote.is_not_null(), sums(bars.select(own.alias("own")).to_series(), first))
