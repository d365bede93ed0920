"""How the deviation of a path's moves grows with their length. As `sums`, whose words hold here.

All lengths go side by side, the longest first: every array ends in one number per length, so that one pass over the
path serves all, and the processor takes several at a time. Parts hold count, sum and sum of squares of distances from
an origin; `sums` says why from there, and the origin is the move that is nearest to the border.
"""

import numpy as np

from bcdata.features.kernels import compiled
from bcdata.features.table.grid import FloatArray


@compiled
def _nearest(path: FloatArray, border: int, step: int, n: int, lengths: int) -> FloatArray:
    """For every length the first of the n moves from the border on that is there; NaN where none is."""
    nearest = np.full(lengths, np.nan)
    for k in range(lengths):
        for row in range(border, border + step * n, step):
            move = path[row] - path[row - lengths + k]
            if np.isfinite(move):
                nearest[k] = move
                break
    return nearest


@compiled
def _into(part: FloatArray, origins: FloatArray, now: float, past: FloatArray) -> None:
    """Adds the moves from `past` to `now`."""
    for k in range(past.size):
        apart = now - past[k] - origins[k]
        there = not np.isnan(apart)
        apart = apart if there else 0.0
        part[0, k] += 1.0 if there else 0.0
        part[1, k] += apart
        part[2, k] += apart * apart


@compiled
def _joined(far: FloatArray, near: FloatArray, shifts: FloatArray, out: FloatArray) -> None:
    """Count, and count² times the biased variance, of both parts; `shifts` is near origin less far origin."""
    for k in range(shifts.size):
        shift = shifts[k] if far[0, k] > 0 else 0.0
        count = far[0, k] + near[0, k]
        one = far[1, k] + near[1, k] + near[0, k] * shift
        two = far[2, k] + near[2, k] + shift * (2.0 * near[1, k] + near[0, k] * shift)
        out[0, k], out[1, k] = count, two * count - one * one


@compiled
def variances(padded: FloatArray, border: int, far: FloatArray, noise: float, out: FloatArray) -> None:
    """Variances (ddof 1) of the last n moves of each length, the longest first, for the n bars from the border on.

    A window is the n + lengths values between which the moves lie: the oldest has to be there, and a tenth may be
    missing. Else, and where a deviation is no more than noise, a variance is missing.

    Args:
        padded: The path with n + (n + lengths) missing values before it and n behind it.
        border: Where the block begins in it.
        far: Room for sums, shape (n + 1, 3, lengths); its last row is 0.
        noise: In the path's unit.
        out: Shape (n, lengths).
    """
    n, lengths = out.shape
    near, joined, reach = np.zeros((3, lengths)), np.zeros((2, lengths)), n + lengths
    far_origins = _nearest(padded, border - 1, -1, n, lengths)
    near_origins = _nearest(padded, border, 1, n, lengths)
    shifts = near_origins - far_origins
    shifts[np.isnan(shifts)] = 0.0
    for j in range(n - 1, -1, -1):
        at = border - n + j
        far[j] = far[j + 1]
        _into(far[j], far_origins, padded[at], padded[at - lengths : at])
    held = int(np.isfinite(padded[border - reach : border]).sum())
    for j in range(n):
        at = border + j
        oldest = at - reach + 1
        held += int(np.isfinite(padded[at])) - int(np.isfinite(padded[oldest - 1]))
        _into(near, near_origins, padded[at], padded[at - lengths : at])
        _joined(far[j + 1], near, shifts, joined)
        whole = np.isfinite(padded[oldest]) and held >= reach - reach // 10
        for k in range(lengths):
            count = max(joined[0, k], 2.0)
            variance = joined[1, k] / (count * (count - 1.0))
            out[j, k] = variance if whole and variance > noise * noise else np.nan


@compiled
def weighed(values: FloatArray, weights: FloatArray, out: FloatArray) -> None:
    """Σ weight · value of each row, from the first column to the last."""
    out[:] = 0.0
    for row in range(out.size):
        for k in range(weights.size):
            out[row] += weights[k] * values[row, k]
