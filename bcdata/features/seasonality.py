"""How much a market moves at which time of day: deviation of returns by quarters of an hour, over the 20 days before.

A table of its own, small (96 rows a day). To scale by the root of time takes all minutes of a day for alike: divide by
`relative` what is to be compared across the day. Over twenty days the deviation of one minute is known to 16 %, that of
fifteen to 4 %.
"""

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from bcdata.errors import UsageError
from bcdata.features.table.grid import DAY, FloatArray, IntArray, lag, log_ratio
from bcdata.features.table.placing import placed
from bcdata.interval import QUARTER_HOUR, Interval
from bcdata.windows import Window

DAYS = 20
BUCKET = QUARTER_HOUR
MISSING = 10
"""One in so many returns of a bucket may be missing."""
_TIME = pl.Datetime("us", "UTC")

SCHEMA = pl.Schema({"open_time": _TIME, "known_at": _TIME, "sigma": pl.Float64(), "relative": pl.Float64()})


def profile_window(window: Window, interval: Interval) -> Window:
    """The bars to read for the profiles of the window's UTC days: 20 days before them, and one bar more."""
    midnight = window.start.replace(hour=0, minute=0, second=0, microsecond=0)
    return Window(midnight - timedelta(days=DAYS) - _length(interval), window.end)


def volatility_profile(bars: pl.DataFrame, *, window: Window, interval: Interval) -> pl.DataFrame:
    """The profile of every UTC day in the window, from the 20 days before it and nothing later.

    Args:
        bars: Merged bars of one symbol, ascending by `open_time` (µs, UTC) and unique; missing bars are not rows.
        window: Whole UTC days.
        interval: The length of the bars: at most a quarter of an hour, and a part of it.

    Returns:
        One row per day and bucket: `open_time` of the bucket on that day; `known_at`, the day's midnight (UTC), later
        where a bar of the 20 days before is known later;
        `sigma`, √(mean r²) of the log returns of bars that opened in the bucket on the 20 days before, per bar and not
        annualised; `relative`, sigma over the root of the mean of all buckets' sigma²: 1 where all times of day are
        alike. Null where more than a tenth of a bucket's returns is missing; `relative` where any bucket is null, or
        no price has moved.

    Raises:
        UsageError: buckets do not hold whole bars, or the window is not whole days.
    """
    per_bucket = BUCKET // _length(interval)
    opens = interval.opens(profile_window(window, interval))
    close = placed(bars, opens, {"close"})["close"]
    returns = log_ratio(close, lag(close, 1))[1:]
    if opens.size % (DAY // (opens[1] - opens[0])) != 1:
        raise UsageError(f"a profile is one of whole UTC days; {window.start} to {window.end} are not")
    squares, counts = _by_bucket(returns.reshape(-1, DAY // (BUCKET // timedelta(microseconds=1)), per_bucket))
    sigma = _sigma(squares, counts, DAYS * per_bucket)
    mean = np.zeros(len(sigma))
    for bucket in range(sigma.shape[1]):
        mean += sigma[:, bucket] ** 2
    overall = np.sqrt(mean / sigma.shape[1])[:, None]
    relative = np.divide(sigma, overall, out=np.full_like(sigma, np.nan), where=overall > 0)
    midnights = opens[1:].reshape(len(squares), -1)[DAYS:, :1]
    return _table(midnights, known_before(bars, midnights), sigma, relative)


def known_before(bars: pl.DataFrame, midnights: IntArray) -> IntArray:
    """For each day (its midnight, µs) when all bars before it are known.

    A bar is known less than two intervals after its open (`bcdata.bars.known`), so that whether older ones are among
    the bars makes no difference.
    """
    if "known_at" not in bars.columns or bars.is_empty():
        return midnights
    latest = np.maximum.accumulate(bars["known_at"].to_physical().to_numpy())
    before = np.searchsorted(bars["open_time"].to_physical().to_numpy(), midnights[:, 0])
    known: IntArray = np.where(before > 0, latest[before - 1], 0)[:, None]
    return np.maximum(midnights, known)


def _length(interval: Interval) -> timedelta:
    if interval.length is None or not interval.fills(BUCKET):
        raise UsageError(
            f"a profile has buckets of 15 minutes, which bars of {interval.name} do not fill; take 1m or 5m"
        )
    return interval.length


def _by_bucket(returns: npt.NDArray[np.float64]) -> tuple[FloatArray, FloatArray]:
    """Σr² and how many there are, of each day and bucket; added bar by bar, in the order of time."""
    there = np.isfinite(returns)
    square = np.where(there, returns, 0.0) ** 2
    total = np.zeros(returns.shape[:2])
    for bar in range(returns.shape[2]):
        total += square[:, :, bar]
    return total, there.sum(axis=2).astype(np.float64)


def _sigma(squares: FloatArray, counts: FloatArray, expected: int) -> FloatArray:
    """√(mean r²) of the 20 days before each day; NaN where too few are there."""
    days = len(squares) - DAYS
    total, count = np.zeros((days, squares.shape[1])), np.zeros((days, squares.shape[1]))
    for back in range(DAYS):
        total += squares[back : back + days]
        count += counts[back : back + days]
    enough = count >= expected - expected // MISSING
    return np.sqrt(np.divide(total, count, out=np.full_like(total, np.nan), where=enough))


def _table(midnights: IntArray, known: IntArray, sigma: FloatArray, relative: FloatArray) -> pl.DataFrame:
    starts = np.arange(sigma.shape[1]) * (BUCKET // timedelta(microseconds=1))
    known_at = np.broadcast_to(known, sigma.shape)
    columns = {"open_time": midnights + starts, "known_at": known_at, "sigma": sigma, "relative": relative}
    frame = pl.DataFrame({name: values.ravel() for name, values in columns.items()})
    return frame.with_columns(pl.col("sigma", "relative").fill_nan(None)).select(
        pl.col("open_time", "known_at").cast(pl.Datetime("us")).dt.replace_time_zone("UTC"), "sigma", "relative"
    )
