"""Joint moments of two series over the last n rows. As `sums`, whose words hold here.

A pair that lacks either value is missing.
"""

import math

import numpy as np

from bcdata.features.kernels import compiled
from bcdata.features.rolling import Comoments
from bcdata.features.table.grid import FloatArray, IntArray

_EPS = float(np.finfo(np.float64).eps)
_Sums = tuple[float, float, float, float, float]
"""Of distances from an origin: x, y, x², y², xy."""


@compiled
def _count(x: FloatArray, y: FloatArray, border: int, allowed: int, counts: IntArray) -> None:
    """For each bar of the block how many pairs its window has; 0 where that is too few, or it lacks the oldest."""
    held, n = 0, counts.size
    for row in range(max(border - n + 1, 0), border):
        held += np.isfinite(x[row] + y[row])
    for row in range(border, min(border + n, x.size)):
        held += np.isfinite(x[row] + y[row])
        oldest = row >= n - 1 and np.isfinite(x[row - n + 1] + y[row - n + 1])
        counts[row - border] = held if oldest and held >= n - allowed else 0
        held -= oldest


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
def _further(sums: _Sums, dx: float, dy: float) -> _Sums:
    """The sums and one more pair of distances."""
    return sums[0] + dx, sums[1] + dy, sums[2] + dx * dx, sums[3] + dy * dy, sums[4] + dx * dy


@compiled
def _add(x: FloatArray, y: FloatArray, origin_x: float, origin_y: float, columns: FloatArray) -> None:
    """Sums over the first 1, 2, .. pairs that are there; one column for each bar."""
    sums = (0.0, 0.0, 0.0, 0.0, 0.0)
    for k in range(x.size):
        dx, dy = x[k] - origin_x, y[k] - origin_y
        if abs(dx) + abs(dy) < np.inf:
            sums = _further(sums, dx, dy)
        columns[0, k], columns[1, k], columns[2, k], columns[3, k], columns[4, k] = sums


@compiled
def _join(near: _Sums, far: FloatArray, j: int, scale: float) -> _Sums:
    """Means' distances from the origin, and sums about the means, of a window that has 1 / scale pairs."""
    x, y = near[0] + far[0, j], near[1] + far[1, j]
    xx, yy, xy = near[2] + far[2, j], near[3] + far[3, j], near[4] + far[4, j]
    shift_x, shift_y = x * scale, y * scale
    return shift_x, shift_y, max(xx - x * shift_x, 0.0), max(yy - y * shift_y, 0.0), xy - x * shift_y


@compiled
def _whole(x: FloatArray, y: FloatArray, far: FloatArray, out: FloatArray) -> bool:
    """A block and the n - 1 pairs before it; whether none is missing. Else `out` means nothing."""
    n = out.shape[1]
    nothing, scale, origin_x, origin_y = (0.0, 0.0, 0.0, 0.0, 0.0), 1.0 / n, x[n - 1], y[n - 1]
    sums = nothing
    for k in range(n - 2, -1, -1):
        sums = _further(sums, x[k] - origin_x, y[k] - origin_y)
        far[0, k], far[1, k], far[2, k], far[3, k], far[4, k] = sums
    far[:, n - 1] = 0.0
    before, sums = sums[0] + sums[1], nothing
    for j in range(n):
        sums = _further(sums, x[n - 1 + j] - origin_x, y[n - 1 + j] - origin_y)
        shift_x, shift_y, out[3, j], out[4, j], out[5, j] = _join(sums, far, j, scale)
        out[0, j], out[1, j], out[2, j] = n, origin_x + shift_x, origin_y + shift_y
    return abs(before + (sums[0] + sums[1])) < np.inf


@compiled
def comoments(x: FloatArray, y: FloatArray, n: int, first: int, allowed: int) -> FloatArray:
    """Count, mean x, mean y, Σdx², Σdy², Σdx·dy; shape (6, rows)."""
    out = np.full((6, x.size), np.nan)
    near, far = np.zeros((5, n)), np.zeros((5, n))
    counts = np.zeros(n, dtype=np.int64)
    for border in range(-first % n, x.size, n):
        low, end = max(border - n + 1, 0), min(border + n, x.size)
        if end - low == 2 * n - 1 and _whole(x[low:end], y[low:end], far, out[:, border:end]):
            continue
        out[:, border:end] = np.nan
        _count(x, y, border, allowed, counts)
        after, before = _origins(x, y, border, n)
        for row, start, stop in ((before, border, after), (after, after, end)):
            if start >= stop:
                continue
            behind = far[:, n - 1 - border + low : n - 1][:, ::-1]
            _add(x[low:border][::-1], y[low:border][::-1], x[row], y[row], behind)
            _add(x[start:stop], y[start:stop], x[row], y[row], near[:, start - border :])
            for j in range(start - border, stop - border):
                if counts[j]:
                    sums = (near[0, j], near[1, j], near[2, j], near[3, j], near[4, j])
                    at, (shift_x, shift_y, xx, yy, xy) = border + j, _join(sums, far, j, 1.0 / counts[j])
                    out[0, at], out[1, at], out[2, at] = counts[j], x[row] + shift_x, y[row] + shift_y
                    out[3, at], out[4, at], out[5, at] = xx, yy, xy
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
