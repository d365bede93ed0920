"""Third and fourth central moments of the last n values. As `sums`, whose words hold here."""

import numpy as np

from bcdata.features.grid import FloatArray
from bcdata.features.kernels import compiled


@compiled
def _into(part: FloatArray, value: float) -> None:
    """Adds a value to a part: count, origin, and sums of powers of the distances from it."""
    if part[0] == 0:
        part[1] = value
    apart = value - part[1]
    square = apart * apart
    part[0] += 1.0
    part[2] += apart
    part[3] += square
    part[4] += square * apart
    part[5] += square * square


@compiled
def _central(part: FloatArray, out: FloatArray) -> None:
    """Count, mean, and sums of the second to fourth powers of deviations from it."""
    shift = part[2] / max(part[0], 1.0)
    out[0], out[1] = part[0], part[1] + shift
    out[2] = max(part[3] - part[2] * shift, 0.0)
    out[3] = part[4] + shift * (2.0 * shift * part[2] - 3.0 * part[3])
    out[4] = part[5] + shift * (shift * (6.0 * part[3] - 3.0 * shift * part[2]) - 4.0 * part[4])


@compiled
def _joined(a: FloatArray, b: FloatArray, out: FloatArray) -> None:
    """The moments of both parts together (Pébay 2008, eq. 3.1)."""
    n, apart = a[0] + b[0], b[1] - a[1]
    share = apart / n
    across = apart * share * a[0] * b[0]
    out[0], out[1] = n, a[1] + share * b[0]
    out[2] = a[2] + b[2] + across
    out[3] = a[3] + b[3] + across * share * (a[0] - b[0]) + 3.0 * share * (a[0] * b[2] - b[0] * a[2])
    out[4] = a[4] + b[4] + across * share * share * (a[0] * a[0] - a[0] * b[0] + b[0] * b[0])
    out[4] += 6.0 * share * share * (a[0] * a[0] * b[2] + b[0] * b[0] * a[2])
    out[4] += 4.0 * share * (a[0] * b[3] - b[0] * a[3])


@compiled
def shape(values: FloatArray, n: int, first: int, allowed: int) -> FloatArray:
    """Count, mean, and sums of the 2nd, 3rd and 4th powers of deviations; shape (5, rows)."""
    out = np.full((5, values.size), np.nan)
    far, near, part, joined = np.zeros((n + 1, 5)), np.zeros(5), np.zeros(6), np.zeros(5)
    for border in range(-(first % n), values.size, n):
        part[:] = 0.0
        for j in range(n - 1, -1, -1):
            row = border - n + j
            if row >= 0 and np.isfinite(values[row]):
                _into(part, values[row])
            _central(part, far[j])
        part[:] = 0.0
        for row in range(max(border, 0), min(border + n, values.size)):
            if np.isfinite(values[row]):
                _into(part, values[row])
            rest = far[row - border + 1]
            if row < n - 1 or not np.isfinite(values[row - n + 1]) or part[0] + rest[0] < max(n - allowed, 1):
                continue
            _central(part, near)
            if rest[0] == 0 or near[0] == 0:
                joined[:] = near if rest[0] == 0 else rest
            else:
                _joined(rest, near, joined)
            out[:, row] = joined
    return out
