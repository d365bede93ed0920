"""Bars of a coarser interval out of finer ones, and whether two such series agree."""

import polars as pl

from bcdata.frames.schema import BAR
from bcdata.intervals import Interval

EXACT = ("open", "high", "low", "close", "trades")
FLOWS = ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
FLOW_TOLERANCE = 1e-12
"""Relative. Sums of floats depend on their order; rounding to eight decimals does not help (semantics)."""


def aggregate(bars: pl.DataFrame, interval: Interval) -> pl.DataFrame:
    """Bars of the coarser interval with `bars`, the number of finer bars in each, ascending by open (UTC).

    Open is the first bar's, close the last's, flows are sums; nothing is invented for windows without bars.
    """
    coarse = (
        bars.sort("open_time")
        .group_by_dynamic("open_time", every=_every(interval))
        .agg(
            pl.col("open").first(),
            pl.col("high").max(),
            pl.col("low").min(),
            pl.col("close").last(),
            *[pl.col(name).sum() for name in (*FLOWS, "trades")],
            pl.len().cast(pl.Int64).alias("bars"),
        )
    )
    return coarse.select(*BAR.names(), "bars")


def disagree(coarse: pl.DataFrame, fine: pl.DataFrame, interval: Interval, *, complete: int) -> pl.DataFrame:
    """Coarser bars that differ from the aggregate of the finer, where all `complete` finer bars are there.

    Open, high, low, close and trade counts must be equal, flows to a relative 1e-12.
    """
    sums = aggregate(fine, interval).filter(pl.col("bars") == complete)
    both = coarse.join(sums, on="open_time", how="inner", suffix="_sum")
    exact = [pl.col(name).ne_missing(pl.col(f"{name}_sum")) for name in EXACT]
    flows = [
        (pl.col(name) - pl.col(f"{name}_sum")).abs()
        > FLOW_TOLERANCE * pl.max_horizontal(pl.col(name).abs(), pl.col(f"{name}_sum").abs())
        for name in FLOWS
    ]
    return both.filter(pl.any_horizontal(*exact, *flows))


def _every(interval: Interval) -> str:
    """The interval in polars' words: weeks start on Monday, everything else on multiples since the epoch."""
    if interval.length is None or interval.name.endswith("w"):
        return interval.name
    return f"{int(interval.length.total_seconds())}s"
