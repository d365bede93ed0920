"""Joint moments of two series over the last n rows. As `sums`, whose words hold here.

A pair that lacks either value is missing.
"""

import math

import numpy as np

from bcdata.features.grid import FloatArray, IntArray
from bcdata.features.kernels import compiled
from bcdata.features.rolling import Comoments

_EPS = float(np.finfo(np.float64).eps)


@compiled
def _count(x: FloatArray, y: FloatArray, border: int, allowed: int, counts: IntArray) -> bool:
    """For each bar of the block how many pairs its window has, 0 where that is too few. Whether none is missing."""
    n = counts.size
    there, low, end = 0, max(border - n, 0), min(border + n, x.size)
    seen_x, seen_y = x[low:end], y[low:end]
    for k in range(seen_x.size):
        there += abs(seen_x[k]) + abs(seen_y[k]) < np.inf
    if there == 2 * n:
        return True
    held = 0
    for row in range(max(border - n + 1, 0), border):
        held += np.isfinite(x[row] + y[row])
    for row in range(border, end):
        held += np.isfinite(x[row] + y[row])
        oldest = row >= n - 1 and np.isfinite(x[row - n + 1] + y[row - n + 1])
        counts[row - border] = held if oldest and held >= n - allowed else 0
        held -= oldest
    return False


@compiled
def _origins(x: FloatArray, y: FloatArray, border: int, n: int) -> tuple[int, int]:
    """The row of the block's first pair, or of its end; and of the last pair before it, or of its beginning."""
    after, before = border, border - 1
    while after < min(border + n, x.size) and not np.isfinite(x[after] + y[after]):
        after += 1
    while after > border and before > max(border - n, 0) and not np.isfinite(x[before] + y[before]):
        before -= 1
    return after, max(before, 0)


@compiled
def _add(x: FloatArray, y: FloatArray, origin_x: float, origin_y: float, sums: FloatArray) -> None:
    """Sums of the first 1, 2, .. distances: x, y, x², y², xy; one column of `sums` for each bar."""
    sx, sy, sxx, syy, sxy = 0.0, 0.0, 0.0, 0.0, 0.0
    for k in range(x.size):
        dx, dy = x[k] - origin_x, y[k] - origin_y
        if abs(dx) + abs(dy) < np.inf:
            sx, sy = sx + dx, sy + dy
            sxx, syy, sxy = sxx + dx * dx, syy + dy * dy, sxy + dx * dy
        sums[0, k], sums[1, k], sums[2, k], sums[3, k], sums[4, k] = sx, sy, sxx, syy, sxy


@compiled
def _join(near: FloatArray, far: FloatArray, count: float, origin: tuple[float, float], out: FloatArray) -> None:
    """Windows that have so many pairs, from the sums of both sides."""
    scale = 1.0 / count
    for j in range(out.shape[1]):
        sx, sy = near[0, j] + far[0, j], near[1, j] + far[1, j]
        shift_x, shift_y = sx * scale, sy * scale
        out[0, j], out[1, j], out[2, j] = count, origin[0] + shift_x, origin[1] + shift_y
        out[3, j] = max(near[2, j] + far[2, j] - sx * shift_x, 0.0)
        out[4, j] = max(near[3, j] + far[3, j] - sy * shift_y, 0.0)
        out[5, j] = near[4, j] + far[4, j] - sx * shift_y


@compiled
def comoments(x: FloatArray, y: FloatArray, n: int, first: int, allowed: int) -> FloatArray:
    """Count, mean x, mean y, Σdx², Σdy², Σdx·dy; shape (6, rows)."""
    out = np.full((6, x.size), np.nan)
    near, far = np.zeros((5, n)), np.zeros((5, n))
    counts = np.zeros(n, dtype=np.int64)
    for border in range(-first % n, x.size, n):
        whole = _count(x, y, border, allowed, counts)
        after, before = _origins(x, y, border, n)
        low, end = max(border - n + 1, 0), min(border + n, x.size)
        for row, start, stop in ((before, border, after), (after, after, end)):
            if start >= stop:
                continue
            behind = far[:, n - 1 - border + low : n - 1][:, ::-1]
            _add(x[low:border][::-1], y[low:border][::-1], x[row], y[row], behind)
            _add(x[start:stop], y[start:stop], x[row], y[row], near[:, start - border :])
            if whole:
                _join(near, far, float(n), (x[row], y[row]), out[:, border:end])
                continue
            for j in range(start - border, stop - border):
                if counts[j]:
                    here, at = slice(j, j + 1), slice(border + j, border + j + 1)
                    _join(near[:, here], far[:, here], float(counts[j]), (x[row], y[row]), out[:, at])
    return out


@compiled
def _moves(squares: float, present: float, mean: float, noise: float) -> bool:
    """Whether the deviation is more than noise, and than the rounding of the mean."""
    return squares / present > max(noise, 8.0 * _EPS * abs(mean)) ** 2


@compiled
def correlations(joint: Comoments, noise_x: float, noise_y: float) -> FloatArray:
    """Σdx·dy / √(Σdx² Σdy²), in [-1, 1]; missing where either side is flat."""
    out = np.full(joint.present.size, np.nan)
    for row in range(out.size):
        xx, yy, present = joint.xx[row], joint.yy[row], joint.present[row]
        moving = _moves(xx, present, joint.mean_x[row], noise_x)
        if moving and _moves(yy, present, joint.mean_y[row], noise_y):
            out[row] = min(max(joint.xy[row] / (math.sqrt(xx) * math.sqrt(yy)), -1.0), 1.0)
    return out


@compiled
def slopes(joint: Comoments, noise: float) -> FloatArray:
    """Σdx·dy / Σdx²; missing where x is flat."""
    out = np.full(joint.present.size, np.nan)
    for row in range(out.size):
        if _moves(joint.xx[row], joint.present[row], joint.mean_x[row], noise):
            out[row] = joint.xy[row] / joint.xx[row]
    return out
