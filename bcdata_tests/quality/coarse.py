"""Minutes of a market that moves, the hours and days of them, and lies about them."""

from collections.abc import Callable, Mapping
from datetime import date

import numpy as np
import polars as pl

from bcdata.bars.resample import aggregate
from bcdata.frames.schema import BAR, TIME
from bcdata.interval import Interval
from bcdata_tests.make import MINUTE, START

ONE = Interval.parse("1m")
HOUR, DAY = Interval.parse("1h"), Interval.parse("1d")
Lie = Callable[[pl.DataFrame], pl.DataFrame]


def minutes(days: int = 2, *, seed: int = 1, price: float = 100.0) -> pl.DataFrame:
    """Bars of a random walk from START on, consistent in themselves, every minute with trades."""
    random = np.random.default_rng(seed)
    count = days * 1440
    close = price * np.exp(np.cumsum(random.normal(0, 0.0005, count)))
    opened = np.concatenate(([price], close[:-1]))
    top, bottom = np.maximum(opened, close), np.minimum(opened, close)
    volume = np.round(random.lognormal(1, 1, count), 5)
    buys = np.round(volume * random.uniform(0.2, 0.8, count), 5)
    typical = (opened + close) / 2
    return pl.DataFrame(
        {
            "open_time": pl.Series([START + at * MINUTE for at in range(count)], dtype=TIME),
            "open": opened,
            "high": top * (1 + random.uniform(0, 0.0005, count)),
            "low": bottom * (1 - random.uniform(0, 0.0005, count)),
            "close": close,
            "volume": volume,
            "quote_volume": volume * typical,
            "trades": random.integers(1, 200, count),
            "taker_buy_volume": buys,
            "taker_buy_quote_volume": buys * typical,
        },
        schema=BAR,
    )


def hours_and_days(bars: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The genuine controls of the minutes."""
    return {one.name: aggregate(bars, one).select(BAR.names()) for one in (HOUR, DAY)}


def changed(bars: pl.DataFrame, where: pl.Expr, values: Mapping[str, pl.Expr]) -> pl.DataFrame:
    """The bars with other values in some rows."""
    cast = {name: pl.when(where).then(value).otherwise(name).cast(BAR[name]) for name, value in values.items()}
    return bars.with_columns(**cast)


def scaled(bars: pl.DataFrame, where: pl.Expr, **factors: float) -> pl.DataFrame:
    """The bars with some columns multiplied in some rows; `price` stands for all four prices."""
    factor = factors.pop("price", None)
    if factor is not None:
        factors |= dict.fromkeys(("open", "high", "low", "close"), factor)
    return changed(bars, where, {name: pl.col(name) * by for name, by in factors.items()})


def flat(bars: pl.DataFrame, where: pl.Expr) -> pl.DataFrame:
    """The bars with rows printed flat at the close before, and without trades."""
    last = pl.col("close").shift(1)
    prices = dict.fromkeys(("open", "high", "low", "close"), last)
    amounts = ("volume", "quote_volume", "trades", "taker_buy_volume", "taker_buy_quote_volume")
    # Row by row, so that a run of flat rows is flat at one price.
    held = changed(bars, where, dict.fromkeys(prices, pl.lit(None, dtype=pl.Float64)))
    held = held.with_columns(pl.col("close").forward_fill())
    filled = held.with_columns(**{name: pl.coalesce(name, "close") for name in ("open", "high", "low")})
    return changed(filled, where, dict.fromkeys(amounts, pl.lit(0)))


def on(day: date) -> pl.Expr:
    """The rows of a UTC day."""
    return pl.col("open_time").dt.date() == day


def in_hour(day: date, hour: int) -> pl.Expr:
    """The rows of an hour of a UTC day."""
    return on(day) & (pl.col("open_time").dt.hour() == hour)
