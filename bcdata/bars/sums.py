"""Sums over runs of neighbouring bars. A sum of which a part is not known is not known. Pure."""

from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


def reduced(how: np.ufunc, column: pl.Series, first: IntArray) -> npt.NDArray[Any]:
    """What `how.reduceat` gives for the runs that begin at the rows `first`; of a column without nulls.

    A column of several chunks, as files are read, is not copied: only runs that lie in two of them are. How a run is
    reduced does not depend on what lies beside it, so that the bits are the same.
    """
    chunks = column.get_chunks()
    if len(chunks) == 1:
        found: npt.NDArray[Any] = how.reduceat(column.to_numpy(), first)
        return found
    after, parts, begin = np.append(first[1:], len(column)), [], 0
    for chunk in chunks:
        end = begin + len(chunk)
        low, high = np.searchsorted(first, [begin, end])
        whole = high - int(high > low and after[high - 1] > end)
        if whole > low:
            parts.append(how.reduceat(chunk.to_numpy()[: after[whole - 1] - begin], first[low:whole] - begin))
        if whole < high:
            run = column.slice(int(first[whole]), int(after[whole] - first[whole])).to_numpy()
            parts.append(how.reduceat(run, [0]))
        begin = end
    return np.concatenate(parts)


def sums(column: pl.Series, first: IntArray) -> pl.Series:
    """Sums of the runs that begin at the rows `first`; null where a run lacks a value."""
    if not column.null_count():
        return pl.Series(column.name, reduced(np.add, column, first))
    return sums_where(column, first, np.logical_and.reduceat(column.is_not_null().to_numpy(), first))


def sums_where(column: pl.Series, first: IntArray, are_sums: BoolArray) -> pl.Series:
    """Sums of what there is in those of the runs for which that is the sum; null for the others."""
    found = pl.Series(column.name, np.add.reduceat(column.fill_null(0).to_numpy(), first))
    return pl.select(pl.when(pl.Series(are_sums)).then(found).alias(column.name)).to_series()


def paid(bars: pl.DataFrame, first: IntArray, quote: pl.Series) -> pl.Series:
    """What was paid in each run: its quote volume, or where a bar has none the sum of VWAP times volume."""
    if not quote.null_count():
        return quote
    # A bar in which nothing was traded has no VWAP, and adds nothing.
    own = pl.when(pl.col("volume") == 0).then(0.0).otherwise(pl.col("vwap") * pl.col("volume"))
    return quote.zip_with(quote.is_not_null(), sums(bars.select(own.alias("own")).to_series(), first))
