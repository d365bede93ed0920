"""Order statistics of the last n values, read from one sorted window that is kept by taking one out, putting one in.

What stands in the window depends on its values alone, so no borders are needed.
"""

import numpy as np

from bcdata.features.grid import FloatArray
from bcdata.features.kernels import compiled


@compiled
def _position(window: FloatArray, size: int, value: float) -> int:
    """How many of the first `size` values, which ascend, are smaller."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if window[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def _replace(window: FloatArray, size: int, old: float, new: float) -> int:
    """Takes `old` out and puts `new` in, where they are finite; returns the size after that."""
    gone, come = np.isfinite(old), np.isfinite(new)
    at = _position(window, size, old) if gone else size
    to = _position(window, size, new) if come else size
    if gone and come and to > at:
        to -= 1
    end = to if come else size - int(gone)
    start = at if gone else size
    for i in range(start, end):
        window[i] = window[i + 1]
    for i in range(start, end, -1):
        window[i] = window[i - 1]
    if come:
        window[to] = new
    return size + int(come) - int(gone)


@compiled
def sorted_window(
    values: FloatArray, n: int, allowed: int, tail: float, quantiles: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """k-th smallest, mean of the k smallest, rank of the newest, quantiles; the last has shape (quantiles, rows)."""
    kth, mean, rank = np.full((3, values.size), np.nan)
    cuts = np.full((quantiles.size, values.size), np.nan)
    window, size = np.empty(n + 1), 0
    for row in range(values.size):
        old = values[row - n] + 0.0 if row >= n else np.nan  # + 0.0: there is one zero, whatever its sign
        new = values[row] + 0.0
        size = _replace(window, size, old, new)
        if row < n - 1 or not np.isfinite(values[row - n + 1]) or size < max(n - allowed, 1):
            continue
        k = max(int(np.ceil(tail * size - 1e-9)), 1)
        kth[row], total = window[k - 1], 0.0
        for i in range(k):
            total += window[i] - window[0]  # from the smallest on: equal values have exactly that mean
        mean[row] = min(window[0] + total / k, window[k - 1])
        for i in range(quantiles.size):
            place = quantiles[i] * (size - 1)
            low = int(place)
            apart = window[min(low + 1, size - 1)] - window[low]
            cuts[i, row] = window[low] + apart * (place - low)
        if np.isfinite(new) and size > 1:
            equal = smaller = _position(window, size, new)
            while equal < size and window[equal] == new:
                equal += 1
            rank[row] = (smaller + 0.5 * (equal - smaller - 1)) / (size - 1)
    return kth, mean, rank, cuts
