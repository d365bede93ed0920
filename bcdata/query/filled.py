"""Bars with the missing ones of some spans filled."""

from collections.abc import Sequence

import polars as pl

from bcdata.bars.fill import FILLED, Fill
from bcdata.bars.fill import fill as fill_bars
from bcdata.bars.known import with_known_at
from bcdata.bars.segments import SEGMENT
from bcdata.catalog import Dataset
from bcdata.intervals import Interval
from bcdata.venues.calendar import calendar
from bcdata.windows import Window


def filled(
    rows: pl.DataFrame, policy: Fill, source: Dataset, interval: Interval, parts: Sequence[Window]
) -> pl.DataFrame:
    """The rows with the missing bars of each part; those of a segment's gap belong to the segment before."""
    days = calendar(source.calendar)
    within = [fill_bars(rows, policy, interval=interval, calendar=days, window=part) for part in parts]
    beyond = rows.filter(~pl.any_horizontal(pl.lit(value=False), *(_inside(part) for part in parts)))
    found = pl.concat([beyond, *within], how="diagonal").sort("open_time")
    if policy is Fill.FLAT and FILLED not in found.columns:  # there is no part that may be filled
        found = found.with_columns(pl.lit(value=False).alias(FILLED))
    if SEGMENT in found.columns:
        found = found.with_columns(pl.col(SEGMENT).forward_fill().backward_fill())
    if policy is Fill.FLAT:
        found = with_known_at(found.with_columns(pl.col(FILLED).fill_null(value=False)), interval)
    return found


def _inside(part: Window) -> pl.Expr:
    return pl.col("open_time").is_between(part.start, part.end, closed="left")
