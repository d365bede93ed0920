"""The deepest fall within the last n values. As `sums`, whose words hold here."""

import math

import numpy as np

from bcdata.features.kernels import compiled
from bcdata.features.table.grid import FloatArray


@compiled
def deepest(values: FloatArray, n: int, first: int, allowed: int) -> FloatArray:
    """The smallest ratio of a value to one at or before it, at most 1; one per row. Values have to be positive.

    The deepest fall of two stretches is that of either, or leads from the top of the older to the bottom of the
    newer. A ratio of extremes is the extreme of the ratios, also when rounded, so the bits are those of brute force.
    """
    out = np.full(values.size, np.nan)
    far_top, far_ratio, far_count = np.zeros(n + 1), np.ones(n + 1), np.zeros(n + 1, dtype=np.int64)
    for border in range(-(first % n), values.size, n):
        bottom, far_top[n], far_ratio[n], far_count[n] = math.inf, 0.0, 1.0, 0
        for j in range(n - 1, -1, -1):
            row = border - n + j
            far_top[j], far_ratio[j], far_count[j] = far_top[j + 1], far_ratio[j + 1], far_count[j + 1]
            if row >= 0 and np.isfinite(values[row]):
                bottom = min(bottom, values[row])
                far_top[j] = max(far_top[j], values[row])
                far_ratio[j] = min(far_ratio[j], bottom / values[row])
                far_count[j] += 1
        top, bottom, ratio, count = 0.0, math.inf, 1.0, 0
        for row in range(max(border, 0), min(border + n, values.size)):
            if np.isfinite(values[row]):
                top, bottom = max(top, values[row]), min(bottom, values[row])
                ratio = min(ratio, values[row] / top)
                count += 1
            rest = row - border + 1
            if row >= n - 1 and np.isfinite(values[row - n + 1]) and count + far_count[rest] >= max(n - allowed, 1):
                across = bottom / far_top[rest] if far_count[rest] and count else 1.0
                out[row] = min(ratio, far_ratio[rest], across)
    return out
