"""Moments of two series together, and higher ones of one, over the last n rows. As `sums`, whose words hold here."""

import numpy as np

from bcdata.features.grid import FloatArray
from bcdata.features.kernels import compiled


@compiled
def _into(part: FloatArray, x: float, y: float) -> None:
    """Adds a pair to a part: count, origins, and sums of distances from them."""
    if part[0] == 0:
        part[1], part[2] = x, y
    dx, dy = x - part[1], y - part[2]
    part[0] += 1.0
    part[3] += dx
    part[4] += dy
    part[5] += dx * dx
    part[6] += dy * dy
    part[7] += dx * dy


@compiled
def _central(part: FloatArray, out: FloatArray) -> None:
    """Count, means and central sums (xx, yy, xy) of a part."""
    count = max(part[0], 1.0)
    shift_x, shift_y = part[3] / count, part[4] / count
    out[0] = part[0]
    out[1], out[2] = part[1] + shift_x, part[2] + shift_y
    out[3] = max(part[5] - part[3] * shift_x, 0.0)
    out[4] = max(part[6] - part[4] * shift_y, 0.0)
    out[5] = part[7] - part[3] * shift_y


@compiled
def comoments(x: FloatArray, y: FloatArray, n: int, first: int, allowed: int) -> FloatArray:
    """Count, mean x, mean y, Σdx², Σdy², Σdx·dy; shape (6, rows). A pair that lacks either is missing."""
    out = np.full((6, x.size), np.nan)
    far, near, part = np.zeros((n + 1, 6)), np.zeros(6), np.zeros(8)
    there = np.isfinite(x) & np.isfinite(y)
    for border in range(-(first % n), x.size, n):
        part[:] = 0.0
        for j in range(n - 1, -1, -1):
            row = border - n + j
            if row >= 0 and there[row]:
                _into(part, x[row], y[row])
            _central(part, far[j])
        part[:] = 0.0
        for row in range(max(border, 0), min(border + n, x.size)):
            if there[row]:
                _into(part, x[row], y[row])
            rest = far[row - border + 1]
            both = part[0] + rest[0]
            if row < n - 1 or not there[row - n + 1] or both < max(n - allowed, 1):
                continue
            _central(part, near)
            apart_x = near[1] - rest[1] if rest[0] and near[0] else 0.0
            apart_y = near[2] - rest[2] if rest[0] and near[0] else 0.0
            share = near[0] / both
            weight = rest[0] * share
            out[0, row] = both
            out[1, row] = rest[1] + apart_x * share if rest[0] else near[1]
            out[2, row] = rest[2] + apart_y * share if rest[0] else near[2]
            out[3, row] = rest[3] + near[3] + apart_x * apart_x * weight
            out[4, row] = rest[4] + near[4] + apart_y * apart_y * weight
            out[5, row] = rest[5] + near[5] + apart_x * apart_y * weight
    return out
