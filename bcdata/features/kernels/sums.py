"""Sums, means and central moments of the last n values, accumulated from block borders outwards.

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
"""

import math

import numpy as np

from bcdata.features.grid import FloatArray, IntArray
from bcdata.features.kernels import compiled
from bcdata.features.rolling import Moments

_EPS = float(np.finfo(np.float64).eps)


@compiled
def _count(values: FloatArray, border: int, n: int, allowed: int, counts: IntArray) -> bool:
    """For each bar of the block how many values its window has, 0 where that is too few. Whether none is missing."""
    there = 0
    seen = values[max(border - n, 0) : border + n]
    for k in range(seen.size):
        there += abs(seen[k]) < np.inf
    if there == 2 * n:
        counts[:] = n
        return True
    held = 0
    for row in range(max(border - n + 1, 0), border):
        held += np.isfinite(values[row])
    for row in range(border, min(border + n, values.size)):
        held += np.isfinite(values[row])
        oldest = row >= n - 1 and np.isfinite(values[row - n + 1])
        counts[row - border] = held if oldest and held >= n - allowed else 0
        held -= oldest
    return False


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
def _outwards(both: FloatArray, origin: float, near: FloatArray, far: FloatArray) -> None:
    """`_add` to both sides of the border in the middle of 2n values that are all there, side by side."""
    n = near.size
    after, before, last = 0.0, 0.0, n - 1
    for k in range(last):
        after += both[n + k] - origin
        before += both[last - k] - origin
        near[k], far[last - 1 - k] = after, before
    near[last], far[last] = after + (both[n + last] - origin), 0.0


@compiled
def _outwards_squared(both: FloatArray, origin: float, near: FloatArray, far: FloatArray) -> None:
    """Sums and sums of squares to both sides, as `_outwards`; `near` and `far` have the shape (2, n)."""
    n = near.shape[1]
    after, before, after_2, before_2, last = 0.0, 0.0, 0.0, 0.0, n - 1
    for k in range(last):
        up, down = both[n + k] - origin, both[last - k] - origin
        after, after_2 = after + up, after_2 + up * up
        before, before_2 = before + down, before_2 + down * down
        near[0, k], near[1, k] = after, after_2
        far[0, last - 1 - k], far[1, last - 1 - k] = before, before_2
    up = both[n + last] - origin
    near[0, last], near[1, last] = after + up, after_2 + up * up
    far[:, last] = 0.0


@compiled
def _scale(near: FloatArray, far: FloatArray, origin: float, scale: float, out: FloatArray) -> None:
    """All windows of a block, none of which lacks a value."""
    for j in range(out.size):
        out[j] = origin + (near[j] + far[j]) * scale


@compiled
def _central(near: FloatArray, far: FloatArray, scale: float, out: FloatArray) -> None:
    """Squared deviations of all windows of a block, none of which lacks a value."""
    for j in range(out.size):
        total = near[0, j] + far[0, j]
        out[j] = max(near[1, j] + far[1, j] - total * (total * scale), 0.0)


@compiled
def totals(values: FloatArray, n: int, first: int, allowed: int, shifted: bool) -> FloatArray:
    """The mean of the values that are there, if shifted, else their sum; one per row."""
    out = np.full(values.size, np.nan)
    near, far, counts = np.zeros(n), np.zeros(n), np.zeros(n, dtype=np.int64)
    scales = 1.0 / np.arange(n + 1) if shifted else np.ones(n + 1)
    scales[0] = np.nan
    for border in range(-first % n, values.size, n):
        if _count(values, border, n, allowed, counts):
            origin = values[border] if shifted else 0.0
            _outwards(values[border - n : border + n], origin, near, far)
            _scale(near, far, origin, scales[n], out[border : border + n])
            continue
        after, before = _origins(values, border, n)
        behind, held = values[max(border - n + 1, 0) : border], min(n - 1, border)
        end = min(border + n, values.size)
        for row, start, stop in ((before, border, after), (after, after, end)):
            if start < stop:
                origin = values[row] if shifted else 0.0
                _add(behind[::-1], origin, far[n - 1 - held : n - 1][::-1])
                _add(values[start:stop], origin, near[start - border :])
                for j in range(start - border, stop - border):
                    out[border + j] = origin + (near[j] + far[j]) * scales[counts[j]]
    return out


@compiled
def moments(values: FloatArray, n: int, first: int, allowed: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Count, mean and sum of squared deviations; three arrays, one value per row."""
    present, mean, squares = np.full((3, values.size), np.nan)
    near, far = np.zeros((2, n)), np.zeros((2, n))
    counts, scales = np.zeros(n, dtype=np.int64), 1.0 / np.arange(n + 1)
    scales[0] = np.nan
    for border in range(-first % n, values.size, n):
        if _count(values, border, n, allowed, counts):
            origin = values[border]
            _outwards_squared(values[border - n : border + n], origin, near, far)
            _central(near, far, scales[n], squares[border : border + n])
            _scale(near[0], far[0], origin, scales[n], mean[border : border + n])
            present[border : border + n] = n
            continue
        after, before = _origins(values, border, n)
        behind, held = values[max(border - n + 1, 0) : border], slice(n - 1 - min(n - 1, border), n - 1)
        for row, start, stop in ((before, border, after), (after, after, min(border + n, values.size))):
            if start < stop:
                origin, here = values[row], start - border
                _add_squares(behind[::-1], origin, far[0, held][::-1], far[1, held][::-1])
                _add_squares(values[start:stop], origin, near[0, here:], near[1, here:])
                for j in range(here, stop - border):
                    total, scale = near[0, j] + far[0, j], scales[counts[j]]
                    shift = total * scale
                    around = near[1, j] + far[1, j] - total * shift
                    present[border + j] = counts[j] or np.nan
                    mean[border + j] = origin + shift
                    squares[border + j] = max(around, 0.0)
    return present, mean, squares


@compiled
def scores(values: FloatArray, window: Moments, ddof: int, noise: float) -> FloatArray:
    """Distances from the mean in deviations; missing where these are no more than noise or the mean's rounding."""
    out = np.full(values.size, np.nan)
    for row in range(values.size):
        deviation = math.sqrt(window.squares[row] / (window.present[row] - ddof))
        if deviation > max(noise, 8.0 * _EPS * abs(window.mean[row])):
            out[row] = (values[row] - window.mean[row]) / deviation
    return out
