"""Signs that need no other bars of the same time: jumps, volumes per trade, repetitions, lags."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.quality.compare.suspicion import (
    Step,
    find_steps,
    lag_against,
    repeated_days,
    split_returning,
    unusual_volume_per_trade,
)
from bcdata.quality.compare.unconfirmed import look_into
from bcdata.windows import Window
from bcdata_tests.make import START
from bcdata_tests.quality.coarse import ONE, changed, in_hour, minutes, on, scaled

FIRST = date(2023, 3, 1)
SEVEN, EIGHT = START + timedelta(hours=7), START + timedelta(hours=8)


def test_genuine_bars_have_no_steps() -> None:
    assert find_steps(minutes(), ONE) == []
    assert find_steps(minutes().head(1), ONE) == []


@pytest.mark.parametrize("factor", [1.06, 0.93, 10, 0.1])
def test_another_scale_steps_at_both_edges_and_comes_back(factor: float) -> None:
    steps = find_steps(scaled(minutes(), in_hour(FIRST, 7), price=factor), ONE)
    assert [one.at for one in steps] == [SEVEN, EIGHT]
    assert split_returning(steps) == ([Window(SEVEN, EIGHT)], [])


def test_a_crash_does_not_come_back() -> None:
    steps = find_steps(scaled(minutes(), pl.col("open_time") >= SEVEN, price=0.5), ONE)
    assert split_returning(steps) == ([], steps)
    assert [one.at for one in steps] == [SEVEN]


def test_a_rebound_to_halfway_is_no_return() -> None:
    steps = [Step(SEVEN, 100.0, 60.0), Step(EIGHT, 60.0, 75.0)]
    assert split_returning(steps) == ([], steps)


def test_steps_of_a_few_ticks_are_none() -> None:
    cheap = minutes().with_columns(**{name: pl.lit(12e-8) for name in ("open", "high", "low", "close")})
    quiet = changed(cheap, in_hour(FIRST, 7), dict.fromkeys(("open", "high", "low", "close"), pl.lit(13e-8)))
    assert find_steps(quiet, ONE) == []


def test_over_a_gap_only_a_factor_counts() -> None:
    bars = minutes().filter(~in_hour(FIRST, 7))
    after = pl.col("open_time") >= EIGHT
    assert find_steps(scaled(bars, after, price=2.5), ONE) == []
    assert [one.at for one in find_steps(scaled(bars, after, price=3.5), ONE)] == [EIGHT]
    short = minutes().filter(~(in_hour(FIRST, 7) & (pl.col("open_time").dt.minute() < 30)))
    later = pl.col("open_time") >= SEVEN + timedelta(minutes=30)
    assert find_steps(scaled(short, later, price=9), ONE) == []


def test_rows_between_a_step_and_its_return_are_held_back_where_nothing_confirms_them() -> None:
    bars = scaled(minutes(), in_hour(FIRST, 7), price=1.2, quote_volume=1.2)
    held, found = look_into(bars, ONE, [FIRST])
    assert [one.window for one in held] == [Window(SEVEN, EIGHT)]
    assert "comes back at 2023-03-01 08:00" in held[0].evidence
    assert found == []
    assert look_into(bars, ONE, []) == ([], [])
    assert look_into(bars, ONE, [date(2023, 3, 2)]) == ([], [])


def test_a_step_that_does_not_come_back_is_published_with_a_finding() -> None:
    held, found = look_into(scaled(minutes(), pl.col("open_time") >= SEVEN, price=0.5), ONE, [FIRST])
    assert held == []
    assert [(one.rule, one.severity, one.count) for one in found] == [("step", "warn", 1)]


def test_a_jump_between_two_instruments_of_one_ticker_is_none() -> None:
    bars = scaled(minutes().filter(~in_hour(FIRST, 7)), pl.col("open_time") >= EIGHT, price=30)
    assert [one.rule for one in look_into(bars, ONE, [FIRST])[1]] == ["step"]
    assert look_into(bars, ONE, [FIRST], [Window(SEVEN, EIGHT)]) == ([], [])


@pytest.mark.parametrize(("factor", "is_far"), [(10, True), (0.1, True), (2, False)])
def test_volume_per_trade_is_that_of_the_week_before(factor: float, *, is_far: bool) -> None:
    day = date(2023, 3, 9)
    found = unusual_volume_per_trade(scaled(minutes(10), on(day), volume=factor))
    assert [day for day, _ in found] == ([day] if is_far else [])
    assert unusual_volume_per_trade(scaled(minutes(5), on(date(2023, 3, 4)), volume=factor)) == []
    gap = minutes(10).filter(~on(date(2023, 3, 4)))
    assert unusual_volume_per_trade(scaled(gap, on(day), volume=factor)) == []


def test_a_day_with_the_values_of_another_is_named() -> None:
    bars = minutes(3)
    copied = bars.filter(on(FIRST)).with_columns(pl.col("open_time") + timedelta(days=2))
    stale = pl.concat([bars.filter(~on(date(2023, 3, 3))), copied])
    assert repeated_days(bars) == []
    assert repeated_days(stale) == [(date(2023, 3, 3), FIRST)]
    idle = bars.with_columns(trades=pl.lit(0, dtype=pl.Int64), volume=pl.lit(0.0))
    flat = idle.with_columns(**{name: pl.lit(1.0) for name in ("open", "high", "low", "close")})
    assert repeated_days(flat) == []
    for frame, days in ((stale, [(date(2023, 3, 3), FIRST)]), (flat, [])):
        uncounted = frame.with_columns(trades=pl.lit(None, dtype=pl.Int64))
        assert repeated_days(uncounted) == days, "not every source counts trades"
    _, found = look_into(stale, ONE, [date(2023, 3, 3)])
    assert [one.rule for one in found] == ["repeated_day"]


def follower(lag: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A reference, and bars of another scale that follow it."""
    reference = minutes()
    own = minutes(seed=2)
    close = (
        (reference["close"].log().diff().fill_null(0) * 0.5 + own["close"].log().diff().fill_null(0)).cum_sum().exp()
    )
    bars = reference.with_columns(close=close)
    return reference, bars.with_columns(pl.col("open_time") + timedelta(minutes=lag))


@pytest.mark.slow
@given(st.integers(-59, 59))
def test_a_lag_against_the_reference_is_told(lag: int) -> None:
    reference, bars = follower(lag)
    assert lag_against(bars, reference, ONE) == lag
    assert lag_against(bars.filter(pl.int_range(pl.len()) % 7 > 0), reference, ONE) == lag


def test_a_stale_day_follows_the_reference_by_days() -> None:
    reference, bars = follower(0)
    stale = bars.filter(on(FIRST)).with_columns(pl.col("open_time") + timedelta(days=1))
    assert lag_against(stale, reference, ONE) == 1440
    assert lag_against(bars.filter(on(date(2023, 3, 2))), reference, ONE) == 0


def test_bars_that_have_nothing_to_do_with_the_reference_have_no_lag() -> None:
    assert lag_against(minutes(seed=5), minutes(seed=6), ONE) is None
    assert lag_against(minutes().clear(), minutes(), ONE) is None
    assert lag_against(minutes().with_columns(close=pl.lit(1.0)), minutes(), ONE) is None
