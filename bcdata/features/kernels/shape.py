"""Skewness and kurtosis of the last n values. As `sums`, whose words hold here."""

import numpy as np

from bcdata.features.kernels import compiled
from bcdata.features.table.grid import FloatArray, IntArray

EPS = float(np.finfo(np.float64).eps)


@compiled
def _count(values: FloatArray, border: int, n: int, allowed: int, counts: IntArray) -> None:
    """For each bar of the block how many values its window has; 0 where that is too few, or it lacks the oldest."""
    held = 0
    for row in range(max(border - n + 1, 0), border):
        held += np.isfinite(values[row])
    for row in range(border, min(border + n, values.size)):
        held += np.isfinite(values[row])
        oldest = row >= n - 1 and np.isfinite(values[row - n + 1])
        counts[row - border] = held if oldest and held >= n - allowed else 0
        held -= oldest


@compiled
def _origins(values: FloatArray, border: int, n: int) -> tuple[int, int]:
    """The row of the block's first value, or of its end; and of the last value before it, or of its beginning."""
    after, before = border, border - 1
    while after < min(border + n, values.size) and not np.isfinite(values[after]):
        after += 1
    while after > border and before > max(border - n, 0) and not np.isfinite(values[before]):
        before -= 1
    return after, max(before, 0)


@compiled
def _add(part: FloatArray, origin: float, sums: FloatArray) -> None:
    """Sums of the first 1, 2, .. distances from the origin, to the first to fourth power."""
    one, two, three, four = 0.0, 0.0, 0.0, 0.0
    for k in range(part.size):
        apart = part[k] - origin
        if abs(apart) < np.inf:
            square = apart * apart
            one, two, three, four = one + apart, two + square, three + square * apart, four + square * square
        sums[k, 0], sums[k, 1], sums[k, 2], sums[k, 3] = one, two, three, four


@compiled
def _skew_and_excess(a: FloatArray, b: FloatArray, count: int, origin: float, noise: float) -> tuple[float, float]:
    """Both from the sums of both sides; missing where the deviation is no more than noise."""
    one, two, three, four = a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]
    shift = one / count
    variance = max(two - one * shift, 0.0) / count
    if not variance > max(noise, 8 * EPS * abs(origin + shift)) ** 2:
        return np.nan, np.nan
    third = three + shift * (2.0 * shift * one - 3.0 * two)
    fourth = four + shift * (shift * (6.0 * two - 3.0 * shift * one) - 4.0 * three)
    return third / count / (variance * np.sqrt(variance)), fourth / count / (variance * variance) - 3.0


@compiled
def shape(values: FloatArray, n: int, first: int, allowed: int, noise: float) -> tuple[FloatArray, FloatArray]:
    """Biased skewness and excess kurtosis; two arrays, one value per row."""
    skew, excess = np.full((2, values.size), np.nan)
    near, far = np.zeros((n, 4)), np.zeros((n, 4))
    counts = np.zeros(n, dtype=np.int64)
    for border in range(-first % n, values.size, n):
        _count(values, border, n, allowed, counts)
        after, before = _origins(values, border, n)
        low, end = max(border - n + 1, 0), min(border + n, values.size)
        for row, start, stop in ((before, border, after), (after, after, end)):
            if start >= stop:
                continue
            _add(values[low:border][::-1], values[row], far[n - 1 - border + low : n - 1][::-1])
            _add(values[start:stop], values[row], near[start - border :])
            for j in range(start - border, stop - border):
                if counts[j]:
                    both = _skew_and_excess(near[j], far[j], counts[j], values[row], noise)
                    skew[border + j], excess[border + j] = both
    return skew, excess
