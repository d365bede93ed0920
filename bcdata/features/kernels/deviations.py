"""The mean absolute deviation of the last n values. As `sums`, whose words hold here, except that it has no blocks.

Absolute deviations cannot be put together from parts: each window is summed for itself, the oldest value first. That
is n steps per row, which is cheap for the short windows that ask for it.
"""

import math

import numpy as np

from bcdata.features.grid import FloatArray
from bcdata.features.kernels import compiled


@compiled
def absolute_deviations(values: FloatArray, means: FloatArray, n: int) -> FloatArray:
    """The mean of |value - the row's mean| over the values that are there; NaN where the row has no mean."""
    out = np.full(values.size, np.nan)
    for row in range(n - 1, values.size):
        if not np.isfinite(means[row]):
            continue
        total, count = 0.0, 0
        for value in values[row - n + 1 : row + 1]:
            if np.isfinite(value):
                total += math.fabs(value - means[row])
                count += 1
        out[row] = total / count
    return out
