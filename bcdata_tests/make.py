"""Small frames for tests: bars by open time, with values that pass every rule unless told otherwise."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from bcdata.frames.schema import BAR, TIME

START = datetime(2023, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def opens(count: int, *, start: datetime = START, step: timedelta = MINUTE) -> pl.Series:
    """So many consecutive opens."""
    return pl.Series("open_time", [start + at * step for at in range(count)], dtype=TIME)


def bars(at: pl.Series | Sequence[datetime], *, price: float = 100.0) -> pl.DataFrame:
    """Sound bars at these opens; every bar differs a little from the one before."""
    times = at if isinstance(at, pl.Series) else pl.Series("open_time", list(at), dtype=TIME)
    n = pl.int_range(pl.len()).cast(pl.Float64)
    return (
        times.rename("open_time")
        .to_frame()
        .with_columns(
            open=price + n % 7,
            high=price + n % 7 + 2,
            low=price + n % 7 - 1,
            close=price + n % 7 + 1,
            volume=1 + n % 5,
        )
        .with_columns(
            quote_volume=pl.col("volume") * pl.col("open"),
            trades=pl.lit(3, dtype=pl.Int64),
            taker_buy_volume=pl.col("volume") / 2,
            taker_buy_quote_volume=pl.col("volume") * pl.col("open") / 2,
        )
        .select(BAR.names())
    )


def raw(frame: pl.DataFrame, *, length: timedelta = MINUTE) -> pl.DataFrame:
    """Bars as raw rows of one daily object: times in µs, with the window of the whole month."""
    start = pl.col("open_time").cast(pl.Int64)
    month = pl.Series([START, datetime(2023, 4, 1, tzinfo=UTC)], dtype=TIME).cast(pl.Int64)
    return frame.with_columns(
        start,
        close_time=start + int(length.total_seconds() * 1e6) - 1,
        object=pl.lit(0, dtype=pl.Int64),
        line=pl.int_range(pl.len()),
        from_us=pl.lit(month[0]),
        to_us=pl.lit(month[1]),
        rank=pl.lit(0, dtype=pl.Int64),
    )
