"""Ranks across symbols, row by row."""

import numpy as np
import numpy.typing as npt

from bcdata.features.kernels import compiled
from bcdata.features.table.grid import FloatArray


@compiled
def rank_among(own: FloatArray, panel: FloatArray, others: npt.NDArray[np.bool_]) -> FloatArray:
    """For every row the share of others whose value is smaller, equal ones counted half; NaN where there is none.

    Args:
        own: One value per row.
        panel: Shape (members, rows); what is not finite does not count.
        others: Which members count.
    """
    below, counted = np.zeros(own.size), np.zeros(own.size)
    for member in range(panel.shape[0]):
        if others[member]:
            for row in range(own.size):
                value = panel[member, row]
                if np.isfinite(value):
                    counted[row] += 1.0
                    below[row] += 1.0 if value < own[row] else (0.5 if value == own[row] else 0.0)
    for row in range(own.size):
        below[row] = below[row] / counted[row] if counted[row] and np.isfinite(own[row]) else np.nan
    return below
