"""Bars adjusted for splits and dividends, and the raw ones out of what a provider has adjusted."""

from datetime import date, datetime

import polars as pl

from bcdata.actions.factors import Adjusted, after, in_force
from bcdata.actions.table import OF_SHARES

PRICES = ("open", "high", "low", "close", "vwap")
VOLUMES = ("volume", "taker_buy_volume")


def adjust(bars: pl.DataFrame, factors: pl.DataFrame, adjusted: Adjusted, as_of: datetime) -> pl.DataFrame:
    """Bars as they look after the actions that were known at an instant; volumes for splits only.

    Args:
        bars: with `symbol` and `session`, raw.
        factors: of their symbols (`factors.factors`).
        adjusted: for nothing, for splits and stock dividends, or for payments as well.
        as_of: what is known later, or takes effect later, changes nothing.
    """
    known = in_force(factors, adjusted, as_of)
    if known.is_empty():
        return bars
    return _scaled(after(known, bars), pl.col("price_factor"), pl.col("volume_factor")).select(bars.columns)


def undo_splits(rows: pl.DataFrame, actions: pl.DataFrame, answered: date, known_until: date | None) -> pl.DataFrame:
    """Raw prices out of those that a provider has adjusted for splits, up to the day of its answer.

    raw = price × the product of the ratios of all splits after the row's session and up to that day; volume is divided
    by it.

    Args:
        rows: with `symbol` and `session`, as the provider sent them.
        actions: one row an action.
        answered: the day of the answer: what was split later is not in it.
        known_until: up to which day splits are known for certain; None where they never were asked for.

    Returns:
        The rows with `held_back`: `adjustment_unknown` where splits between `known_until` and the answer may be
        missing, so that prices are not raw; they are then as they were sent.
    """
    if known_until is None or known_until < answered:
        return rows.with_columns(held_back=pl.lit("adjustment_unknown"))
    splits = actions.filter(pl.col("kind").is_in(OF_SHARES) & (pl.col("ex_session") <= answered))
    steps = splits.select("symbol", "ex_session", price=pl.col("ratio"), volume=1 / pl.col("ratio"))
    undone = _scaled(after(steps, rows), pl.col("price_factor"), pl.col("volume_factor"))
    return undone.select(*rows.columns, held_back=pl.lit(None, pl.String))


def _scaled(rows: pl.DataFrame, price: pl.Expr, volume: pl.Expr) -> pl.DataFrame:
    columns = rows.collect_schema().names()
    return rows.with_columns(
        *(pl.col(name) * price for name in PRICES if name in columns),
        *(pl.col(name) * volume for name in VOLUMES if name in columns),
    )
