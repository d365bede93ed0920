"""Amounts of money by the codes of what they are in, as expressions."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from bcdata.frames.currencies import HUNDREDTHS


def currency_of(code: pl.Expr) -> pl.Expr:
    """The currency of each code."""
    return code.replace(HUNDREDTHS)


def parts_of(code: pl.Expr) -> pl.Expr:
    """How many of it make one of the currency: 100 of `GBp`. Null where nothing is told."""
    return pl.when(code.is_null()).then(None).when(code.is_in(list(HUNDREDTHS))).then(100.0).otherwise(1.0)


def converted(amount: pl.Expr, code: pl.Expr, into: pl.Expr) -> pl.Expr:
    """Amounts in another code of the same currency: 0.02 `GBP` are 2.0 `GBp`. As they are where one is not told."""
    is_other = (code != into).fill_null(value=False)
    return pl.when(is_other).then(divided(amount * parts_of(into), parts_of(code))).otherwise(amount)


def divided(amount: pl.Expr, parts: pl.Expr) -> pl.Expr:
    """Amounts by how many parts make one, rounded once: 70.0 by 100 is 0.7.

    polars multiplies by the reciprocal where all parts are alike, which makes 0.7000000000000001 of it.
    """

    def quotients(both: Sequence[pl.Series]) -> pl.Series:
        return pl.Series(np.divide(*(one.cast(pl.Float64).to_numpy() for one in both)), nan_to_null=True)

    return pl.map_batches([amount, parts], quotients, return_dtype=pl.Float64)
