"""Made-up bars: well behaved ones, and such as real markets send on their worst days."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from bcdata.interval import Interval
from bcdata.windows import Window

MINUTE = timedelta(minutes=1)
ONE_MINUTE = Interval.parse("1m")
START = datetime(2023, 2, 26, tzinfo=UTC)  # the month ends with the third day
PRICES = ("open", "high", "low", "close")
FLOWS = ("volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume")
QUOTE_FLOWS = ("quote_volume", "taker_buy_quote_volume")

_LOST = 0.002
"""The share of bars that is missing here and there."""


def complete(days: int = 4, *, start: datetime = START, seed: int = 0, interval: str = "1m") -> pl.DataFrame:
    """Bars without a hole, each with a range and with trades."""
    step = Interval.parse(interval).length
    if step is None:
        raise ValueError("months are no steps")
    rng = np.random.default_rng(seed)
    n = timedelta(days=days) // step
    close = 20_000 * np.exp(np.cumsum(rng.normal(0, 5e-4, n)))
    open_ = np.concatenate([[20_000], close[:-1]]) * np.exp(rng.normal(0, 1e-5, n))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0, 2e-4, n)) + 1e-6)
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0, 2e-4, n)) - 1e-6)
    volume, share, vwap = rng.lognormal(2, 1, n), rng.random(n), (high + low + close) / 3
    return pl.DataFrame(
        {
            "open_time": pl.Series([start + i * step for i in range(n)], dtype=pl.Datetime("us", "UTC")),
            "open": open_,
            "high": high,
            "low": low,
            "close": close,
            "volume": volume,
            "quote_volume": volume * vwap,
            "trades": rng.integers(1, 500, n),
            "taker_buy_volume": volume * share,
            "taker_buy_quote_volume": volume * share * vwap,
            "vwap": vwap,
            "source": ["made up"] * n,
        }
    )


def hostile(days: int = 6, *, start: datetime = START, seed: int = 0) -> pl.DataFrame:
    """One-minute bars on a tick grid with flat runs without volume, 30 % spikes, holes and outages."""
    calm = complete(days, start=start, seed=seed)
    rng = np.random.default_rng(seed + 1)
    n = calm.height
    factor = np.ones(n)
    factor[rng.integers(0, n, 5)] = rng.choice([0.7, 1.3], 5)
    prices = {name: np.round(calm[name].to_numpy() * factor, 1) for name in PRICES}
    quiet = np.zeros(n, dtype=bool)
    for begin, length in zip(rng.integers(0, n, 6), rng.integers(2, 400, 6), strict=True):
        held = prices["close"][begin]
        for name in PRICES:
            prices[name][begin : begin + length] = held
        quiet[begin : begin + length] = True
    flows = {name: np.where(quiet, 0.0, calm[name].to_numpy()) for name in FLOWS}
    keep = rng.random(n) > _LOST
    for begin, length in zip(rng.integers(0, n, 3), rng.integers(2, 200, 3), strict=True):
        keep[begin : begin + length] = False
    bars = calm.with_columns(
        *(pl.Series(name, values) for name, values in {**prices, **flows}.items()),
        trades=pl.Series(np.where(quiet, 0, calm["trades"].to_numpy())),
    )
    return bars.with_columns(vwap=(pl.col("quote_volume") / pl.col("volume")).fill_nan(None)).filter(keep)


def whole_window(bars: pl.DataFrame) -> Window:
    """The UTC days of the bars."""
    first, last = bars["open_time"][0], bars["open_time"][-1]
    start = first.replace(hour=0, minute=0)
    return Window(start, start + ((last - start) // timedelta(days=1) + 1) * timedelta(days=1))


def at(bars: pl.DataFrame, instant: datetime) -> int:
    """The row of the first bar at or after the instant."""
    return int(bars["open_time"].search_sorted(instant))
