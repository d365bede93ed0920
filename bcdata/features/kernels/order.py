"""Order statistics of the last n values.

Rows are cut into blocks of n. All windows that end in a block lie in it and the block before: these 2n values are
sorted once, and a window is a tally of which of them it holds. A row takes one out of the tally and puts one in; what
has so many below it is found by counting, a bucket at a time.

What is read depends on the values of the window alone, so it does not matter where blocks begin.
"""

import numpy as np

from bcdata.features.kernels import compiled
from bcdata.features.rolling import WindowStatistics
from bcdata.features.table.grid import FloatArray, IntArray

_BUCKET = 64


@compiled
def _find(ordered: FloatArray, block: FloatArray, places: IntArray) -> None:
    """Where each value of the block stands first in what ascends; -1 for none.

    All are looked for side by side, half by half, without branches (they could not be foretold) and with indices
    without a sign: else nothing is vectorised.
    """
    places[:] = 0
    one, length = np.uint64(1), np.uint64(ordered.size)
    while length > one:
        half = length >> one
        for i in range(block.size):
            base = np.uint64(places[i])
            places[i] = base + half * np.uint64(ordered[base + half - one] < block[i])
        length -= half
    for i in range(block.size):
        if not np.isfinite(block[i]):
            places[i] = -1


@compiled
def _below(held: IntArray, buckets: IntArray, place: int) -> int:
    """How many are held at places before this one."""
    bucket, total = place // _BUCKET, 0
    for count in buckets[:bucket]:
        total += count
    for count in held[bucket * _BUCKET : place]:
        total += count
    return total


@compiled
def _select(held: IntArray, buckets: IntArray, k: int) -> int:
    """The place of the k-th smallest that is held, k from 1."""
    bucket = 0
    while buckets[bucket] < k:
        k -= buckets[bucket]
        bucket += 1
    place = bucket * _BUCKET
    while held[place] < k:
        k -= held[place]
        place += 1
    return place


@compiled
def _tail_mean(ordered: FloatArray, held: IntArray, k: int, smallest: FloatArray) -> float:
    """The mean of the k smallest that are held, in four sums side by side. Equal values have exactly that mean."""
    count, place = 0, 0
    while count < k:
        for _ in range(held[place]):
            smallest[count] = ordered[place]
            count += 1
        place += 1
    least, whole = smallest[0], k - k % 4
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for i in range(0, whole, 4):
        a += smallest[i] - least
        b += smallest[i + 1] - least
        c += smallest[i + 2] - least
        d += smallest[i + 3] - least
    for i in range(whole, k):
        a += smallest[i] - least
    mean: float = least + ((a + b) + (c + d)) / k
    return min(mean, float(smallest[k - 1]))


@compiled
def _quantile(ordered: FloatArray, held: IntArray, buckets: IntArray, place: float) -> float:
    """What stands at this place among those held, counted from 0, between two neighbours by its distance."""
    low = int(place)
    below = float(ordered[_select(held, buckets, low + 1)])
    if place == low:
        return below
    return below + (float(ordered[_select(held, buckets, low + 2)]) - below) * (place - low)


@compiled
def order_statistics(
    values: FloatArray, pairs: FloatArray, allowed: int, asked: WindowStatistics
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """k-th smallest, mean of the k smallest, rank of the newest, quantiles; the last has shape (quantiles, rows).

    Args:
        values: Finite or NaN; a block of NaN before the first row, and after the last one up to whole blocks.
        pairs: Shape (blocks, 2n): for each block of rows its own values and those of the block before, sorted.
        allowed: Bars of a window that may be missing.
        asked: What is asked for; all else is missing.
    """
    blocks, n = pairs.shape[0], pairs.shape[1] // 2
    kth, mean, rank = np.full((3, blocks * n), np.nan)
    cuts = np.full((asked.quantiles.size, blocks * n), np.nan)
    held, buckets = np.zeros(2 * n, dtype=np.int64), np.zeros(2 * n // _BUCKET + 1, dtype=np.int64)
    places, smallest = np.empty(2 * n, dtype=np.int64), np.empty(n)
    for block in range(blocks):
        pair, ordered = values[block * n : (block + 2) * n], pairs[block]
        _find(ordered, pair, places)
        held[:], buckets[:], size, k, edge = 0, 0, 0, 0, -1
        for i in range(2 * n):
            come, gone, row = places[i], places[i - n] if i >= n else -1, block * n + i - n
            if gone >= 0:
                held[gone], buckets[gone // _BUCKET], size = held[gone] - 1, buckets[gone // _BUCKET] - 1, size - 1
            if come >= 0:
                held[come], buckets[come // _BUCKET], size = held[come] + 1, buckets[come // _BUCKET] + 1, size + 1
            if i < n or not np.isfinite(pair[i - n + 1]) or size < max(n - allowed, 1):
                edge = -1
                continue
            if asked.tail > 0.0:
                wanted = max(int(np.ceil(asked.tail * size - 1e-9)), 1)
                if wanted == k and come > edge and gone > edge >= 0:
                    kth[row], mean[row] = kth[row - 1], mean[row - 1]
                else:
                    k, edge = wanted, _select(held, buckets, wanted)
                    kth[row], mean[row] = ordered[edge], _tail_mean(ordered, held, k, smallest)
            for q in range(asked.quantiles.size):
                cuts[q, row] = _quantile(ordered, held, buckets, asked.quantiles[q] * (size - 1))
            if asked.rank and come >= 0 and size > 1:
                rank[row] = (_below(held, buckets, come) + 0.5 * (held[come] - 1)) / (size - 1)
    return kth, mean, rank, cuts
