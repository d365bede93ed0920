"""How the deviation of moves grows with their length, of windows that end at every bar."""

import numpy as np

from bcdata.features.table.grid import FloatArray, log_ratio


def scaling_exponent(path: FloatArray, n: int, weights: FloatArray, *, first: int, noise: float) -> FloatArray:
    """The sum over lengths of weight · ln deviation (ddof 1) of the last n moves of that length; one per row.

    A window is the n + lengths values between which the moves lie; NaN where it is not whole
    (`bcdata.features.rolling`), or where moves of any length deviate by no more than `noise`.

    Args:
        path: One value per row of the grid.
        n: Moves of each length in a window.
        weights: One per length in bars, 1, 2, ..
        first: The grid's number of its first row: blocks of n rows begin at its multiples.
        noise: In the path's unit.
    """
    from bcdata.features.kernels.roughness import variances, weighed

    backwards = np.ascontiguousarray(weights[::-1])
    lengths, lead = weights.size, 2 * n + weights.size
    padded = np.concatenate((np.full(lead, np.nan), path, np.full(n, np.nan)))
    exponents, ones = np.empty(padded.size), np.ones(n * lengths)
    far, block = np.zeros((n + 1, 3, lengths)), np.empty((n, lengths))
    for border in range(lead - first % n, lead + path.size, n):
        variances(padded, border, far, noise, block)
        logs = log_ratio(block.ravel(), ones).reshape(n, lengths)
        weighed(logs, backwards, exponents[border : border + n])
    return 0.5 * exponents[lead : lead + path.size]
