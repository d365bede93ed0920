"""Statistics of the last n bars that depend on those bars alone, to the last bit.

Running sums carry rounding from wherever they began. Here time is cut into blocks of n bars, counted from
the interval's anchor; a window of n bars is the end of one block and the beginning of the next, and both
parts are accumulated from their common border outwards (van Herk 1992, Gil and Werman 1993). So the bits
depend on the window's own values and on the clock, never on the first row of the grid. Extremes round nothing, and
need no clock.

A window is whole where its oldest bar has a value and at most `max_missing` of its n bars have none, by default a
tenth of n; what is not whole is NaN. The oldest bar is asked for so that a history shorter than the window never
passes for a window with holes. Statistics are those of the values that are there.

In all functions: `values` (and `x`, `y`) hold one float64 per row of the grid, NaN or infinite where missing;
`first` is the grid's number of its first row; what is returned has one value per row. Statistics that divide by a
deviation are NaN where the window is flat: where it deviates by no more than `noise` (the rounding that the values
themselves carry, in their unit) or than eight eps of its mean.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bcdata.features.table.grid import FloatArray, plain

EPS = float(np.finfo(np.float64).eps)


class Moments(NamedTuple):
    """Of every window: how many values are there, their mean, and the sum of their squared deviations."""

    present: FloatArray
    mean: FloatArray
    squares: FloatArray


class Comoments(NamedTuple):
    """Of every window: how many pairs are there, the means, and the sums of products of deviations."""

    present: FloatArray
    mean_x: FloatArray
    mean_y: FloatArray
    xx: FloatArray
    yy: FloatArray
    xy: FloatArray


class WindowStatistics(NamedTuple):
    """What is to be read from a sorted window, as `sorted_window` has it."""

    tail: float
    rank: bool
    quantiles: FloatArray


class SortedWindow(NamedTuple):
    """Of every window, sorted once.

    Attributes:
        kth: The k-th smallest value, k = ⌈tail · values that are there⌉.
        tail_mean: The mean of the k smallest; never above `kth`.
        rank: Share of the other values that are smaller than the newest, equal ones counted half; in [0, 1].
        quantiles: One array for each that was asked for, interpolated between neighbours (type 7).
    """

    kth: FloatArray
    tail_mean: FloatArray
    rank: FloatArray
    quantiles: tuple[FloatArray, ...]


def rolling_sum(values: FloatArray, n: int, *, first: int, max_missing: int | None = None) -> FloatArray:
    """The sum of the last n values."""
    from bcdata.features.kernels.sums import totals

    return totals(plain(values), n, first, _allowed(n, max_missing), False)


def rolling_mean(values: FloatArray, n: int, *, first: int, max_missing: int | None = None) -> FloatArray:
    """The mean of the last n values; exactly the value where all are equal."""
    from bcdata.features.kernels.sums import totals

    return totals(plain(values), n, first, _allowed(n, max_missing), True)


def rolling_moments(values: FloatArray, n: int, *, first: int, max_missing: int | None = None) -> Moments:
    """Count, mean and squared deviations of the last n values, in one pass."""
    from bcdata.features.kernels.sums import moments

    return Moments(*moments(plain(values), n, first, _allowed(n, max_missing)))


def rolling_var(values: FloatArray, n: int, *, first: int, max_missing: int | None = None, ddof: int = 1) -> FloatArray:
    """The variance of the last n values; exactly 0 where all are equal, NaN for `ddof` values or fewer."""
    present, _, squares = rolling_moments(values, n, first=first, max_missing=max_missing)
    return squares / np.where(present > ddof, present - ddof, np.nan)


def rolling_std(values: FloatArray, n: int, *, first: int, max_missing: int | None = None, ddof: int = 1) -> FloatArray:
    """The standard deviation of the last n values. Deviations below 1e-150 are 0: their squares underflow."""
    variance = rolling_var(values, n, first=first, max_missing=max_missing, ddof=ddof)
    return np.sqrt(variance, out=variance)


def rolling_score(
    values: FloatArray, n: int, *, first: int, max_missing: int | None = None, ddof: int = 1, noise: float = 0.0
) -> FloatArray:
    """The newest of the last n values less their mean, in their standard deviations; NaN where flat."""
    from bcdata.features.kernels.sums import scores

    moments = rolling_moments(values, n, first=first, max_missing=max_missing)
    return scores(plain(values), moments, ddof, noise)


def rolling_max(values: FloatArray, n: int, *, max_missing: int | None = None) -> FloatArray:
    """The largest of the last n values."""
    from bcdata.features.kernels.extremes import extremes

    return extremes(plain(values), n, _allowed(n, max_missing), 1.0)


def rolling_min(values: FloatArray, n: int, *, max_missing: int | None = None) -> FloatArray:
    """The smallest of the last n values."""
    from bcdata.features.kernels.extremes import extremes

    return extremes(plain(values), n, _allowed(n, max_missing), -1.0)


def rolling_argmax(values: FloatArray, n: int, *, max_missing: int | None = None) -> FloatArray:
    """How many bars ago the largest of the last n values was, 0 for this bar; of equal ones the newest counts."""
    from bcdata.features.kernels.extremes import ages

    return ages(plain(values), n, _allowed(n, max_missing), 1.0)


def rolling_argmin(values: FloatArray, n: int, *, max_missing: int | None = None) -> FloatArray:
    """How many bars ago the smallest of the last n values was, as `rolling_argmax`."""
    from bcdata.features.kernels.extremes import ages

    return ages(plain(values), n, _allowed(n, max_missing), -1.0)


def rolling_skew(
    values: FloatArray, n: int, *, first: int, max_missing: int | None = None, noise: float = 0.0
) -> FloatArray:
    """The biased skewness of the last n values, m3 / m2^1.5; NaN where flat."""
    return rolling_shape(values, n, first=first, max_missing=max_missing, noise=noise)[0]


def rolling_kurt(
    values: FloatArray, n: int, *, first: int, max_missing: int | None = None, noise: float = 0.0
) -> FloatArray:
    """The biased excess kurtosis of the last n values, m4 / m2² - 3; NaN where flat."""
    return rolling_shape(values, n, first=first, max_missing=max_missing, noise=noise)[1]


def rolling_shape(
    values: FloatArray, n: int, *, first: int, max_missing: int | None = None, noise: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """`rolling_skew` and `rolling_kurt` in one pass."""
    from bcdata.features.kernels.sums import shape

    return shape(plain(values), n, first, _allowed(n, max_missing), noise)


def rolling_comoments(x: FloatArray, y: FloatArray, n: int, *, first: int, max_missing: int | None = None) -> Comoments:
    """Joint moments of the last n pairs, in one pass; a pair that lacks either is missing."""
    from bcdata.features.kernels.comoments import comoments

    return Comoments(*comoments(plain(x), plain(y), n, first, _allowed(n, max_missing)))


def rolling_cov(
    x: FloatArray, y: FloatArray, n: int, *, first: int, max_missing: int | None = None, ddof: int = 1
) -> FloatArray:
    """The covariance of the last n pairs; NaN for `ddof` pairs or fewer."""
    return covariance(rolling_comoments(x, y, n, first=first, max_missing=max_missing), ddof)


def rolling_corr(
    x: FloatArray,
    y: FloatArray,
    n: int,
    *,
    first: int,
    max_missing: int | None = None,
    noise: tuple[float, float] = (0.0, 0.0),
) -> FloatArray:
    """The correlation of the last n pairs, in [-1, 1]; NaN where x or y is flat."""
    return correlation(rolling_comoments(x, y, n, first=first, max_missing=max_missing), noise)


def rolling_beta(
    y: FloatArray, x: FloatArray, n: int, *, first: int, max_missing: int | None = None, noise: float = 0.0
) -> FloatArray:
    """The slope of y on x over the last n pairs (least squares with an intercept); NaN where x is flat."""
    return slope(rolling_comoments(x, y, n, first=first, max_missing=max_missing), noise)


def rolling_trend(values: FloatArray, n: int, *, first: int, max_missing: int | None = None) -> Comoments:
    """Joint moments of the last n bars' numbers (x) and values (y)."""
    number = np.arange(first, first + values.size, dtype=np.float64)
    return rolling_comoments(number, values, n, first=first, max_missing=max_missing)


def rolling_slope(values: FloatArray, n: int, *, first: int, max_missing: int | None = None) -> FloatArray:
    """The least-squares slope of the last n values, per bar; missing ones are left out of the fit."""
    return slope(rolling_trend(values, n, first=first, max_missing=max_missing))


def rolling_r2(
    values: FloatArray, n: int, *, first: int, max_missing: int | None = None, noise: float = 0.0
) -> FloatArray:
    """How much of the values' variance the line of `rolling_slope` explains, in [0, 1]; NaN where flat."""
    return correlation(rolling_trend(values, n, first=first, max_missing=max_missing), (0.0, noise)) ** 2


def sorted_window(
    values: FloatArray,
    n: int,
    *,
    max_missing: int | None = None,
    tail: float = 0.0,
    rank: bool = True,
    quantiles: Sequence[float] = (),
) -> SortedWindow:
    """Order statistics of the last n values from one sorted window: what is asked for, and NaN for the rest.

    Args:
        values: As everywhere here.
        n: Bars of the window.
        max_missing: As everywhere here.
        tail: Share of the values for `kth` and `tail_mean`; 0 asks for neither.
        rank: Whether to rank the newest; it costs a quarter of the time.
        quantiles: Each in [0, 1].

    Raises:
        ValueError: the tail or a quantile is no share.
    """
    if not all(0 <= share <= 1 for share in (tail, *quantiles)):
        raise ValueError(f"a tail of {tail} and quantiles {quantiles}: shares are between 0 and 1")
    from bcdata.features.kernels import order

    size, blocks = values.size, max(1, -(-values.size // n))
    padded = np.full((blocks + 1) * n, np.nan)
    np.copyto(padded[n : n + size], values + 0.0, where=np.isfinite(values))  # + 0.0: there is one zero
    pairs = np.sort(np.lib.stride_tricks.sliding_window_view(padded, 2 * n)[::n], axis=1)
    asked = WindowStatistics(float(tail), rank, np.array(quantiles, dtype=np.float64))
    kth, mean, ranks, cuts = order.order_statistics(padded, pairs, _allowed(n, max_missing), asked)
    return SortedWindow(kth[:size], mean[:size], ranks[:size], tuple(cuts[:, :size]))


def covariance(joint: Comoments, ddof: int = 1) -> FloatArray:
    """The covariance that joint moments say; NaN for `ddof` pairs or fewer."""
    return joint.xy / np.where(joint.present > ddof, joint.present - ddof, np.nan)


def correlation(joint: Comoments, noise: tuple[float, float] = (0.0, 0.0)) -> FloatArray:
    """The correlation that joint moments say; NaN where either side is flat."""
    from bcdata.features.kernels.comoments import correlations

    return correlations(joint, *noise)


def slope(joint: Comoments, noise: float = 0.0) -> FloatArray:
    """The slope of y on x that joint moments say; NaN where x is flat."""
    from bcdata.features.kernels.comoments import slopes

    return slopes(joint, noise)


def _allowed(n: int, max_missing: int | None) -> int:
    return n // 10 if max_missing is None else max_missing
