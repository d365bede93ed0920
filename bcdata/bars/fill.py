"""Reading across missing bars: left out, as rows of nulls, or flat at the last close and flagged as such. Pure."""

from collections.abc import Sequence
from enum import StrEnum

import polars as pl

from bcdata.interval import Interval
from bcdata.ledger.ledger import missing_opens
from bcdata.venues.calendar import Calendar
from bcdata.windows import Window

FILLED = "filled"
_PRICES = ("open", "high", "low", "close")
_FLOWS = ("volume", "quote_volume", "trades", "taker_buy_volume", "taker_buy_quote_volume")


class Fill(StrEnum):
    """What becomes of a missing bar."""

    NONE = "none"
    NULL = "null"
    FLAT = "flat"


def fill(bars: pl.DataFrame, policy: Fill, *, interval: Interval, calendar: Calendar, window: Window) -> pl.DataFrame:
    """The bars of one symbol that open in the window, with the missing ones as the policy says.

    Args:
        bars: merged bars, ascending by `open_time` (UTC).
        policy: `none` leaves missing bars out. `null` gives each a row of nulls. `flat` gives it the close before
            as open, high, low and close, and no volume or trades; before the first bar there is no close, and no row.
        interval: the length of the bars.
        calendar: which bars are expected.
        window: half-open, UTC.

    Returns:
        The bars' columns, ascending; `flat` adds `filled`, true for bars that are not the exchange's. Columns in which
        none of `bars` has a value (what a provider does not have) stay null. A bar off the grid is kept.
    """
    inside = bars.filter(pl.col("open_time").is_between(window.start, window.end, closed="left"))
    if policy is Fill.NONE:
        return inside
    missing = missing_opens(calendar.opens(interval, window), inside["open_time"])
    rows = pl.concat([inside, missing.to_frame("open_time")], how="diagonal").sort("open_time")
    if policy is Fill.NULL:
        return rows
    return _flat(rows, [name for name in _FLOWS if name in bars.columns and bars[name].null_count() < bars.height])


def _flat(rows: pl.DataFrame, flows: Sequence[str]) -> pl.DataFrame:
    is_missing = pl.col("close").is_null()
    last = pl.col("close").forward_fill()
    filled = rows.with_columns(
        *(pl.when(is_missing).then(last).otherwise(name).alias(name) for name in _PRICES),
        *(pl.when(is_missing).then(0).otherwise(name).alias(name) for name in flows),
        is_missing.alias(FILLED),
    )
    return filled.filter(pl.col("close").is_not_null())
