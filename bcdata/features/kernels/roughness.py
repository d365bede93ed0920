"""How the deviation of a path's moves grows with their length. As `sums`, whose words hold here.

All lengths go side by side, the longest first: every array ends in one number per length, so that one pass over the
path serves all, and the processor takes several at a time. Parts hold count, sum and sum of squares of distances from
an origin; `sums` says why from there, and the origin is the move that is nearest to the border.
"""

import math

import numpy as np

from bcdata.features.grid import FloatArray
from bcdata.features.kernels import compiled


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
def _exponent(joined: FloatArray, weights: FloatArray, noise: float) -> float:
    """Σ weight · ln deviation (ddof 1); NaN where one is no more than `noise`."""
    exponent = 0.0
    for k in range(weights.size):
        count = max(joined[0, k], 2.0)
        variance = joined[1, k] / (count * (count - 1.0))
        if not variance > noise * noise:
            return math.nan
        exponent += weights[k] * math.log(variance)
    return 0.5 * exponent


@compiled
def exponents(path: FloatArray, n: int, first: int, weights: FloatArray, noise: float) -> FloatArray:
    """The sum over lengths of weight · ln deviation of the last n moves of that length; one per row.

    `weights` has the longest first, down to one bar. A window is the n + lengths values between which the moves lie:
    the oldest has to be there, and a tenth may be missing.
    """
    lengths, reach = weights.size, n + weights.size
    out, lead = np.full(path.size, np.nan), n + reach
    padded = np.concatenate((np.full(lead, np.nan), path, np.full(n, np.nan)))
    held = np.cumsum(np.isfinite(padded))
    far, near, joined = np.zeros((n + 1, 3, lengths)), np.zeros((3, lengths)), np.zeros((2, lengths))
    for border in range(lead - first % n, path.size + lead, n):
        far_origins = _nearest(padded, border - 1, -1, n, lengths)
        near_origins = _nearest(padded, border, 1, n, lengths)
        shifts = near_origins - far_origins
        shifts[np.isnan(shifts)] = 0.0
        for j in range(n - 1, -1, -1):
            at = border - n + j
            far[j] = far[j + 1]
            _into(far[j], far_origins, padded[at], padded[at - lengths : at])
        near[:] = 0.0
        for at in range(border, min(border + n, path.size + lead)):
            _into(near, near_origins, padded[at], padded[at - lengths : at])
            oldest = at - reach + 1
            if np.isfinite(padded[oldest]) and held[at] - held[oldest] + 1 >= reach - reach // 10:
                _joined(far[at - border + 1], near, shifts, joined)
                out[at - lead] = _exponent(joined, weights, noise)
    return out
