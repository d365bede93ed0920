"""The profile of a session: how much a market that opens and closes moves at which time after its open."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import polars as pl

from bcdata.errors import UsageError
from bcdata.features.seasonality import BUCKET, DAYS, MISSING, SCHEMA, known_before
from bcdata.features.table.context import SplitAt
from bcdata.features.table.grid import FloatArray, IntArray, lag, log_ratio, microseconds
from bcdata.features.table.placing import placed
from bcdata.features.table.splits import unsplit_before
from bcdata.interval import EPOCH, Interval
from bcdata.windows import Window

_MICROSECOND = timedelta(microseconds=1)


def session_window(window: Window, interval: Interval) -> Window:
    """The bars to read for the profiles of the sessions that open in a window: 20 sessions before, and one bar more."""
    daily = interval.of("1d")
    first = daily.later(np.array([microseconds(daily.ceil(window.start))]), -DAYS)
    return Window(interval.before(EPOCH + int(first[0]) * _MICROSECOND, 0, 0), window.end)


def session_profile(
    bars: pl.DataFrame, *, window: Window, interval: Interval, splits: Sequence[SplitAt] = ()
) -> pl.DataFrame:
    """The profile of every session that opens in the window, from the 20 sessions before it and nothing later.

    Buckets are of a quarter of an hour and count from the open, and from the end of each break; the last one before a
    break or the close may be shorter. The first bar's return is that over the time in which the market was closed.

    Args:
        bars: Merged bars of one symbol, ascending by `open_time` (µs, UTC) and unique; missing bars are not rows.
        window: Half-open, UTC.
        interval: The length of the bars, of a market with sessions: at most a quarter of an hour, and a part of it.
        splits: Of the symbol: returns over one are those of what a share has become.

    Returns:
        One row per session and bucket, as `volatility_profile`: `open_time` of the bucket; `known_at`, the session's
        open, or later; `sigma` of the returns in the same bucket of the 20 sessions before; `relative`, sigma over the
        root of the mean of the session's sigma². Null where more than a tenth of the returns that are expected are
        missing, or none is expected.

    Raises:
        UsageError: buckets do not hold whole bars, or the calendar does not reach so far.
    """
    if not interval.fills(BUCKET):
        raise UsageError(f"a profile has buckets of 15 minutes, which bars of {interval.name} do not fill; take 1m")
    daily, quarters = interval.of("1d"), interval.of("15m")
    of_window = daily.opens(window)
    if not of_window.size:
        return pl.DataFrame(schema=SCHEMA)
    before = [daily.later(of_window[:1], -back) for back in range(DAYS, 0, -1)]
    sessions = np.concatenate([*before, of_window])
    end = int(daily.ends(sessions[-1:])[0])
    begin = EPOCH + int(sessions[0]) * _MICROSECOND
    reach = Window(interval.before(begin, 0, 0), EPOCH + end * _MICROSECOND)
    opens = interval.opens(reach)
    close = placed(bars, opens, {"close"})["close"]
    closes_before = unsplit_before(lag(close, 1), opens, splits)
    returns, opens = log_ratio(close, closes_before)[1:], opens[1:]
    buckets = quarters.opens(Window(begin, reach.end))
    first = np.searchsorted(buckets, sessions)
    at = np.searchsorted(buckets, opens, side="right") - 1
    session = np.searchsorted(sessions, opens, side="right") - 1
    most = int(np.diff(first, append=buckets.size).max())
    totals = _totals(returns, session, at - first[session], sessions.size, most)
    sigma = _sigma(*totals)
    there = totals[2][DAYS:] > 0
    relative = _relative(sigma, there)
    known = known_before(bars, of_window[:, None])
    row, number = np.nonzero(there)
    columns = {
        "open_time": buckets[first[DAYS:][row] + number],
        "known_at": known[row, 0],
        "sigma": sigma[row, number],
        "relative": relative[row, number],
    }
    frame = pl.DataFrame(columns).with_columns(pl.col("sigma", "relative").fill_nan(None))
    return frame.with_columns(pl.col("open_time", "known_at").cast(SCHEMA["open_time"])).select(SCHEMA.names())


def _totals(
    returns: FloatArray, session: IntArray, bucket: IntArray, sessions: int, most: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Σr², how many there are, and how many are expected, of each session and bucket; added in the order of time."""
    there = np.isfinite(returns)
    squares, counts, expected = (np.zeros((sessions, most)) for _ in range(3))
    np.add.at(squares, (session, bucket), np.where(there, returns, 0.0) ** 2)
    np.add.at(counts, (session, bucket), there.astype(np.float64))
    np.add.at(expected, (session, bucket), 1.0)
    return squares, counts, expected


def _sigma(squares: FloatArray, counts: FloatArray, expected: FloatArray) -> FloatArray:
    """√(mean r²) of the 20 sessions before each; NaN where too few are there."""
    size = len(squares) - DAYS
    total, count, wanted = (np.zeros((size, squares.shape[1])) for _ in range(3))
    for back in range(DAYS):
        total += squares[back : back + size]
        count += counts[back : back + size]
        wanted += expected[back : back + size]
    enough = (wanted > 0) & (count >= wanted - wanted // MISSING)
    return np.sqrt(np.divide(total, count, out=np.full_like(total, np.nan), where=enough & (count > 0)))


def _relative(sigma: FloatArray, there: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> FloatArray:
    """Sigma over the root of the mean of a session's sigma²; NaN where one of its buckets is, or nothing moves."""
    total = np.zeros(len(sigma))
    for bucket in range(sigma.shape[1]):
        total += np.where(there[:, bucket], sigma[:, bucket], 0.0) ** 2
    overall = np.sqrt(total / there.sum(axis=1))[:, None]
    found: FloatArray = np.divide(sigma, overall, out=np.full_like(sigma, np.nan), where=overall > 0)
    return found
