"""Sums, means, central moments, skewness and kurtosis of the last n values, accumulated from block borders outwards.

Why blocks, and when a window has a value: `bcdata.features.rolling`. Common to all kernels here:

    values   float64, one per row of the grid; what is not finite is missing
    n        bars of the window, 1 or more
    first    the grid's number of row 0: borders lie at multiples of n
    allowed  bars of the window that may be missing

A window that ends at bar j of a block is `near[j]`, the sum up to that bar, and `far[j]`, the sum over the bars of the
block before that it still holds. What is summed are distances from an origin: the first value of the block, or while
there is none yet the last one before it. It lies in the window, so that its distance from the mean is at most √n
deviations, and a difference of sums of squares loses at most a factor n + 1 of precision (a running sum over a price's
history loses all of it). Equal values have exactly no deviation.

A block is computed as though none of its values was missing. One that is makes the sum of all not finite: only then
the block is computed again, with a look at every value.
"""

import math

import numpy as np

from bcdata.features.kernels import compiled
from bcdata.features.rolling import Moments
from bcdata.features.table.grid import FloatArray, IntArray

_EPS = float(np.finfo(np.float64).eps)


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
def _add(part: FloatArray, origin: float, one: FloatArray) -> None:
    """Sums of the first 1, 2, .. distances from the origin."""
    total = 0.0
    for k in range(part.size):
        apart = part[k] - origin
        if abs(apart) < np.inf:
            total += apart
        one[k] = total


@compiled
def _add_squares(part: FloatArray, origin: float, one: FloatArray, two: FloatArray) -> None:
    """Sums of the first 1, 2, .. distances from the origin, and of their squares."""
    total, squares = 0.0, 0.0
    for k in range(part.size):
        apart = part[k] - origin
        if abs(apart) < np.inf:
            total += apart
            squares += apart * apart
        one[k], two[k] = total, squares


@compiled
def _whole_totals(both: FloatArray, origin: float, scale: float, far: FloatArray, out: FloatArray) -> bool:
    """A block and the n - 1 values before it; whether none is missing. Else `out` means nothing."""
    n, before, after = out.size, 0.0, 0.0
    for k in range(n - 2, -1, -1):
        before += both[k] - origin
        far[k] = before
    far[n - 1] = 0.0
    for j in range(n):
        after += both[n - 1 + j] - origin
        out[j] = origin + (after + far[j]) * scale
    return abs(before + after) < np.inf


@compiled
def totals(values: FloatArray, n: int, first: int, allowed: int, shifted: bool) -> FloatArray:
    """The mean of the values that are there, if shifted, else their sum; one per row."""
    out = np.full(values.size, np.nan)
    near, far, counts = np.zeros(n), np.zeros(n), np.zeros(n, dtype=np.int64)
    scales = 1.0 / np.arange(n + 1) if shifted else np.ones(n + 1)
    scales[0] = np.nan
    for border in range(-first % n, values.size, n):
        low, end = max(border - n + 1, 0), min(border + n, values.size)
        if end - low == 2 * n - 1:
            origin = values[border] if shifted else 0.0
            if _whole_totals(values[low:end], origin, scales[n], far, out[border:end]):
                continue
        _count(values, border, n, allowed, counts)
        after, before = _origins(values, border, n)
        for row, start, stop in ((before, border, after), (after, after, end)):
            if start < stop:
                origin = values[row] if shifted else 0.0
                _add(values[low:border][::-1], origin, far[n - 1 - border + low : n - 1][::-1])
                _add(values[start:stop], origin, near[start - border :])
                for j in range(start - border, stop - border):
                    out[border + j] = origin + (near[j] + far[j]) * scales[counts[j]]
    return out


@compiled
def _whole_moments(both: FloatArray, origin: float, scale: float, far: FloatArray, out: FloatArray) -> bool:
    """As `_whole_totals`: mean and squared deviations; `far` and `out` have the shape (2, n)."""
    n, one, two = out.shape[1], 0.0, 0.0
    for k in range(n - 2, -1, -1):
        apart = both[k] - origin
        one, two = one + apart, two + apart * apart
        far[0, k], far[1, k] = one, two
    far[:, n - 1] = 0.0
    before, one, two = one, 0.0, 0.0
    for j in range(n):
        apart = both[n - 1 + j] - origin
        one, two = one + apart, two + apart * apart
        total = one + far[0, j]
        out[0, j] = origin + total * scale
        out[1, j] = max(two + far[1, j] - total * (total * scale), 0.0)
    return abs(before + one) < np.inf


@compiled
def moments(values: FloatArray, n: int, first: int, allowed: int) -> FloatArray:
    """Count, mean and sum of squared deviations; shape (3, rows)."""
    out = np.full((3, values.size), np.nan)
    near, far = np.zeros((2, n)), np.zeros((2, n))
    counts, scales = np.zeros(n, dtype=np.int64), 1.0 / np.arange(n + 1)
    scales[0] = np.nan
    for border in range(-first % n, values.size, n):
        low, end = max(border - n + 1, 0), min(border + n, values.size)
        if end - low == 2 * n - 1:
            out[0, border:end] = n
            if _whole_moments(values[low:end], values[border], scales[n], far, out[1:, border:end]):
                continue
        _count(values, border, n, allowed, counts)
        after, before = _origins(values, border, n)
        held = slice(n - 1 - border + low, n - 1)
        for row, start, stop in ((before, border, after), (after, after, end)):
            if start < stop:
                origin, here = values[row], start - border
                _add_squares(values[low:border][::-1], origin, far[0, held][::-1], far[1, held][::-1])
                _add_squares(values[start:stop], origin, near[0, here:], near[1, here:])
                for j in range(here, stop - border):
                    total, scale = near[0, j] + far[0, j], scales[counts[j]]
                    around = near[1, j] + far[1, j] - total * (total * scale)
                    out[0, border + j] = counts[j] or np.nan
                    out[1, border + j] = origin + total * scale
                    out[2, border + j] = max(around, 0.0)
    return out


@compiled
def scores(values: FloatArray, window: Moments, ddof: int, noise: float) -> FloatArray:
    """Distances from the mean in deviations; missing where these are no more than noise or the mean's rounding."""
    out = np.full(values.size, np.nan)
    for row in range(values.size):
        deviation = math.sqrt(window.squares[row] / (window.present[row] - ddof))
        if deviation > max(noise, 8.0 * _EPS * abs(window.mean[row])):
            out[row] = (values[row] - window.mean[row]) / deviation
    return out


@compiled
def _add_powers(part: FloatArray, origin: float, sums: FloatArray) -> None:
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
    if not variance > max(noise, 8 * _EPS * abs(origin + shift)) ** 2:
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
            _add_powers(values[low:border][::-1], values[row], far[n - 1 - border + low : n - 1][::-1])
            _add_powers(values[start:stop], values[row], near[start - border :])
            for j in range(start - border, stop - border):
                if counts[j]:
                    both = _skew_and_excess(near[j], far[j], counts[j], values[row], noise)
                    skew[border + j], excess[border + j] = both
    return skew, excess
