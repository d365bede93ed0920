"""Indicators of several coupled recursions, each in one pass over the runs of `bcdata.features.runs`.

Common to all:

    prices   high, low and close, one per row
    runs     `bcdata.features.runs.Paired`: a row that is not sound is NaN
    alpha    weight of the newest value; the first value is the seed

A bar that is missing, or whose predecessor is where a difference is asked for, leaves every state as it is. A step of
a recursion waits for the one before it: so two runs go side by side, of which neither waits for the other.
"""

import math

import numpy as np

from bcdata.features.kernels import compiled
from bcdata.features.runs import BoolArray, PairedRuns
from bcdata.features.table.grid import FloatArray, Prices

_Two = tuple[float, float]
_Three = tuple[float, float, float]


@compiled
def _toward(state: float, value: float, alpha: float) -> float:
    """The next state of an exponential mean; the value itself where there is none yet."""
    return value if math.isnan(state) else state + alpha * (value - state)


@compiled
def _masked(values: FloatArray, sound: BoolArray) -> FloatArray:
    """The values of the rows that have one."""
    for row in range(values.size):
        values[row] = values[row] if sound[row] else np.nan
    return values


@compiled
def _of_run(prices: Prices, start: int, size: int) -> Prices:
    """The part of the prices that a run covers."""
    high, low, close = prices
    return high[start : start + size], low[start : start + size], close[start : start + size]


@compiled
def _averaged(means: _Two, value: float, fast: float, slow: float) -> _Two:
    """Fast and slow mean."""
    if not abs(value) < np.inf:
        return means
    return _toward(means[0], value, fast), _toward(means[1], value, slow)


@compiled
def price_oscillator(close: FloatArray, runs: PairedRuns, fast: float, slow: float) -> FloatArray:
    """100 · (fast mean / slow mean - 1), from an alpha each; one per row."""
    out = np.empty(close.size)
    for pair in range(runs.pairs.shape[0]):
        a, b, size = runs.pairs[pair]
        x, y, above, below = close[a : a + size], close[b : b + size], out[a : a + size], out[b : b + size]
        one = two = (math.nan, math.nan)
        for k in range(size):
            one, two = _averaged(one, x[k], fast, slow), _averaged(two, y[k], fast, slow)
            if k >= runs.length:
                above[k] = 100.0 * ((one[0] - one[1]) / one[1])
                below[k] = 100.0 * ((two[0] - two[1]) / two[1])
    return _masked(out, runs.sound)


@compiled
def _converged(means: _Three, value: float, fast: float, slow: float, signal: float) -> _Three:
    """Fast mean, slow mean, and the mean of their difference."""
    if not abs(value) < np.inf:
        return means
    near, far = _toward(means[0], value, fast), _toward(means[1], value, slow)
    return near, far, _toward(means[2], near - far, signal)


@compiled
def convergence(close: FloatArray, runs: PairedRuns, fast: float, slow: float, signal: float) -> FloatArray:
    """(fast mean - slow mean - the mean of that) / close, from an alpha each; one per row."""
    out = np.empty(close.size)
    for pair in range(runs.pairs.shape[0]):
        a, b, size = runs.pairs[pair]
        x, y, above, below = close[a : a + size], close[b : b + size], out[a : a + size], out[b : b + size]
        one = two = (math.nan, math.nan, math.nan)
        for k in range(size):
            one, two = _converged(one, x[k], fast, slow, signal), _converged(two, y[k], fast, slow, signal)
            if k >= runs.length:
                above[k] = (one[0] - one[1] - one[2]) / x[k]
                below[k] = (two[0] - two[1] - two[2]) / y[k]
    return _masked(out, runs.sound)


@compiled
def _moved(means: _Two, change: float, alpha: float) -> _Two:
    """Mean gain and mean loss."""
    if not abs(change) < np.inf:
        return means
    return _toward(means[0], max(change, 0.0), alpha), _toward(means[1], max(-change, 0.0), alpha)


@compiled
def _share(means: _Two) -> float:
    """The first in percent of both; NaN where both are 0."""
    return 100.0 * (means[0] / (means[0] + means[1])) if means[0] + means[1] > 0.0 else np.nan


@compiled
def strength(close: FloatArray, runs: PairedRuns, alpha: float) -> FloatArray:
    """100 · mean gain / (mean gain + mean loss); one per row, NaN where both are 0."""
    out = np.empty(close.size)
    for pair in range(runs.pairs.shape[0]):
        a, b, size = runs.pairs[pair]
        x, y, above, below = close[a : a + size], close[b : b + size], out[a : a + size], out[b : b + size]
        one = two = (math.nan, math.nan)
        for k in range(1, size):
            one, two = _moved(one, x[k] - x[k - 1], alpha), _moved(two, y[k] - y[k - 1], alpha)
            if k >= runs.length:
                above[k], below[k] = _share(one), _share(two)
    return _masked(out, runs.sound)


@compiled
def _reached(mean: float, high: float, low: float, before: float, alpha: float) -> float:
    """Mean true range."""
    there = abs(high + low + before) < np.inf
    return _toward(mean, max(high, before) - min(low, before), alpha) if there else mean


@compiled
def average_true_ranges(prices: Prices, runs: PairedRuns, alpha: float) -> FloatArray:
    """The mean true range; one per row."""
    out = np.empty(runs.sound.size)
    for pair in range(runs.pairs.shape[0]):
        a, b, size = runs.pairs[pair]
        (tops, bottoms, x), above = _of_run(prices, a, size), out[a : a + size]
        (peaks, troughs, y), below = _of_run(prices, b, size), out[b : b + size]
        one = two = math.nan
        for k in range(1, size):
            one = _reached(one, tops[k], bottoms[k], x[k - 1], alpha)
            two = _reached(two, peaks[k], troughs[k], y[k - 1], alpha)
            if k >= runs.length:
                above[k], below[k] = one, two
    return _masked(out, runs.sound)


@compiled
def _directed(means: _Two, rise: float, fall: float, alpha: float) -> _Two:
    """Mean movement up and down: of a bar only the larger of both counts."""
    up = _toward(means[0], rise if rise > max(fall, 0.0) else 0.0, alpha)
    return up, _toward(means[1], fall if fall > max(rise, 0.0) else 0.0, alpha)


@compiled
def _trending(means: _Three, rise: float, fall: float, before: float, alpha: float) -> _Three:
    """Mean movement up, mean movement down, and the mean of their difference in percent of both."""
    if not abs(rise + fall + before) < np.inf:
        return means
    up, down = _directed((means[0], means[1]), rise, fall, alpha)
    if not up + down > 0.0:
        return up, down, means[2]
    return up, down, _toward(means[2], 100.0 * (abs(up - down) / (up + down)), alpha)


@compiled
def directional_index(prices: Prices, runs: PairedRuns, alpha: float) -> FloatArray:
    """Wilder's ADX; one per row."""
    out = np.empty(runs.sound.size)
    for pair in range(runs.pairs.shape[0]):
        a, b, size = runs.pairs[pair]
        (tops, bottoms, x), above = _of_run(prices, a, size), out[a : a + size]
        (peaks, troughs, y), below = _of_run(prices, b, size), out[b : b + size]
        one = two = (math.nan, math.nan, math.nan)
        for k in range(1, size):
            one = _trending(one, tops[k] - tops[k - 1], bottoms[k - 1] - bottoms[k], x[k - 1], alpha)
            two = _trending(two, peaks[k] - peaks[k - 1], troughs[k - 1] - troughs[k], y[k - 1], alpha)
            if k >= runs.length:
                above[k], below[k] = one[2], two[2]
    return _masked(out, runs.sound)


@compiled
def _leaning(means: _Three, top: _Two, bottom: _Two, before: float, alpha: float) -> _Three:
    """Mean movement up, mean movement down, and mean true range, from highs and lows of the bar before and this one."""
    rise, fall = top[1] - top[0], bottom[0] - bottom[1]
    if not abs(rise + fall + before) < np.inf:
        return means
    up, down = _directed((means[0], means[1]), rise, fall, alpha)
    return up, down, _toward(means[2], max(top[1], before) - min(bottom[1], before), alpha)


@compiled
def _lean(means: _Three) -> float:
    """Movement up less movement down in percent of the range; NaN where there is no range."""
    up, down, reach = means
    return min(max(100.0 * ((up - down) / reach), -100.0), 100.0) if reach > 0.0 else np.nan


@compiled
def directional_difference(prices: Prices, runs: PairedRuns, alpha: float) -> FloatArray:
    """Wilder's +DI less -DI; one per row."""
    out = np.empty(runs.sound.size)
    for pair in range(runs.pairs.shape[0]):
        a, b, size = runs.pairs[pair]
        (tops, bottoms, x), above = _of_run(prices, a, size), out[a : a + size]
        (peaks, troughs, y), below = _of_run(prices, b, size), out[b : b + size]
        one = two = (math.nan, math.nan, math.nan)
        for k in range(1, size):
            one = _leaning(one, (tops[k - 1], tops[k]), (bottoms[k - 1], bottoms[k]), x[k - 1], alpha)
            two = _leaning(two, (peaks[k - 1], peaks[k]), (troughs[k - 1], troughs[k]), y[k - 1], alpha)
            if k >= runs.length:
                above[k], below[k] = _lean(one), _lean(two)
    return _masked(out, runs.sound)
