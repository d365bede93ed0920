"""Indicators of several coupled recursions, each in one pass over the runs of `bcdata.features.runs`.

Common to all:

    spans    int64, shape (3, runs): the rows at which a run, its day, and the next day begin
    sound    which rows have a value
    alpha    weight of the newest value; the first value is the seed

A bar that is missing, or whose predecessor is where a difference is asked for, leaves every state as it is.
"""

import math

import numpy as np

from bcdata.features.grid import FloatArray, IntArray
from bcdata.features.kernels import compiled
from bcdata.features.runs import BoolArray


@compiled
def _toward(state: float, value: float, alpha: float) -> float:
    """The next state of an exponential mean; the value itself where there is none yet."""
    return value if math.isnan(state) else state + alpha * (value - state)


@compiled
def averages(close: FloatArray, spans: IntArray, sound: BoolArray, alphas: FloatArray) -> FloatArray:
    """Fast mean, slow mean, and the mean of their difference; shape (3, rows), one alpha each."""
    out = np.full((3, close.size), np.nan)
    for run in range(spans.shape[1]):
        fast = slow = signal = math.nan
        for row in range(spans[0, run], spans[2, run]):
            if not np.isfinite(close[row]):
                continue
            fast = _toward(fast, close[row], alphas[0])
            slow = _toward(slow, close[row], alphas[1])
            signal = _toward(signal, fast - slow, alphas[2])
            if row >= spans[1, run] and sound[row]:
                out[0, row], out[1, row], out[2, row] = fast, slow, signal
    return out


@compiled
def strength(close: FloatArray, spans: IntArray, sound: BoolArray, alpha: float) -> FloatArray:
    """100 · mean gain / (mean gain + mean loss); one per row, NaN where both are 0."""
    out = np.full(close.size, np.nan)
    for run in range(spans.shape[1]):
        gain = loss = math.nan
        for row in range(spans[0, run] + 1, spans[2, run]):
            change = close[row] - close[row - 1]
            if np.isfinite(change):
                gain = _toward(gain, max(change, 0.0), alpha)
                loss = _toward(loss, max(-change, 0.0), alpha)
            if row >= spans[1, run] and sound[row] and gain + loss > 0.0:
                out[row] = 100.0 * (gain / (gain + loss))
    return out


@compiled
def true_ranges(prices: FloatArray, spans: IntArray, sound: BoolArray, alpha: float) -> FloatArray:
    """The mean true range; one per row. `prices` are high, low and close, shape (3, rows)."""
    out = np.full(sound.size, np.nan)
    high, low, close = prices[0], prices[1], prices[2]
    for run in range(spans.shape[1]):
        reach = math.nan
        for row in range(spans[0, run] + 1, spans[2, run]):
            before = close[row - 1]
            if np.isfinite(high[row] + low[row] + before):
                reach = _toward(reach, max(high[row], before) - min(low[row], before), alpha)
            if row >= spans[1, run] and sound[row]:
                out[row] = reach
    return out


@compiled
def directional(prices: FloatArray, spans: IntArray, sound: BoolArray, alpha: float) -> FloatArray:
    """Wilder's ADX, and +DI less -DI; shape (2, rows). `prices` are high, low and close, shape (3, rows)."""
    out = np.full((2, sound.size), np.nan)
    high, low, close = prices[0], prices[1], prices[2]
    for run in range(spans.shape[1]):
        up = down = reach = trend = math.nan
        for row in range(spans[0, run] + 1, spans[2, run]):
            rise, fall, before = high[row] - high[row - 1], low[row - 1] - low[row], close[row - 1]
            if np.isfinite(rise + fall + before):
                up = _toward(up, rise if rise > max(fall, 0.0) else 0.0, alpha)
                down = _toward(down, fall if fall > max(rise, 0.0) else 0.0, alpha)
                reach = _toward(reach, max(high[row], before) - min(low[row], before), alpha)
                if up + down > 0.0:
                    trend = _toward(trend, 100.0 * (abs(up - down) / (up + down)), alpha)
            if row >= spans[1, run] and sound[row] and reach > 0.0:
                out[0, row] = trend
                out[1, row] = min(max(100.0 * ((up - down) / reach), -100.0), 100.0)
    return out
