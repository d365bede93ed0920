"""Bounds that statistics of n values have whatever the values are, for `range=` of features.

Each is reached by one value apart from n - 1 equal ones, so that rounding goes beyond it: by `ROUNDING` at the most
where values are merely added and divided, and by `NOISE` where a distance from the mean is divided by a deviation.
A window that deviates by eight eps of its mean or less is flat, hence null; the mean itself is known to one.
"""

import math

ROUNDING = 1e-6
NOISE = 1 / 8

Range = tuple[float, float]


def above(low: float, high: float) -> Range:
    """From `low`, which is exact, to `high`."""
    return low, high + abs(high) * ROUNDING


def distance(n: int) -> Range:
    """How many deviations (ddof 0) one of n values is from their mean: √(n - 1) at most, Samuelson 1968."""
    return _about_zero(math.sqrt(n - 1) + NOISE)


def score(n: int) -> Range:
    """The same with ddof 1: (n - 1) / √n at most."""
    return _about_zero((n - 1) / math.sqrt(n) + NOISE)


def mean_distance(n: int, *, unit: float = 1.0) -> Range:
    """The same in mean absolute deviations, or parts of them: n / 2 at most, as either side of a mean adds up alike."""
    return _about_zero(n / 2 * (1.0 + NOISE) / unit)


def skewness(n: int) -> Range:
    """Skewness m3 / m2^1.5 of n values: (n - 2) / √(n - 1) at most, Wilkins 1944."""
    return _about_zero((n - 2) / math.sqrt(n - 1) * (1.0 + ROUNDING))


def excess_kurtosis(n: int) -> Range:
    """From -2, half of the values on either side, to n² / (n - 1) - 6, one value apart from the others."""
    return above(-2.0 * (1.0 + ROUNDING), n * n / (n - 1) - 6.0)


def _about_zero(bound: float) -> Range:
    return -bound, bound
