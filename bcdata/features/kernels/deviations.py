"""The newest of n values in their mean absolute deviations. As `sums`, whose words hold here, but without blocks.

Absolute deviations cannot be put together from parts: each window is summed for itself, the oldest value first. That
is n steps per row, which is cheap for the short windows that ask for it: many rows take each step at once.
"""

import numpy as np

from bcdata.features.kernels import compiled
from bcdata.features.table.grid import FloatArray

_AT_ONCE = 256
_EPS = float(np.finfo(np.float64).eps)


@compiled
def absolute_scores(values: FloatArray, means: FloatArray, n: int, unit: float) -> FloatArray:
    """(value - the row's mean) / (unit · the mean of |values - that mean|), of the values that are there.

    NaN where the row has no mean, or the deviations are no more than the mean's rounding.
    """
    out = np.full(values.size, np.nan)
    totals, counts = np.empty(_AT_ONCE), np.empty(_AT_ONCE)
    for start in range(n - 1, values.size, _AT_ONCE):
        centres = means[start : start + _AT_ONCE]
        totals[:], counts[:] = 0.0, 0.0
        for back in range(n - 1, -1, -1):
            part = values[start - back : start - back + centres.size]
            for i in range(centres.size):
                apart = abs(part[i] - centres[i])
                totals[i] += apart if apart < np.inf else 0.0
                counts[i] += 1.0 if apart < np.inf else 0.0
        for i in range(centres.size):
            spread = totals[i] / counts[i]
            score = (values[start + i] - centres[i]) / (unit * spread)
            out[start + i] = score if spread > 8.0 * _EPS * abs(centres[i]) else np.nan
    return out
