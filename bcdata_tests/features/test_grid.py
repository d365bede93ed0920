"""The grid and the arithmetic that the bits depend on."""

import hashlib
import math
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcdata.features.table.grid import Grid, lag, log_ratio, microseconds
from bcdata.interval import Interval
from bcdata.windows import Window

quickly = settings(max_examples=100, deadline=None, database=None)
prices = st.floats(1e-9, 1e9)


def test_the_logarithm_is_the_c_library_s_to_a_unit_in_the_last_place() -> None:
    rng = np.random.default_rng(0)
    near, wide = rng.lognormal(0, 0.01, 20_000), np.exp(rng.uniform(-700, 700, 20_000))
    for ratios in (near, wide, np.array([1.0, 2.0, 0.5, 2.0**1023, 2.0**-1022, np.sqrt(0.5), np.sqrt(2.0)])):
        expected = np.array([math.log(ratio) for ratio in ratios])
        apart = np.abs(log_ratio(ratios, np.ones_like(ratios)) - expected)
        assert (apart <= np.spacing(np.abs(expected))).all()


def test_the_logarithm_has_the_same_bits_on_every_machine() -> None:
    numbers = np.arange(1.0, 100_001.0)  # exact everywhere, and so are their quotients
    bits = log_ratio(numbers, numbers[::-1]).astype("<f8").tobytes()
    assert hashlib.sha256(bits).hexdigest()[:16] == "c04ae3c710a9d6a9"  # pragma: allowlist secret


@quickly
@given(st.lists(st.tuples(prices, prices), max_size=20), st.integers(-20, 20))
def test_prices_times_a_power_of_two_have_the_same_logarithms(pairs: list[tuple[float, float]], power: int) -> None:
    a, b = np.array(pairs).reshape(-1, 2).T.copy()
    np.testing.assert_array_equal(log_ratio(a * 2.0**power, b * 2.0**power), log_ratio(a, b))


def test_what_is_not_positive_has_no_logarithm() -> None:
    a = np.array([1.0, -1.0, -1.0, 0.0, 1.0, np.nan, 1.0, np.inf, 1.0, 1e-310])
    b = np.array([1.0, -1.0, 1.0, 1.0, 0.0, 1.0, np.nan, 1.0, np.inf, 1.0])
    np.testing.assert_array_equal(log_ratio(a, b), [0.0] + [np.nan] * 9)


@pytest.mark.parametrize(
    ("bars", "expected"), [(0, [1, 2, 3]), (1, [np.nan, 1, 2]), (3, [np.nan] * 3), (9, [np.nan] * 3)]
)
def test_lag_looks_back_by_bars(bars: int, expected: list[float]) -> None:
    np.testing.assert_array_equal(lag(np.array([1.0, 2.0, 3.0]), bars), expected)


@quickly
@given(
    st.sampled_from(["1s", "7m", "1h", "1d", "3d", "1w", "1mo"]).map(Interval.parse),
    st.datetimes(datetime(1960, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(0, 40),
)
def test_the_grid_is_every_open_of_the_window_numbered_from_the_anchor(
    interval: Interval, start: datetime, bars: int
) -> None:
    opens = [interval.ceil(start)]
    for _ in range(bars):
        opens.append(interval.next(opens[-1]))
    grid = interval.opens(Window(start, opens[-1]))
    assert list(grid) == [microseconds(opened) for opened in opens[:-1]]
    numbers = [interval.number(opened) for opened in opens]
    assert numbers == list(range(numbers[0], numbers[0] + len(opens)))
    assert interval.number(interval.anchor) == 0


def test_the_day_opens_at_midnight_or_not_at_all() -> None:
    start = datetime(2023, 1, 1, 23, tzinfo=UTC)
    opens = Interval.parse("1h").opens(Window(start, datetime(2023, 1, 2, 3, tzinfo=UTC)))
    values = np.array([5.0, 6.0, 7.0, 8.0])
    np.testing.assert_array_equal(Grid(opens, 0, {}).at_day_open(values), [np.nan, 6, 6, 6])
    values[1] = np.nan
    assert np.isnan(Grid(opens, 0, {}).at_day_open(values)).all()
