"""Bounds that statistics of n values have whatever the values are, for `range=` of features.

None of them has a rounding of its own: a window that the bound is nearly reached in (one value apart from n - 1 equal
ones) comes out a few last bits beyond. The bounds are therefore wider than the theorem's by `ROUNDING`, which is what
the cancellation between a price and its mean makes of an eps where prices have up to nine digits.
"""

import math

ROUNDING = 1e-6
"""The share by which a bound is wider than the theorem has it."""

Range = tuple[float, float]


def about_zero(bound: float) -> Range:
    """From -bound to bound."""
    return -bound * (1.0 + ROUNDING), bound * (1.0 + ROUNDING)


def above(low: float, high: float) -> Range:
    """From `low`, which is exact, to `high`."""
    return low, high + abs(high) * ROUNDING


def distance(n: int) -> float:
    """The most deviations (ddof 0) that one of n values is from their mean: √(n - 1), Samuelson 1968."""
    return math.sqrt(n - 1)


def score(n: int) -> float:
    """The same with ddof 1: (n - 1) / √n."""
    return (n - 1) / math.sqrt(n)


def skewness(n: int) -> float:
    """The most skewness m3 / m2^1.5 of n values: (n - 2) / √(n - 1), Wilkins 1944."""
    return (n - 2) / math.sqrt(n - 1)


def excess_kurtosis(n: int) -> Range:
    """From -2 to n² / (n - 1) - 6, the excess of one value apart from n - 1 equal ones."""
    return above(-2.0 * (1.0 + ROUNDING), n * n / (n - 1) - 6.0)
