"""The largest or smallest of the last n values, and how long ago it was. `sums` has the words that hold here.

Of two windows that meet or overlap, the larger of their largest is the largest of both. So windows of 1, 2, 4, ..
values are put together until two of them cover n: a handful of steps, each over many rows at once. No clock is needed,
since nothing is rounded.
"""

import numpy as np

from bcdata.features.kernels import compiled
from bcdata.features.table.grid import FloatArray

_ROWS = 1024
"""So many rows are worked on at once, or twice the window: few enough for the fastest memory."""


@compiled
def _load(values: FloatArray, sign: float, out: FloatArray) -> bool:
    """The values times the sign, zeros without one; what is missing is never the largest. Whether anything is."""
    there = 0
    for k in range(values.size):
        out[k] = sign * values[k] + 0.0 if abs(values[k]) < np.inf else -np.inf
        there += abs(values[k]) < np.inf
    return there < values.size


@compiled
def _larger(newer: FloatArray, older: FloatArray, out: FloatArray) -> None:
    """The larger of both."""
    for k in range(out.size):
        out[k] = max(newer[k], older[k])


@compiled
def _place(newer: FloatArray, older: FloatArray, at_newer: FloatArray, at_older: FloatArray, out: FloatArray) -> None:
    """Where the larger of both is; of equal ones the newer counts."""
    for k in range(out.size):
        one, other = at_newer[k], at_older[k]
        out[k] = one if newer[k] >= older[k] else other


@compiled
def _blank(values: FloatArray, n: int, allowed: int, out: FloatArray) -> None:
    """NaN where a window lacks its oldest value, or more values than allowed."""
    missing = 0
    for row in range(values.size):
        missing += not abs(values[row]) < np.inf
        if row >= n:
            missing -= not abs(values[row - n]) < np.inf
        if row >= n - 1 and (missing > allowed or not abs(values[row - n + 1]) < np.inf):
            out[row] = np.nan


@compiled
def extremes(values: FloatArray, n: int, allowed: int, sign: float) -> FloatArray:
    """The largest value that is there, or the smallest for a sign of -1; one per row."""
    out = np.full(values.size, np.nan)
    rows, missing = max(_ROWS, 2 * n), False
    largest, spare = np.empty(rows + n), np.empty(rows + n)
    for start in range(n - 1, values.size, rows):
        wanted = out[start : start + rows]
        size, span = wanted.size + n - 1, 1
        missing |= _load(values[start - n + 1 : start + wanted.size], sign, largest)
        while 2 * span <= n:
            size -= span
            _larger(largest[span : span + size], largest[:size], spare[:size])
            largest, spare, span = spare, largest, 2 * span
        _larger(largest[n - span : n - span + wanted.size], largest[: wanted.size], wanted)
        for k in range(wanted.size):
            wanted[k] = sign * wanted[k] + 0.0
    if missing:
        _blank(values, n, allowed, out)
    return out


@compiled
def ages(values: FloatArray, n: int, allowed: int, sign: float) -> FloatArray:
    """Bars since that value, 0 for this bar; of equal ones the newest counts."""
    out = np.full(values.size, np.nan)
    rows, missing = max(_ROWS, 2 * n), False
    largest, spare = np.empty(rows + n), np.empty(rows + n)
    at, spare_at = np.empty(rows + n), np.empty(rows + n)
    for start in range(n - 1, values.size, rows):
        wanted = out[start : start + rows]
        size, span = wanted.size + n - 1, 1
        missing |= _load(values[start - n + 1 : start + wanted.size], sign, largest)
        for k in range(size):
            at[k] = k
        while 2 * span <= n:
            size -= span
            _place(largest[span : span + size], largest[:size], at[span : span + size], at[:size], spare_at[:size])
            _larger(largest[span : span + size], largest[:size], spare[:size])
            largest, spare, at, spare_at, span = spare, largest, spare_at, at, 2 * span
        rest, size = n - span, wanted.size
        _place(largest[rest : rest + size], largest[:size], at[rest : rest + size], at[:size], wanted)
        for k in range(size):
            wanted[k] = n - 1 + k - wanted[k]
    if missing:
        _blank(values, n, allowed, out)
    return out
