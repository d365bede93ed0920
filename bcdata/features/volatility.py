"""Measures of movement that features of several families read, each computed once for a grid."""

import math

import numpy as np

from bcdata.features.rolling import (
    Comoments,
    Moments,
    rolling_comoments,
    rolling_max,
    rolling_mean,
    rolling_min,
    rolling_moments,
)
from bcdata.features.table.grid import FloatArray, Grid, lag, log_ratio

_HLC = ("high", "low", "close")


def jump(bars: Grid) -> FloatArray:
    """Log return from the close before to the open; NaN where the bar before is missing."""
    return bars.shared("jump", lambda: log_ratio(bars["open"], lag(bars["close"], 1)))


def channel(bars: Grid, n: int) -> tuple[FloatArray, FloatArray]:
    """The highest high and the lowest low of the last n bars, this one included."""

    def make() -> tuple[FloatArray, FloatArray]:
        return rolling_max(bars["high"], n), rolling_min(bars["low"], n)

    return bars.shared(("channel", n), make)


def place_in_channel(bars: Grid, n: int) -> FloatArray:
    """(c - L) / (H - L), in [0, 1]: H and L include the bar's own high and low, and it is NaN without these."""

    def make() -> FloatArray:
        from bcdata.features.kernels.bars import places

        return places(bars.prices, *channel(bars, n))

    return bars.shared(("place in channel", n), make)


def return_moments(bars: Grid, n: int) -> Moments:
    """Count, mean and squared deviations of the last n log returns."""
    return bars.shared(("moments of returns", n), lambda: rolling_moments(bars.returns, n, first=bars.first))


def serial_moments(bars: Grid, n: int) -> Comoments:
    """Joint moments of the last n log returns (x) and those of the bar before each (y)."""

    def make() -> Comoments:
        return rolling_comoments(bars.returns, lag(bars.returns, 1), n, first=bars.first)

    return bars.shared(("serial moments", n), make)


def realised_variance(bars: Grid, n: int) -> FloatArray:
    """Mean square of the last n log returns, per bar and about zero; warm-up n bars."""
    return bars.shared(("realised variance", n), lambda: rolling_mean(bars.returns**2, n, first=bars.first))


def realised_volatility(bars: Grid, n: int) -> FloatArray:
    """Root of the realised variance of n bars, annualised by the length of the grid's bars."""
    return bars.shared(("realised volatility", n), lambda: annualised(bars, realised_variance(bars, n)))


def annualised(bars: Grid, variance: FloatArray) -> FloatArray:
    """The deviation in a year of 365 days that a variance per bar makes; every volatility here is in this unit."""
    return np.sqrt(variance) * math.sqrt(bars.bars_per_year)


def true_range(bars: Grid) -> FloatArray:
    """Wilder's true range: of the bar and the close before it; NaN where any is missing."""
    from bcdata.features.kernels.bars import true_ranges

    return true_ranges(bars.prices)


def average_true_range(bars: Grid, n: int, length: int) -> FloatArray:
    """Wilder's mean true range (alpha 1 / n) in the price's unit, a truncated recursion of `length` bars.

    It restarts for every UTC day (`bcdata.features.runs`), seeded with the first true range of its run, that of
    the second bar. A bar whose predecessor is missing has none, and leaves the mean as it is.
    """

    def make() -> FloatArray:
        from bcdata.features.kernels.momentum import average_true_ranges

        return average_true_ranges(bars.prices, bars.runs(length, *_HLC).paired, 1.0 / n)

    return bars.shared(("average true range", n, length), make)
