"""Statistics of the last n bars that depend on those bars alone, to the last bit.

Running sums carry rounding from wherever they began. Here time is cut into blocks of n bars, counted from
the interval's anchor; a window of n bars is the end of one block and the beginning of the next, and both
parts are accumulated from their common border outwards (van Herk 1992, Gil and Werman 1993). So the bits
depend on the window's own values and on the clock, never on the first row of the grid.

A window is whole where its oldest bar has a value and at most `max_missing` of its n bars have none; what is
not whole is NaN. The features of the catalogue allow a tenth of n. The oldest bar is asked for so that a
history shorter than the window never passes for a window with holes.
"""

import numpy as np
import numpy.typing as npt

from bcdata.features.grid import FloatArray

BoolArray = npt.NDArray[np.bool_]


def rolling_max(values: FloatArray, n: int, *, first: int, max_missing: int) -> FloatArray:
    """The largest of the last n values, one per row; `first` is the grid's."""
    return _extreme(np.fmax, values, n, first, max_missing)


def rolling_min(values: FloatArray, n: int, *, first: int, max_missing: int) -> FloatArray:
    """The smallest of the last n values, one per row; `first` is the grid's."""
    return _extreme(np.fmin, values, n, first, max_missing)


def rolling_std(values: FloatArray, n: int, *, first: int, max_missing: int) -> FloatArray:
    """The standard deviation (ddof 1) of the last n values, one per row; `first` is the grid's.

    Welford's recursion on either side of the border, joined by Chan's formula: no difference of large sums,
    and exactly 0 for equal values. Deviations below 1e-150 are 0 too: their squares underflow.
    """
    blocks = _blocks(values, n, first)
    after, before = _moments(blocks), _moments(blocks[:, ::-1])
    for part in before:
        part[:, -1] = 0.0  # reversed, so this is a whole block: such a window is all on the near side
    parts = [_window(far[:, ::-1], near, n, first, values.size) for far, near in zip(before, after, strict=True)]
    (n_far, n_near), (mean_far, mean_near), (squares_far, squares_near) = parts
    count = n_far + n_near
    apart = mean_near - mean_far
    with np.errstate(divide="ignore", invalid="ignore"):  # an empty window is NaN by 0/0, as it should be
        between = apart * (n_far * n_near / count) * apart
        deviation = np.sqrt((squares_far + squares_near + between) / (count - 1))
    return np.where(_whole(values, n, max_missing) & (count > 1), deviation, np.nan)


def _extreme(ufunc: np.ufunc, values: FloatArray, n: int, first: int, max_missing: int) -> FloatArray:
    blocks = _blocks(values, n, first)
    after = ufunc.accumulate(blocks, axis=1)
    before = ufunc.accumulate(blocks[:, ::-1], axis=1)[:, ::-1]
    extreme: FloatArray = ufunc(*_window(before, after, n, first, values.size))
    return np.where(_whole(values, n, max_missing), extreme, np.nan)


def _moments(blocks: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Count, mean and sum of squared deviations of every block's first 1, 2, .. n values."""
    columns = np.ascontiguousarray(blocks.T)
    present = np.isfinite(columns)
    columns = np.where(present, columns, 0.0)
    count = np.cumsum(present, axis=0, dtype=np.float64)
    means, squares = np.zeros_like(columns), np.zeros_like(columns)
    mean = square = np.zeros(len(blocks))
    for i, value in enumerate(columns):
        deviation = np.where(present[i], value - mean, 0.0)
        mean = mean + deviation / np.maximum(count[i], 1.0)
        square = square + deviation * (value - mean)
        means[i], squares[i] = mean, square
    return count.T, means.T, squares.T


def _blocks(values: FloatArray, n: int, first: int) -> FloatArray:
    """The values in rows of n, on borders that lie at multiples of n from the anchor; NaN around them."""
    lead = _lead(n, first)
    blocks = np.full(-(-(lead + values.size) // n) * n, np.nan)
    blocks[lead : lead + values.size] = values
    return blocks.reshape(-1, n)


def _window(before: FloatArray, after: FloatArray, n: int, first: int, size: int) -> tuple[FloatArray, FloatArray]:
    """For every row the part of its window before the border, and the part after it."""
    lead = _lead(n, first)
    oldest = lead - n + 1
    return before.ravel()[oldest : oldest + size], after.ravel()[lead : lead + size]


def _lead(n: int, first: int) -> int:
    """Empty bars before the grid: up to a border, and one block more so that every window has a beginning."""
    return first % n + n


def _whole(values: FloatArray, n: int, max_missing: int) -> BoolArray:
    present = np.concatenate([np.zeros(n, dtype=np.bool_), np.isfinite(values)])
    counted = np.cumsum(present)
    whole: BoolArray = present[1 : values.size + 1] & (counted[n:] - counted[:-n] >= n - max_missing)
    return whole
