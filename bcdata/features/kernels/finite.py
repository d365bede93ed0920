"""Whether values are there."""

import numpy as np

from bcdata.features.kernels import compiled
from bcdata.features.table.grid import FloatArray


@compiled
def all_finite(values: FloatArray) -> bool:
    """Whether none is missing or infinite; counted without branches, which is several times as fast as asking each."""
    there = 0
    for i in range(values.size):
        there += abs(values[i]) < np.inf
    return there == values.size
