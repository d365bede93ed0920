"""The rolling kernels against brute force, and their independence of where the grid begins."""

import math
import statistics
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcdata.features.grid import FloatArray
from bcdata.features.rolling import rolling_max, rolling_min, rolling_std

Kernel = Callable[..., FloatArray]
Plain = Callable[[list[float]], float]

UNDERFLOW = 1e-150  # the square of less than this is no number any more, and its deviation 0

quickly = settings(max_examples=150, deadline=None, database=None)
numbers = st.lists(st.floats(-1e6, 1e6, allow_subnormal=False) | st.just(math.nan), max_size=60)


@pytest.mark.parametrize(("kernel", "plain"), [(rolling_max, max), (rolling_min, min), (rolling_std, statistics.stdev)])
@quickly
@given(values=numbers, n=st.integers(1, 20), first=st.integers(-50, 50), missing=st.integers(0, 5))
def test_equals_brute_force(
    kernel: Kernel, plain: Plain, *, values: list[float], n: int, first: int, missing: int
) -> None:
    result = kernel(np.array(values), n, first=first, max_missing=missing)
    assert result.size == len(values)
    for row, actual in enumerate(result):
        window = values[max(0, row - n + 1) : row + 1]
        present = [value for value in window if not math.isnan(value)]
        whole = len(window) == n and not math.isnan(window[0]) and n - len(present) <= missing
        if not whole or (plain is statistics.stdev and len(present) < 2):
            assert math.isnan(actual)
        else:
            largest = max(map(abs, present))
            assert math.isclose(actual, plain(present), rel_tol=1e-9, abs_tol=1e-15 * largest * n + UNDERFLOW)


@pytest.mark.parametrize("kernel", [rolling_max, rolling_min, rolling_std])
@quickly
@given(
    values=numbers,
    n=st.integers(1, 20),
    first=st.integers(0, 50),
    cut=st.integers(0, 60),
    end=st.integers(0, 60),
)
def test_has_the_same_bits_wherever_the_grid_begins_and_ends(
    kernel: Kernel, *, values: list[float], n: int, first: int, cut: int, end: int
) -> None:
    series = np.array(values)
    whole = kernel(series, n, first=first, max_missing=2)
    part = kernel(series[cut:end], n, first=first + cut, max_missing=2)
    # Before its n-th row the part has less than a window, and must not have a value.
    assert np.isnan(part[: n - 1]).all()
    np.testing.assert_array_equal(part[n - 1 :].view(np.int64), whole[cut:end][n - 1 :].view(np.int64))


@given(value=st.floats(-1e300, 1e300), n=st.integers(2, 30), first=st.integers(0, 100))
@quickly
def test_equal_values_deviate_by_exactly_nothing(value: float, n: int, first: int) -> None:
    result = rolling_std(np.full(100, value), n, first=first, max_missing=0)
    assert (result[n - 1 :] == 0).all()


def test_a_large_level_does_not_drown_a_small_deviation() -> None:
    values = 1e6 + np.resize([0.0, 1e-3], 500)
    result = rolling_std(values, 60, first=7, max_missing=0)[59:]
    np.testing.assert_allclose(result, statistics.stdev(values[:60]), rtol=1e-8)
