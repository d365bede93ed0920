"""Order statistics of the last n values, read from one sorted window that is kept by taking one out, putting one in.

What stands in the window depends on its values alone, so no borders are needed.
"""

import numpy as np

from bcdata.features.grid import FloatArray
from bcdata.features.kernels import compiled


@compiled
def _position(window: FloatArray, size: int, value: float) -> int:
    """How many of the first `size` values, which ascend, are smaller. Without branches: they could not be foretold."""
    base, length = 0, size
    while length > 1:
        half = length >> 1
        base += half if window[base + half - 1] < value else 0
        length -= half
    return base + int(size > 0 and window[base] < value)


@compiled
def _shift(window: FloatArray, at: int, to: int) -> None:
    """Moves what lies between two places by one towards `at`. Indices without a sign: else nothing is vectorised."""
    one, place = np.uint64(1), np.uint64(at)
    for _ in range(to - at):
        window[place] = window[place + one]
        place += one
    for _ in range(at - to):
        window[place] = window[place - one]
        place -= one


@compiled
def _replace(window: FloatArray, size: int, old: float, new: float) -> tuple[int, int]:
    """Takes `old` out and puts `new` in, where they are finite; the size after that, and what is smaller than `new`."""
    gone, come = np.isfinite(old), np.isfinite(new)
    at = _position(window, size, old) if gone else size
    to = _position(window, size, new) if come else size - int(gone)
    if gone and come and to > at:
        to -= 1
    if gone or come:
        _shift(window, at, to)
    if come:
        window[to] = new
    return size + int(come) - int(gone), to


@compiled
def _tail_mean(window: FloatArray, k: int) -> float:
    """The mean of the first k values, in four sums side by side. Equal values have exactly that mean."""
    least, whole = window[0], k - k % 4
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for i in range(0, whole, 4):
        a += window[i] - least
        b += window[i + 1] - least
        c += window[i + 2] - least
        d += window[i + 3] - least
    for i in range(whole, k):
        a += window[i] - least
    mean: float = least + ((a + b) + (c + d)) / k
    return min(mean, float(window[k - 1]))


@compiled
def sorted_window(
    values: FloatArray, n: int, allowed: int, tail: float, quantiles: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """k-th smallest, mean of the k smallest, rank of the newest, quantiles; the last has shape (quantiles, rows).

    A tail of 0 asks for none: k-th smallest and mean are then missing.
    """
    kth, mean, rank = np.full((3, values.size), np.nan)
    cuts = np.full((quantiles.size, values.size), np.nan)
    window, size = np.empty(n + 1), 0
    for row in range(values.size):
        old = values[row - n] + 0.0 if row >= n else np.nan  # + 0.0: there is one zero, whatever its sign
        new = values[row] + 0.0
        size, smaller = _replace(window, size, old, new)
        if row < n - 1 or not np.isfinite(values[row - n + 1]) or size < max(n - allowed, 1):
            continue
        if tail > 0.0:
            k = max(int(np.ceil(tail * size - 1e-9)), 1)
            kth[row], mean[row] = window[k - 1], _tail_mean(window, k)
        for i in range(quantiles.size):
            place = quantiles[i] * (size - 1)
            low = int(place)
            apart = window[min(low + 1, size - 1)] - window[low]
            cuts[i, row] = window[low] + apart * (place - low)
        if np.isfinite(new) and size > 1:
            equal = smaller
            while equal < size and window[equal] == new:
                equal += 1
            rank[row] = (smaller + 0.5 * (equal - smaller - 1)) / (size - 1)
    return kth, mean, rank, cuts
