"""The rolling kernels against brute force, and their independence of where the grid begins."""

import functools
import math
import statistics
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bcdata.features import rolling
from bcdata.features.rolling import rolling_max, rolling_mean, rolling_min, rolling_std, rolling_sum
from bcdata.features.table.grid import FloatArray

Kernel = Callable[..., FloatArray]
Plain = Callable[[list[float]], float]

UNDERFLOW = 1e-150  # the square of less than this is no number any more, and its deviation 0

quickly = settings(max_examples=60, deadline=None, database=None)
numbers = st.lists(st.floats(-1e6, 1e6, allow_subnormal=False) | st.just(math.nan), max_size=60)


def whenever(kernel: Kernel) -> Kernel:
    """A kernel that asks for no clock, as one that does."""

    @functools.wraps(kernel)
    def function(values: FloatArray, n: int, *, first: int, **how: int) -> FloatArray:
        del first
        return kernel(values, n, **how)

    return function


highest, lowest = whenever(rolling_max), whenever(rolling_min)
OF_ONE: list[Kernel] = [
    *(rolling_sum, rolling_mean, rolling.rolling_var, rolling_std, highest, lowest),
    *(whenever(rolling.rolling_argmax), whenever(rolling.rolling_argmin)),
    *(rolling.rolling_skew, rolling.rolling_kurt, rolling.rolling_slope, rolling.rolling_r2),
]
OF_TWO: list[Kernel] = [rolling.rolling_cov, rolling.rolling_corr, rolling.rolling_beta]
by_name = {"ids": lambda kernel: kernel.__name__}


def with_itself(kernel: Kernel) -> Kernel:
    """A kernel of two series as one of one, with its own past for the other."""

    def function(values: FloatArray, n: int, **how: int) -> FloatArray:
        return kernel(values, np.cos(values), n, **how)

    return function


EVERY = [*OF_ONE, *map(with_itself, OF_TWO)]


def windows(values: list[float], n: int, missing: int) -> list[list[float] | None]:
    """The present values of every window; None where it is not whole."""
    found: list[list[float] | None] = []
    for row in range(len(values)):
        window = values[max(0, row - n + 1) : row + 1]
        present = [value for value in window if not math.isnan(value)]
        is_whole = len(window) == n and not math.isnan(window[0]) and n - len(present) <= missing
        found.append(present if is_whole else None)
    return found


@pytest.mark.parametrize(
    ("kernel", "plain"),
    [
        *((highest, max), (lowest, min), (rolling_std, statistics.stdev)),
        *((rolling_sum, math.fsum), (rolling_mean, statistics.fmean)),
    ],
)
@quickly
@given(values=numbers, n=st.integers(1, 20), first=st.integers(-50, 50), missing=st.integers(0, 5))
def test_equals_brute_force(
    kernel: Kernel, plain: Plain, *, values: list[float], n: int, first: int, missing: int
) -> None:
    result = kernel(np.array(values), n, first=first, max_missing=missing)
    assert result.size == len(values)
    for actual, present in zip(result, windows(values, n, missing), strict=True):
        if present is None or (plain is statistics.stdev and len(present) < 2):
            assert math.isnan(actual)
        else:
            largest = max(map(abs, present))
            assert math.isclose(actual, plain(present), rel_tol=1e-9, abs_tol=1e-15 * largest * n + UNDERFLOW)


def noisy(rows: int = 900, holes: float = 0.03) -> FloatArray:
    rng = np.random.default_rng(0)
    values = np.cumsum(rng.normal(0, 1, rows)) + rng.standard_t(2, rows)
    values[rng.random(rows) < holes] = np.nan
    return values


@pytest.mark.parametrize("n", [5, 60, 240])
def test_shapes_and_lines_are_scipys(n: int) -> None:
    values = noisy()
    skew, kurt, slope, r2 = (
        kernel(values, n, first=11)
        for kernel in (rolling.rolling_skew, rolling.rolling_kurt, rolling.rolling_slope, rolling.rolling_r2)
    )
    checked = 0
    for row in range(n - 1, values.size, 17):
        window = values[row - n + 1 : row + 1]
        there = np.isfinite(window)
        if not there[0] or there.sum() < n - n // 10:
            assert np.isnan([skew[row], kurt[row], slope[row], r2[row]]).all()
            continue
        checked += 1
        line = stats.linregress(np.arange(n)[there], window[there])
        expected = [stats.skew(window[there]), stats.kurtosis(window[there]), line.slope, line.rvalue**2]
        np.testing.assert_allclose([skew[row], kurt[row], slope[row], r2[row]], expected, rtol=1e-9, atol=1e-12)
    assert checked > 20


@pytest.mark.parametrize("n", [2, 7, 120])
def test_joint_moments_are_numpys(n: int) -> None:
    x = noisy(holes=0.01)
    y = 0.3 * x + np.random.default_rng(1).normal(0, 1, x.size)
    y[300:303] = np.nan
    cov, corr, beta = (kernel(x, y, n, first=5) for kernel in OF_TWO)
    opposite = rolling.rolling_beta(y, x, n, first=5)
    for row in range(n - 1, x.size, 7):
        there = np.isfinite(x[row - n + 1 : row + 1] + y[row - n + 1 : row + 1])
        if not there[0] or there.sum() < n - n // 10 or there.sum() < 2:
            assert np.isnan([cov[row], corr[row], beta[row]]).all()
            continue
        matrix = np.cov(x[row - n + 1 : row + 1][there], y[row - n + 1 : row + 1][there])
        assert cov[row] == pytest.approx(matrix[0, 1], rel=1e-9, abs=1e-12)
        assert corr[row] == pytest.approx(matrix[0, 1] / math.sqrt(matrix[0, 0] * matrix[1, 1]), rel=1e-9)
        assert beta[row] == pytest.approx(matrix[0, 1] / matrix[1, 1], rel=1e-9)
        assert opposite[row] == pytest.approx(matrix[0, 1] / matrix[0, 0], rel=1e-9)


@quickly
@given(values=st.lists(st.sampled_from([1.0, 2.0, 3.0, math.nan]), max_size=40), n=st.integers(1, 9))
def test_ages_count_from_the_newest_of_equal_values(values: list[float], n: int) -> None:
    series = np.array(values)
    oldest = rolling.rolling_argmin(series, n, max_missing=2)
    newest = rolling.rolling_argmax(series, n, max_missing=2)
    for row, present in enumerate(windows(values, n, 2)):
        if present is None:
            assert math.isnan(oldest[row])
            assert math.isnan(newest[row])
        else:
            window = values[row - n + 1 : row + 1][::-1]
            assert (newest[row], oldest[row]) == (window.index(max(present)), window.index(min(present)))


@quickly
@given(
    values=st.lists(st.sampled_from([-0.0, 0.0, 1.0, 2.5, -3.0, math.nan]) | st.floats(-9, 9), max_size=60),
    n=st.integers(1, 20),
    cut=st.integers(0, 30),
)
def test_one_sorted_window_has_the_order_statistics(values: list[float], n: int, cut: int) -> None:
    series = np.array(values)
    got = rolling.sorted_window(series, n, max_missing=3, tail=0.2, rank=True, quantiles=(0.0, 0.3, 0.5, 1.0))
    part = rolling.sorted_window(series[cut:], n, max_missing=3, tail=0.2, rank=True, quantiles=(0.0, 0.3, 0.5, 1.0))
    for a, b in zip((*got[:3], *got.quantiles), (*part[:3], *part.quantiles), strict=True):
        np.testing.assert_array_equal(a[cut:][n - 1 :].view(np.int64), b[n - 1 :].view(np.int64))
    for row, present in enumerate(windows(values, n, 3)):
        if not present:
            assert math.isnan(got.kth[row])
            continue
        ascending = sorted(present)
        smallest = ascending[: math.ceil(len(present) / 5)]
        assert got.kth[row] == smallest[-1]
        assert got.tail_mean[row] == pytest.approx(statistics.fmean(smallest), rel=1e-12, abs=1e-15)
        assert got.tail_mean[row] <= got.kth[row]
        cuts = [one[row] for one in got.quantiles]
        np.testing.assert_allclose(cuts, np.quantile(present, (0.0, 0.3, 0.5, 1.0)), rtol=1e-12, atol=1e-15)
        if math.isnan(values[row]) or len(present) < 2:
            assert math.isnan(got.rank[row])
        else:
            place = (stats.rankdata(present)[-1] - 1) / (len(present) - 1)
            assert got.rank[row] == pytest.approx(place, abs=1e-15)


def test_a_tail_that_is_no_share_is_refused() -> None:
    for wrong in ({"tail": 1.5}, {"tail": -0.1}, {"quantiles": (0.5, 2.0)}):
        with pytest.raises(ValueError, match="shares are between 0 and 1"):
            rolling.sorted_window(noisy(), 10, **wrong)


@pytest.mark.parametrize("kernel", EVERY, **by_name)
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
    with np.errstate(all="ignore"):
        whole = kernel(series, n, first=first, max_missing=2)
        part = kernel(series[cut:end], n, first=first + cut, max_missing=2)
    # Before its n-th row the part has less than a window, and must not have a value.
    assert np.isnan(part[: n - 1]).all()
    np.testing.assert_array_equal(part[n - 1 :].view(np.int64), whole[cut:end][n - 1 :].view(np.int64))


@given(value=st.floats(-1e150, 1e150), n=st.integers(2, 30), first=st.integers(0, 100), hole=st.integers(0, 99))
@quickly
def test_equal_values_deviate_by_exactly_nothing(value: float, n: int, first: int, hole: int) -> None:
    series = np.full(100, value)
    series[hole] = np.nan
    windows_of = {"first": first, "max_missing": 1}
    deviation = rolling_std(series, n, **windows_of)
    with np.errstate(all="ignore"):
        others = [kernel(series, n, **windows_of) for kernel in (rolling.rolling_skew, rolling.rolling_kurt)]
        others.append(rolling.rolling_corr(series, noisy(100, 0.0), n, **windows_of))
        others.append(rolling.rolling_beta(noisy(100, 0.0), series, n, **windows_of))
        others.append(rolling.rolling_r2(series, n, **windows_of))
    rows = np.isfinite(deviation)
    assert rows.sum() >= 69 or n > 28
    assert (deviation[rows] == 0).all()
    assert (rolling_mean(series, n, **windows_of)[np.isfinite(rolling_max(series, n, max_missing=1))] == value).all()
    for undefined in others:
        assert np.isnan(undefined).all()


@pytest.mark.parametrize("level", [1e6, 6e4])
def test_a_large_level_does_not_drown_a_small_deviation(level: float) -> None:
    values = level + np.resize([0.0, 1e-3], 500)
    result = rolling_std(values, 60, first=7, max_missing=0)[59:]
    np.testing.assert_allclose(result, statistics.stdev(values[:60]), rtol=1e-8)


def test_a_spike_beside_the_border_costs_no_precision_of_what_holds_it_and_nothing_after() -> None:
    values = np.random.default_rng(0).normal(0, 1e-4, 4000)
    values[1200] = values[1439] = 0.3
    for n in (60, 240):
        result = rolling_std(values, n, first=0)
        for row in range(n - 1, 4000):
            assert result[row] == pytest.approx(float(np.std(values[row - n + 1 : row + 1], ddof=1)), rel=1e-11)
