"""Splitting a series where it stops being one: long gaps, and gaps over which the price became another. Pure."""

from datetime import timedelta

import polars as pl

from bcdata.interval import Interval

SEGMENT = "segment"
MIN_DAYS, MIN_PRICE_CHANGE = 1.0, 0.1
BREAK_GAP, BREAK_RATIO = timedelta(hours=1), 3.0
"""A price that trebles or falls to a third over a gap of an hour: a redenomination, or a ticker used again."""


def split(
    bars: pl.DataFrame,
    interval: Interval,
    *,
    min_days: float = MIN_DAYS,
    min_price_change: float = MIN_PRICE_CHANGE,
) -> pl.DataFrame:
    """Adds `segment` (Int64, from 0, in time order) to the bars of one symbol.

    A new segment begins after a gap that is longer than `min_days` and over which the price changed by more than
    `min_price_change` (|open / previous close - 1|), or longer than 2 × `min_days` whatever the price did, an equal
    one included; and after an hour or more over which the price rose or fell by a factor above 3.

    Args:
        bars: ascending by `open_time` (UTC), with `open` and `close`; missing bars are not rows.
        interval: the length of the bars; a gap runs from the close of one to the open of the next.
        min_days: days of 24 hours.
        min_price_change: a share of the close before.
    """
    closed = pl.col("open_time").shift(1).dt.offset_by(interval.name)
    gap = pl.col("open_time") - closed
    ratio = pl.col("open") / pl.col("close").shift(1)
    shortest = timedelta(days=min_days)
    is_split = (
        ((gap > shortest) & ((ratio - 1).abs() > min_price_change))
        | (gap > 2 * shortest)
        | ((gap >= BREAK_GAP) & ((ratio > BREAK_RATIO) | (ratio < 1 / BREAK_RATIO)))
    )
    return bars.with_columns(is_split.fill_null(value=False).cum_sum().cast(pl.Int64).alias(SEGMENT))


def is_price_break(gap: timedelta, ratio: float) -> bool:
    """Whether a series splits for its price at a gap: of more than a day and 10 %, or an hour and a factor above 3.

    Args:
        gap: from the close of a bar to the open of the next.
        ratio: that open / that close.
    """
    changed = gap > timedelta(days=MIN_DAYS) and abs(ratio - 1) > MIN_PRICE_CHANGE
    return changed or (gap >= BREAK_GAP and not 1 / BREAK_RATIO <= ratio <= BREAK_RATIO)
