"""Regime, by brute force: numpy over the bars of one window."""

import math

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from bcdata_tests.features.oracles.history import History, log_return
from bcdata_tests.features.oracles.trend_momentum import adx_14, slope_60

Array = npt.NDArray[np.float64]


def returns(h: History, opens: list[int]) -> Array:
    """The log return at every open, NaN where there is none."""
    found = (log_return(h, at) for at in opens)
    return np.array([np.nan if r is None else r for r in found])


def variances(h: History, t: int, n: int, count: int) -> Array:
    """The mean square of the last n returns, at the last `count` opens; NaN where the window is not whole."""
    windows = np.lib.stride_tricks.sliding_window_view(returns(h, h.opens(t, n + count - 1)), n)
    there = np.isfinite(windows)
    whole = there[:, 0] & (there.sum(axis=1) >= n - n // 10)
    squares = np.where(there, windows, 0.0) ** 2
    return np.where(whole, squares.sum(axis=1) / np.maximum(there.sum(axis=1), 1), np.nan)


def vol_pctile_1440(h: History, t: int) -> float | None:
    window = variances(h, t, 60, 1440)
    there = np.isfinite(window)
    if not there[-1] or not there[0] or (~there).sum() > 144:
        return None
    # Single precision: the same moves in another order are the same variance.
    return float((rankdata(window[there].astype(np.float32))[-1] - 1) / (there.sum() - 1))


def vol_term(h: History, t: int) -> float | None:
    short, long = (float(variances(h, t, n, 1)[0]) for n in (60, 1440))
    return math.sqrt(short / long) if long > 0 and math.isfinite(short) else None


def trend_state(h: History, t: int) -> float | None:
    strength, slope = adx_14(h, t), slope_60(h, t)
    if strength is None or slope is None:
        return None
    return float(np.sign(slope)) if strength > 25 else 0.0


def choppiness_14(h: History, t: int) -> float | None:
    def true_range(at: int) -> float | None:
        bar, older = h.bars.get(at), h.back(at, 1)
        if bar is None or older is None:
            return None
        return max(bar.high - bar.low, abs(bar.high - older.close), abs(bar.low - older.close))

    ranges, opens = h.window(t, 14, true_range), h.last(t, 14)
    if ranges is None or opens is None:
        return None
    reach = max(h.bars[at].high for at in opens) - min(h.bars[at].low for at in opens)
    path = 14 * math.fsum(ranges) / len(ranges)
    return 100 * max(0.0, math.log10(path / reach)) / math.log10(14) if reach > 0 else None


ORACLES = {oracle.__name__: oracle for oracle in (vol_pctile_1440, vol_term, trend_state, choppiness_14)}
