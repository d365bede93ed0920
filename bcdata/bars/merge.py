"""One truth per bar out of several sources, by precedence."""

from collections.abc import Sequence

import polars as pl

from bcdata.bars.known import with_known_at
from bcdata.frames.schema import BAR, FUNDING, PARSED_BAR, conform, merged_bar
from bcdata.intervals import SETTLEMENT_MINUTE, Interval

_NOTHING = pl.DataFrame(schema={**PARSED_BAR, "source": pl.String, "rank": pl.Int32})
"""What no source at all gives: a provider that is down leaves a dataset without a frame."""
_VALUES = [name for name in BAR.names() if name != "open_time"]


def merge(sources: Sequence[tuple[str, pl.DataFrame]]) -> pl.DataFrame:
    """Bars of all sources, one per open; where several have it, the source named first wins.

    Args:
        sources: (name, parsed bars) in order of precedence.

    Returns:
        Bars with `vwap` (quote currency; null where nothing was traded) and `source`, ascending by open. `known_at` is
        as in parsed: null where the bar is known at its end (`bcdata.bars.known`).
    """
    frames = [
        conform(frame, PARSED_BAR).with_columns(pl.lit(name).alias("source"), pl.lit(rank).alias("rank"))
        for rank, (name, frame) in enumerate(sources)
    ]
    rows = pl.concat([_NOTHING, *frames])
    if len([frame for frame in frames if frame.height]) > 1:
        rows = rows.sort("open_time", "rank").unique("open_time", keep="first", maintain_order=True)
    vwap = pl.when(pl.col("volume") != 0).then(pl.col("quote_volume") / pl.col("volume"))
    return conform(rows.with_columns(vwap.alias("vwap")), merged_bar(funding=False))


def disagreements(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    """The bars that both frames hold with different values: opens, and both closes and volumes."""
    both = first.join(second, on="open_time", how="inner", suffix="_other")
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_other")) for name in _VALUES)
    return both.filter(differs).select("open_time", "close", "close_other", "volume", "volume_other")


def join_funding(bars: pl.DataFrame, funding: pl.DataFrame, interval: Interval) -> pl.DataFrame:
    """Adds `funding_rate`: what was settled in [open, open + interval), summed; null where nothing was.

    A settlement belongs to the bar that opens at its minute: whoever holds at that open pays. It is known at the end
    of that minute, and so is the bar at the earliest.
    """
    if interval.length is None:
        opens = pl.col("time").dt.truncate("1mo")
    else:
        step = int(interval.length.total_seconds() * 1_000_000)
        anchor = pl.lit(interval.anchor).cast(FUNDING["time"])
        since = (pl.col("time") - anchor).dt.total_microseconds()
        opens = anchor + pl.duration(microseconds=since // step * step)
    settled = funding.group_by(opens.alias("open_time")).agg(
        pl.col("funding_rate").sum(), settled_at=pl.col("time").max() + SETTLEMENT_MINUTE
    )
    joined = with_known_at(bars, interval).join(settled, on="open_time", how="left", maintain_order="left")
    known = pl.max_horizontal("known_at", "settled_at").alias("known_at")
    return conform(joined.with_columns(known), merged_bar(funding=True))
