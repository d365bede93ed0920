"""From when on a bar may be used: `known_at`, the latest of its end and of all that it was made of. Pure."""

import polars as pl

from bcdata.interval import Interval
from bcdata.venues.calendar import bar_end


def with_known_at(bars: pl.DataFrame, interval: Interval) -> pl.DataFrame:
    """The bars with `known_at` on each: what stands there, and never before the bar's end.

    Args:
        bars: with `open_time`; `known_at` (UTC) may be null, or no column at all.
        interval: the length of the bars.
    """
    end = bar_end(interval)
    known = pl.max_horizontal(end, "known_at") if "known_at" in bars.columns else end
    return bars.with_columns(known.alias("known_at"))
