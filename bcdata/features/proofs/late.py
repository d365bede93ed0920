"""What comes in its own time: settlements, missing ones and ones out of turn among them, and bars that end late."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from bcdata.interval import Interval, settlement_intervals

_HOUR = timedelta(hours=1)
_EXTRA, _LOST, _TARDY = 0.05, 0.04, 0.02


def in_force(sent: pl.DataFrame, since: datetime | None) -> pl.DataFrame:
    """The settlements with the interval of each, which follows from all that were sent up to it."""
    hours = settlement_intervals(sent["time"].to_physical().to_list(), [None] * sent.height)
    labelled = sent.with_columns(interval_hours=pl.Series(hours, dtype=pl.Int64))
    return labelled if since is None else labelled.filter(pl.col("time") >= since)


def settlements(start: datetime, end: datetime, seed: int) -> pl.DataFrame:
    """Settlements every eight hours, and for the last two days every four."""
    times, rng = [], np.random.default_rng(seed)
    while start < end:
        times.append(start)
        start += (4 if end - start <= timedelta(days=2) else 8) * _HOUR
    return pl.DataFrame(
        {
            "time": pl.Series(times, dtype=pl.Datetime("us", "UTC")),
            "funding_rate": rng.normal(1e-4, 1e-4, len(times)),
        }
    )


def irregular(settled: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Settlements of which some are missing, and to which extra ones come, on the hour and off it."""
    rng = np.random.default_rng(seed)
    after = pl.Series(rng.choice([60, 120, 187], settled.height) * 60_000_000).cast(pl.Duration("us"))
    out_of_turn = settled.with_columns(pl.col("time") + after, pl.col("funding_rate") * 2)
    extra = out_of_turn.filter(pl.Series(rng.random(settled.height) < _EXTRA))
    kept = settled.filter(pl.Series(rng.random(settled.height) > _LOST))
    return pl.concat([kept, extra]).unique("time", keep="first").sort("time")


def tardy(bars: pl.DataFrame, interval: Interval, seed: int) -> pl.DataFrame:
    """Bars of which some ended up to half an interval later than their calendar says."""
    rng = np.random.default_rng(seed)
    length = interval.length or timedelta()
    late = np.where(rng.random(bars.height) < _TARDY, rng.random(bars.height) * (length / 2).total_seconds() * 1e6, 0)
    extra = pl.Series(late.astype(np.int64)).cast(pl.Duration("us"))
    return bars.with_columns(known_at=pl.col("open_time") + length + extra)
