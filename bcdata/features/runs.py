"""Recursive features: truncated recursions that restart for every UTC day.

"From the beginning of history" is no definition: two histories give two values. Here the values of a UTC day come
from one recursion that is seeded `length` bars before that day's first bar, whatever is known from before. The
length is part of the definition. Bars of a day or longer are a day each, so each has a recursion of its own.

A run is one such stretch: `length` bars, then the day's. To compute with several coupled recursions (ADX, MACD),
unroll the series into runs, laid end to end; add, divide, lag and smooth there; and roll the result up again:

    runs = bars.runs(400, "close")
    close = runs.unroll(bars["close"])
    line = runs.ema(close, 2 / 13) - runs.ema(close, 2 / 27)
    return runs.roll(line - runs.ema(line, 2 / 10))

A row has a value where its bar is there, the run's first bar is, and of the last `length` bars at most a tenth is
missing. What is missing in between leaves a recursion's state as it is.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bcdata.features.table.grid import FloatArray, Grid, IntArray, plain

BoolArray = npt.NDArray[np.bool_]


class PairedRuns(NamedTuple):
    """Runs as compiled indicators take them.

    Attributes:
        pairs: Runs of one size two by two, an odd one with itself: the rows at which both begin, and the size;
            shape (pairs, 3).
        length: Bars of a run before the day's first one.
        sound: Which rows of the grid have a value.
    """

    pairs: IntArray
    length: int
    sound: BoolArray


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of a grid.

    Attributes:
        length: Bars of a run before the day's first one.
        starts: The grid's row at which each run begins.
        borders: Where each run begins in unrolled arrays, and at last where the last one ends.
        sound: Which rows of the grid have a value.
    """

    length: int
    starts: IntArray
    borders: IntArray
    sound: BoolArray

    @classmethod
    def of(cls, days: IntArray, there: BoolArray, length: int) -> "Runs":
        """The runs over a grid whose UTC days begin at these rows, with bars that are there."""
        from bcdata.features.kernels.recursions import soundness

        ends = np.append(days[1:], there.size)
        complete = days >= length
        starts = days[complete] - length
        borders = np.concatenate([[0], np.cumsum(ends[complete] - starts)]).astype(np.int64)
        return cls(length, starts, borders, soundness(there, length, starts, borders, length // 10))

    @property
    def paired(self) -> PairedRuns:
        """The runs, two by two."""
        sizes, found = np.diff(self.borders), [np.empty((0, 3), dtype=np.int64)]
        for size in np.unique(sizes):
            starts = self.starts[sizes == size]
            ones, others = starts[::2], np.append(starts[1::2], starts[-1:])[: -(-starts.size // 2)]
            found.append(np.column_stack((ones, others, np.full(ones.size, size))))
        return PairedRuns(np.concatenate(found), self.length, self.sound)

    def unroll(self, values: FloatArray) -> FloatArray:
        """One value per grid row → the rows of all runs, one run after the other."""
        from bcdata.features.kernels.recursions import unroll

        return unroll(plain(values), self.starts, self.borders)

    def roll(self, unrolled: FloatArray) -> FloatArray:
        """The values of each run's own day, one per grid row; NaN where the row has none."""
        from bcdata.features.kernels.recursions import roll

        return roll(plain(unrolled), self.length, self.starts, self.borders, self.sound)

    def lag(self, unrolled: FloatArray) -> FloatArray:
        """The value of the bar before in the same run; NaN at its first one."""
        before = np.empty_like(unrolled)
        before[1:] = unrolled[:-1]
        before[self.borders[:-1]] = np.nan
        return before

    def ema(self, unrolled: FloatArray, alpha: float) -> FloatArray:
        """Exponential mean in every run, s + alpha·(value - s), seeded with its first value; Wilder's has alpha 1/n."""
        from bcdata.features.kernels.recursions import ema

        return ema(plain(unrolled), alpha, self.borders)


def ema(values: FloatArray, alpha: float, *, length: int, grid: Grid) -> FloatArray:
    """The exponential mean of one value per grid row, as a truncated recursion of `length` bars before the day."""
    runs = Runs.of(grid.days, np.isfinite(values), length)
    return runs.roll(runs.ema(runs.unroll(values), alpha))


def wilder(values: FloatArray, n: int, *, length: int, grid: Grid) -> FloatArray:
    """Wilder's smoothing over n bars: `ema` with alpha = 1/n."""
    return ema(values, 1.0 / n, length=length, grid=grid)
