"""Rows in which two sources are equal. Pure."""

import polars as pl

_EXACT = ("open", "high", "low", "close", "trades")
_AMOUNTS = ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
_SHARE, _QUANTUM = 1e-6, 1e-8
"""Amounts of COIN-M are computed from contracts, and every amount is rounded to eight decimals."""


def same_rows(rows: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """The rows (columns of `BAR` and more, one per open) that the others have too, with equal values."""
    theirs = others.select("open_time", *_EXACT, *_AMOUNTS).unique("open_time", keep="first")
    both = rows.join(theirs, on="open_time", how="inner", suffix="_other", maintain_order="left")
    equal = [pl.col(name).eq_missing(pl.col(f"{name}_other")) for name in _EXACT]
    near = [_is_near(pl.col(name), pl.col(f"{name}_other")) for name in _AMOUNTS]
    return both.filter(pl.all_horizontal(*equal, *near)).select(rows.columns)


def _is_near(mine: pl.Expr, other: pl.Expr) -> pl.Expr:
    bound = _SHARE * pl.max_horizontal(mine.abs(), other.abs()) + _QUANTUM
    return ((mine - other).abs() <= bound).fill_null(mine.is_null() & other.is_null())
