"""The largest of the last n values, and how long ago it was. As `sums`, whose words hold here."""

import numpy as np

from bcdata.features.grid import FloatArray
from bcdata.features.kernels import compiled


@compiled
def maxima(values: FloatArray, n: int, first: int, allowed: int) -> FloatArray:
    """The largest value that is there; one per row."""
    out = np.full(values.size, np.nan)
    far, far_count = np.full(n + 1, -np.inf), np.zeros(n + 1, dtype=np.int64)
    for border in range(-(first % n), values.size, n):
        for j in range(n - 1, -1, -1):
            row = border - n + j
            there = row >= 0 and np.isfinite(values[row])
            far[j] = max(far[j + 1], values[row]) if there else far[j + 1]
            far_count[j] = far_count[j + 1] + there
        near, count = -np.inf, 0
        for row in range(max(border, 0), min(border + n, values.size)):
            if np.isfinite(values[row]):
                near = max(near, values[row])
                count += 1
            rest = row - border + 1
            if row >= n - 1 and np.isfinite(values[row - n + 1]) and count + far_count[rest] >= n - allowed:
                out[row] = max(far[rest], near)
    return out


@compiled
def ages(values: FloatArray, n: int, first: int, allowed: int) -> FloatArray:
    """Bars since the largest value that is there, 0 for this bar; of equal ones the newest counts."""
    out = np.full(values.size, np.nan)
    far, far_count = np.full(n + 1, -1, dtype=np.int64), np.zeros(n + 1, dtype=np.int64)
    for border in range(-(first % n), values.size, n):
        for j in range(n - 1, -1, -1):
            row = border - n + j
            there = row >= 0 and np.isfinite(values[row])
            best = far[j + 1]
            far[j] = row if there and (best < 0 or values[row] > values[best]) else best
            far_count[j] = far_count[j + 1] + there
        near, count = -1, 0
        for row in range(max(border, 0), min(border + n, values.size)):
            if np.isfinite(values[row]):
                near = row if near < 0 or values[row] >= values[near] else near
                count += 1
            rest = row - border + 1
            if row >= n - 1 and np.isfinite(values[row - n + 1]) and count + far_count[rest] >= n - allowed:
                best = far[rest]
                out[row] = row - (near if best < 0 or (near >= 0 and values[near] >= values[best]) else best)
    return out
