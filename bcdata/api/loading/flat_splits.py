"""Flat bars after a split: the close before them is a price of old shares."""

from collections.abc import Sequence

import polars as pl

from bcdata.bars.fill import FILLED
from bcdata.features.table.context import SplitAt
from bcdata.interval import Interval
from bcdata.venues.calendar import bar_end

_PRICES = ("open", "high", "low", "close")
_LAST = "_last_real"


def in_own_shares(bars: pl.DataFrame, interval: Interval, splits: Sequence[SplitAt]) -> pl.DataFrame:
    """The bars, filled ones with the price in the shares of their own time, where these were split since the close."""
    if not splits:
        return bars
    real = pl.when(~pl.col(FILLED)).then("open_time").forward_fill()
    found = bars.with_columns(real.alias(_LAST))
    for split in splits:
        is_over = (bar_end(interval, _LAST) <= split.at) & (bar_end(interval) > split.at)
        found = found.with_columns(pl.when(is_over).then(pl.col(_PRICES) / split.ratio).otherwise(pl.col(_PRICES)))
    return found.drop(_LAST)
