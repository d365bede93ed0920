"""Labels for learning: forward log returns. They look ahead on purpose, and so are no features."""

from collections.abc import Sequence

import polars as pl

from bcdata.features.table.context import SplitAt
from bcdata.features.table.known import mapped
from bcdata.interval import Interval
from bcdata.windows import Window

TIME = pl.Datetime("us", "UTC")


def label_window(window: Window, interval: Interval, horizons: Sequence[int]) -> Window:
    """The bars to read so that every bar of the window has its labels: up to the longest horizon after its end."""
    end = interval.ceil(window.end)
    for _ in range(max(horizons)):
        end = interval.next(end)
    return Window(window.start, end)


def label_names(horizons: Sequence[int]) -> list[str]:
    """The names of the labels."""
    return [_name(horizon) for horizon in horizons]


def label_schema(horizons: Sequence[int], *, sessions: bool = False) -> pl.Schema:
    """Names and types of the table, in order; with `session` where the market has sessions."""
    called = {"session": pl.Date()} if sessions else {}
    values = dict.fromkeys(label_names(horizons), pl.Float64())
    return pl.Schema({"open_time": TIME, "known_at": TIME, **called, **values})


def labels(
    bars: pl.DataFrame,
    *,
    window: Window,
    interval: Interval,
    horizons: Sequence[int],
    splits: Sequence[SplitAt] = (),
    reinvested: Sequence[SplitAt] = (),
) -> pl.DataFrame:
    """Forward returns of the bars in the window.

    Args:
        bars: Merged bars of one symbol, ascending by `open_time` (µs, UTC) and unique; missing bars are not rows.
        window: The instants whose bars get a row.
        interval: The length of the bars.
        horizons: How many bars ahead.
        splits: Of the symbol: returns over one are those of what a share has become.
        reinvested: What payments would add to shares: returns over more than one session count them.

    Returns:
        One row per bar of `bars` that opens in the window: `open_time`; `known_at` (UTC), the end of the last bar that
        any of its labels looks at, later where one of these bars is known later; and for each horizon h `fwd_ret_<h>`,
        the ln of the close h bars later over this bar's. Null where the later bar is missing, or not there yet.
    """
    end = _after(interval, 1)
    known = pl.max_horizontal(end, "known_at") if "known_at" in bars.columns else end
    every = bars.select("open_time", "close", known_at=known)
    closes = every.select("open_time", later="close", known_then="known_at")
    found = every.filter(pl.col("open_time").is_between(window.start, window.end, closed="left"))
    last = pl.max_horizontal("known_at", _after(interval, max(horizons) + 1))
    table = found.select("open_time", "close", known_at=last)
    for horizon in horizons:
        ahead = table.select(open_time=_after(interval, horizon))
        later = ahead.join(closes, on="open_time", how="left", maintain_order="left")
        counted = [*splits, *(reinvested if interval.outlast_a_session(horizon) else ())]
        ratio = _shares(ahead["open_time"], counted) * later["later"] / pl.col("close")
        table = table.with_columns(
            pl.when(ratio > 0).then(ratio.log()).alias(_name(horizon)),
            pl.max_horizontal("known_at", later["known_then"]).alias("known_at"),
        )
    return table.drop("close").cast(label_schema(horizons))


def _after(interval: Interval, bars: int) -> pl.Expr:
    """The open so many bars later."""
    if interval.has_sessions:
        return mapped(lambda opens: interval.later(opens, bars))
    if interval.length is None:
        return pl.col("open_time").dt.offset_by(f"{bars}mo")
    return pl.col("open_time") + bars * interval.length


def _shares(ahead: pl.Series, splits: Sequence[SplitAt]) -> pl.Expr:
    """What a share has become by the opens of later bars."""
    found = pl.lit(1.0)
    for one in sorted(splits):
        is_between = (pl.col("open_time") < one.at) & pl.lit(ahead >= one.at)
        found = pl.when(is_between).then(found * one.ratio).otherwise(found)
    return found


def _name(horizon: int) -> str:
    return f"fwd_ret_{horizon}"
