"""Recursions over runs: stretches of rows laid end to end, in each of which the recursion restarts.

`borders` holds where each run begins in the unrolled arrays, and at last where the last one ends.
"""

import numpy as np
import numpy.typing as npt

from bcdata.features.kernels import compiled
from bcdata.features.table.grid import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]


@compiled
def ema(values: FloatArray, alpha: float, borders: IntArray) -> FloatArray:
    """Exponential means, s + alpha·(value - s), seeded with a run's first value; missing values leave them."""
    out = np.empty(values.size)
    for run in range(borders.size - 1):
        state = np.nan
        for i in range(borders[run], borders[run + 1]):
            if np.isfinite(values[i]):
                state = values[i] if np.isnan(state) else state + alpha * (values[i] - state)
            out[i] = state
    return out


@compiled
def unroll(values: FloatArray, starts: IntArray, borders: IntArray) -> FloatArray:
    """The rows of all runs, one run after the other."""
    out = np.empty(borders[-1])
    for run in range(starts.size):
        size = borders[run + 1] - borders[run]
        out[borders[run] : borders[run + 1]] = values[starts[run] : starts[run] + size]
    return out


@compiled
def roll(unrolled: FloatArray, length: int, starts: IntArray, borders: IntArray, sound: BoolArray) -> FloatArray:
    """The last rows of every run, after its first `length`, back at their places; NaN where not sound."""
    out = np.full(sound.size, np.nan)
    for run in range(starts.size):
        for i in range(borders[run] + length, borders[run + 1]):
            row = starts[run] + i - borders[run]
            if sound[row]:
                out[row] = unrolled[i]
    return out


@compiled
def soundness(there: BoolArray, length: int, starts: IntArray, borders: IntArray, allowed: int) -> BoolArray:
    """Whether each row is there, its run's first row is, and of the last `length` rows enough are."""
    out = np.zeros(there.size, dtype=np.bool_)
    for run in range(starts.size):
        start, end = starts[run], starts[run] + borders[run + 1] - borders[run]
        bars = there[start:end]
        if not bars[0]:
            continue
        present = 0
        for k in range(bars.size):
            present += bars[k]
        if present == bars.size:
            out[start + length : end] = True
            continue
        missing = 0
        for row in range(start, end):
            missing += not there[row]
            if row - length >= start:
                missing -= not there[row - length]
            if row >= start + length:
                out[row] = there[row] and missing <= allowed
    return out
