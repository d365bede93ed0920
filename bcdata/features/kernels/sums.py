"""Sums, means and central moments of the last n values, accumulated from block borders outwards.

Why blocks, and when a window has a value: `bcdata.features.rolling`. Common to all kernels here:

    values   float64, one per row of the grid; what is not finite is missing
    n        bars of the window, 1 or more
    first    the grid's number of row 0: borders lie at multiples of n
    allowed  bars of the window that may be missing

Squares are taken of distances from the value next to the border. It lies in the window, so that its distance from
the mean is at most √n deviations, and a difference of sums loses at most a factor n + 1 of precision (a running
sum over a price's history loses all of it). Equal values have exactly no deviation.
"""

import numpy as np

from bcdata.features.grid import FloatArray
from bcdata.features.kernels import compiled


@compiled
def sums(values: FloatArray, n: int, first: int, allowed: int) -> FloatArray:
    """The sum of the values that are there; one per row."""
    out = np.full(values.size, np.nan)
    far, far_count = np.zeros(n + 1), np.zeros(n + 1, dtype=np.int64)
    for border in range(-(first % n), values.size, n):
        for j in range(n - 1, -1, -1):
            row = border - n + j
            there = row >= 0 and np.isfinite(values[row])
            far[j] = far[j + 1] + (values[row] if there else 0.0)
            far_count[j] = far_count[j + 1] + there
        near, count = 0.0, 0
        for row in range(max(border, 0), min(border + n, values.size)):
            if np.isfinite(values[row]):
                near += values[row]
                count += 1
            rest = row - border + 1
            if row >= n - 1 and np.isfinite(values[row - n + 1]) and count + far_count[rest] >= n - allowed:
                out[row] = far[rest] + near
    return out


@compiled
def means(values: FloatArray, n: int, first: int, allowed: int) -> FloatArray:
    """The mean of the values that are there; one per row."""
    out = np.full(values.size, np.nan)
    far, far_count = np.zeros(n + 1), np.zeros(n + 1, dtype=np.int64)
    for border in range(-(first % n), values.size, n):
        origin, total, count = 0.0, 0.0, 0
        for j in range(n - 1, -1, -1):
            row = border - n + j
            if row >= 0 and np.isfinite(values[row]):
                origin = values[row] if count == 0 else origin
                total += values[row] - origin
                count += 1
            far[j] = origin + total / max(count, 1)
            far_count[j] = count
        origin, total, count = 0.0, 0.0, 0
        for row in range(max(border, 0), min(border + n, values.size)):
            if np.isfinite(values[row]):
                origin = values[row] if count == 0 else origin
                total += values[row] - origin
                count += 1
            rest = row - border + 1
            both = count + far_count[rest]
            if row >= n - 1 and np.isfinite(values[row - n + 1]) and both >= max(n - allowed, 1):
                near = origin + total / max(count, 1)
                out[row] = near if far_count[rest] == 0 else far[rest] + (near - far[rest]) * (count / both)
    return out


@compiled
def moments(values: FloatArray, n: int, first: int, allowed: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Count, mean and sum of squared deviations; three arrays, one value per row."""
    counts, mean, squares = np.full((3, values.size), np.nan)
    far_count, far_mean, far_squares = np.zeros((3, n + 1))
    for border in range(-(first % n), values.size, n):
        origin, one, two, count = 0.0, 0.0, 0.0, 0.0
        for j in range(n - 1, -1, -1):
            row = border - n + j
            if row >= 0 and np.isfinite(values[row]):
                origin = values[row] if count == 0 else origin
                apart = values[row] - origin
                one, two, count = one + apart, two + apart * apart, count + 1.0
            shift = one / max(count, 1.0)
            far_count[j], far_mean[j], far_squares[j] = count, origin + shift, max(two - one * shift, 0.0)
        origin, one, two, count = 0.0, 0.0, 0.0, 0.0
        for row in range(max(border, 0), min(border + n, values.size)):
            if np.isfinite(values[row]):
                origin = values[row] if count == 0 else origin
                apart = values[row] - origin
                one, two, count = one + apart, two + apart * apart, count + 1.0
            rest = row - border + 1
            both = count + far_count[rest]
            if row < n - 1 or not np.isfinite(values[row - n + 1]) or both < max(n - allowed, 1):
                continue
            shift = one / max(count, 1.0)
            near, within = origin + shift, max(two - one * shift, 0.0)
            apart = near - far_mean[rest] if far_count[rest] and count else 0.0
            share = count / both
            counts[row] = both
            mean[row] = far_mean[rest] + apart * share if far_count[rest] else near
            squares[row] = far_squares[rest] + within + apart * apart * (far_count[rest] * share)
    return counts, mean, squares
