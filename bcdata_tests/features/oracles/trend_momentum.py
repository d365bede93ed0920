"""Trend & Momentum, by brute force; recursions by scipy's filter over the bars of one run."""

import statistics
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter
from scipy.stats import linregress

from bcdata_tests.features.oracles.history import History, log_of, log_return

Array = npt.NDArray[np.float64]


def column(h: History, opens: list[int], name: str) -> Array:
    """One value for every open, NaN where there is no bar."""
    return np.array([getattr(h.bars[at], name) if at in h.bars else np.nan for at in opens])


def ema(values: Array, alpha: float) -> Array:
    """Seeded with the first value; where a value is missing, that of the bar before."""
    there = np.isfinite(values)
    if not there.any():
        return values
    packed = values[there]
    smooth, _ = lfilter([alpha], [1.0, alpha - 1.0], packed, zi=[(1.0 - alpha) * packed[0]])
    seen = np.cumsum(there)
    return np.where(seen > 0, smooth[seen - 1], np.nan)


def before(values: Array) -> Array:
    return np.concatenate([[np.nan], values[:-1]])


def last(values: Array) -> float | None:
    return float(values[-1]) if np.isfinite(values[-1]) else None


def sma_ratio_60(h: History, t: int) -> float | None:
    opens = h.last(t, 60)
    return None if opens is None else h.bars[t].close / statistics.fmean(h.bars[at].close for at in opens) - 1


def ppo_12_26(h: History, t: int) -> float | None:
    opens = h.day_run(t, 270)
    if opens is None:
        return None
    close = column(h, opens, "close")
    slow = ema(close, 2 / 27)
    return last(100 * (ema(close, 2 / 13) - slow) / slow)


def macd_hist(h: History, t: int) -> float | None:
    opens = h.day_run(t, 400)
    if opens is None:
        return None
    close = column(h, opens, "close")
    # Means of what is left of the first close, so that little of the price's digits is lost.
    moved = close - close[0]
    line = np.where(np.isfinite(close), ema(moved, 2 / 13) - ema(moved, 2 / 27), np.nan)
    return last((line - ema(line, 0.2)) / close)


def directional(h: History, opens: list[int]) -> tuple[Array, Array, Array]:
    """Wilder's +DM, -DM and true range of every bar whose predecessor is there."""
    high, low, close = (column(h, opens, name) for name in ("high", "low", "close"))
    rise, fall = high - before(high), before(low) - low
    known = np.isfinite(rise)
    up = np.where(known, np.where((rise > fall) & (rise > 0), rise, 0.0), np.nan)
    down = np.where(known, np.where((fall > rise) & (fall > 0), fall, 0.0), np.nan)
    spans = high - low, np.abs(high - before(close)), np.abs(low - before(close))
    return up, down, np.where(known, np.fmax(np.fmax(*spans[:2]), spans[2]), np.nan)


def adx_14(h: History, t: int) -> float | None:
    opens = h.day_run(t, 400)
    if opens is None:
        return None
    moves = directional(h, opens)
    up, down, _ = (ema(values, 1 / 14) for values in moves)
    with np.errstate(invalid="ignore"):
        share = 100 * np.abs(up - down) / (up + down)
    return last(ema(np.where(np.isfinite(moves[0]), share, np.nan), 1 / 14))


def di_diff_14(h: History, t: int) -> float | None:
    opens = h.day_run(t, 300)
    if opens is None:
        return None
    up, down, reach = (ema(values, 1 / 14) for values in directional(h, opens))
    return float(100 * up[-1] / reach[-1] - 100 * down[-1] / reach[-1]) if reach[-1] > 0 else None


def aroon_osc_25(h: History, t: int) -> float | None:
    opens = h.last(t, 26)
    if opens is None:
        return None
    highest = max(opens, key=lambda at: (h.bars[at].high, at))
    lowest = min(opens, key=lambda at: (h.bars[at].low, -at))
    return 100 * (highest - lowest) / h.step / 25


def fit(h: History, t: int, n: int) -> tuple[float, float] | None:
    """Slope and squared correlation of the log closes on their numbers; flat: the slope is 0, and the other NaN."""

    def point(at: int) -> tuple[int, float] | None:
        log = log_of(h.bars[at].close, 1.0) if at in h.bars else None
        return None if log is None else ((at - t) // h.step, log)

    points = h.window(t, n, point)
    if points is None:
        return None
    if len({log for _, log in points}) == 1:
        return 0.0, np.nan
    line = linregress(*zip(*points, strict=True))
    return line.slope, line.rvalue**2


def slope_60(h: History, t: int) -> float | None:
    line = fit(h, t, 60)
    return None if line is None else line[0]


def r2_60(h: History, t: int) -> float | None:
    line = fit(h, t, 60)
    return None if line is None or np.isnan(line[1]) else line[1]


def tsmom_1440(h: History, t: int) -> float | None:
    returns = h.window(t - h.step, 1440, lambda at: log_return(h, at))
    moved = log_return(h, t, 1440)
    if returns is None or moved is None:
        return None
    sigma = float(np.std(returns, ddof=1))
    return moved / (sigma * 1440**0.5) if sigma > 1e-14 else None


def efficiency_60(h: History, t: int) -> float | None:
    first, opens = h.back(t, 60), h.last(t, 60)
    if first is None or opens is None:
        return None
    closes = [first.close, *(h.bars[at].close for at in opens)]
    path = sum(abs(b - a) for a, b in pairwise(closes))
    return abs(closes[-1] - closes[0]) / path if path else None


ORACLES = {
    oracle.__name__: oracle
    for oracle in (
        *(sma_ratio_60, ppo_12_26, macd_hist, adx_14, di_diff_14, aroon_osc_25),
        *(slope_60, r2_60, tsmom_1440, efficiency_60),
    )
}
