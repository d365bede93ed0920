"""Coarser bars catch what is another symbol's, scaled, shifted or stale, and leave genuine bars alone."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.quality.compare.coarser import Comparison, compare
from bcdata.windows import Window
from bcdata_tests.make import START
from bcdata_tests.quality.coarse import (
    DAY,
    HOUR,
    ONE,
    changed,
    flat,
    hours_and_days,
    in_hour,
    minutes,
    on,
    scaled,
)

FIRST, SECOND = date(2023, 3, 1), date(2023, 3, 2)
MIDNIGHT = START + timedelta(days=1)


def hour(at: int, *, start: datetime = START) -> Window:
    return Window(start + timedelta(hours=at), start + timedelta(hours=at + 1))


def windows(comparison: Comparison) -> list[Window]:
    return [one.window for one in comparison.refuted]


def test_genuine_bars_are_left_alone() -> None:
    bars = minutes()
    assert compare(bars, ONE, hours_and_days(bars)) == Comparison()
    assert compare(bars, ONE, {"1d": hours_and_days(bars)["1d"]}) == Comparison()
    assert compare(hours_and_days(bars)["1h"], HOUR, hours_and_days(bars)) == Comparison()


@pytest.mark.parametrize(
    "lie",
    [
        lambda bars, where: scaled(bars, where, price=10, quote_volume=10),
        lambda bars, where: scaled(bars, where, price=10, quote_volume=10, taker_buy_quote_volume=10),
        lambda bars, where: scaled(bars, where, price=10),
        lambda bars, where: scaled(bars, where, price=1.006),
        lambda bars, where: scaled(bars, where, volume=10),
        lambda bars, where: scaled(bars, where, volume=10, quote_volume=10),
        lambda bars, where: scaled(bars, where, quote_volume=0.9),
        lambda bars, where: scaled(bars, where, taker_buy_volume=0.9),
        lambda bars, where: scaled(bars, where, trades=2),
        lambda bars, where: changed(bars, where, {"volume": pl.col("quote_volume"), "quote_volume": pl.col("volume")}),
        lambda bars, where: changed(bars, where, {name: pl.col(name).shift(-60) for name in bars.columns[1:]}),
    ],
)
def test_what_differs_largely_is_refuted_hour_by_hour(lie: Callable[[pl.DataFrame, pl.Expr], pl.DataFrame]) -> None:
    bars = minutes()
    lied = lie(bars, in_hour(FIRST, 7))
    found = compare(lied, ONE, hours_and_days(bars))
    assert windows(found) == [hour(7)]
    assert "the 1h bar of 2023-03-01 07:00 has" in found.refuted[0].evidence
    # Hours alone, and days alone: without hours the day is refuted whole.
    assert windows(compare(lied, ONE, {"1h": hours_and_days(bars)["1h"]})) == [hour(7)]


def test_a_day_without_hours_is_refuted_whole() -> None:
    bars = minutes()
    lied = scaled(bars, on(SECOND), volume=10)
    controls = hours_and_days(bars)
    assert windows(compare(lied, ONE, {"1d": controls["1d"]})) == [Window(MIDNIGHT, MIDNIGHT + timedelta(days=1))]
    only_first = {**controls, "1h": controls["1h"].filter(on(FIRST))}
    assert windows(compare(lied, ONE, only_first)) == [Window(MIDNIGHT, MIDNIGHT + timedelta(days=1))]


def test_the_evidence_names_both_values() -> None:
    bars = minutes().with_columns(high=pl.when(pl.int_range(pl.len()) == 620).then(231_005.0).otherwise("high"))
    genuine = bars.with_columns(high=pl.when(pl.int_range(pl.len()) == 620).then(23_100.5).otherwise("high"))
    (one,) = compare(bars, ONE, hours_and_days(genuine)).refuted
    assert one.evidence == "the 1h bar of 2023-03-01 10:00 has high 23,100.5 where the 1m bars have 231,005"


def test_a_small_difference_is_a_finding_alone() -> None:
    bars = minutes()
    found = compare(scaled(bars, in_hour(FIRST, 3), price=1.001, volume=1.01), ONE, hours_and_days(bars))
    assert (found.refuted, found.questioned) == ((), ())
    assert [(one.rule, one.severity, one.count) for one in found.findings] == [("interval_disagree", "warn", 2)]


def test_where_bars_are_missing_the_others_have_to_lie_within() -> None:
    bars = minutes()
    controls = hours_and_days(bars)
    some = bars.filter(pl.col("open_time").dt.minute() % 7 != 3)
    assert compare(some, ONE, controls) == Comparison()
    above = scaled(some, in_hour(FIRST, 7), price=1.02)
    assert windows(compare(above, ONE, controls)) == [hour(7)]
    below = scaled(some, in_hour(FIRST, 7), price=0.98)
    assert windows(compare(below, ONE, controls)) == [hour(7)]
    more = scaled(some, in_hour(FIRST, 7), volume=2)
    assert windows(compare(more, ONE, controls)) == [hour(7)]
    first = changed(
        some, pl.col("open_time") == hour(7).start, {"open": pl.col("open") * 0.99, "low": pl.col("open") * 0.99}
    )
    wide = {**controls, "1h": controls["1h"].with_columns(low=pl.lit(1.0))}
    assert windows(compare(first, ONE, {"1h": wide["1h"]})) == [hour(7)]


def test_flat_rows_without_trades_are_refuted_where_the_hour_has_their_trades() -> None:
    bars = minutes()
    minute = pl.col("open_time").dt.minute()
    lied = flat(bars, in_hour(FIRST, 7) & minute.is_between(10, 29))
    start = hour(7).start + timedelta(minutes=10)
    for controls in (hours_and_days(bars), {"1h": hours_and_days(bars)["1h"]}):
        found = compare(lied, ONE, controls)
        assert windows(found) == [Window(start, start + timedelta(minutes=20))]
        assert "and these are flat and without trades" in found.refuted[0].evidence
    whole = flat(bars, in_hour(FIRST, 7))
    assert windows(compare(whole, ONE, hours_and_days(bars))) == [hour(7)]


def test_flat_rows_are_questioned_where_little_is_missing() -> None:
    bars = minutes()
    bars = changed(bars, in_hour(FIRST, 7), {"trades": pl.lit(100)})
    quiet = pl.col("open_time") == hour(7).start + timedelta(minutes=10)
    last = pl.col("close").shift(1)
    edges = dict.fromkeys(("open", "high", "low", "close"), last)
    # The genuine bar has one trade of next to nothing at the price before.
    tiny = {
        "volume": pl.lit(1e-5),
        "quote_volume": last * 1e-5,
        "taker_buy_volume": pl.lit(0),
        "taker_buy_quote_volume": pl.lit(0),
    }
    bars = changed(bars, quiet, {**edges, **tiny, "trades": pl.lit(1)})
    found = compare(flat(bars, quiet), ONE, hours_and_days(bars))
    assert found.refuted == ()
    start = hour(7).start + timedelta(minutes=10)
    assert [one.window for one in found.questioned] == [Window(start, start + timedelta(minutes=1))]


def test_genuine_rows_without_trades_are_left_alone() -> None:
    bars = flat(minutes(), pl.int_range(pl.len()) % 3 == 1)
    assert compare(bars, ONE, hours_and_days(bars)) == Comparison()


def test_a_day_shifted_by_a_minute_is_questioned() -> None:
    bars = minutes()
    values = {name: pl.col(name).shift(-1) for name in bars.columns[1:]}
    found = compare(changed(bars, on(FIRST), values), ONE, hours_and_days(bars))
    assert [one.window for one in found.questioned] == [Window(START, MIDNIGHT)]
    assert "have another open or close" in found.questioned[0].evidence


def test_the_control_that_the_bars_agree_with_is_believed() -> None:
    bars = minutes()
    controls = hours_and_days(bars)
    wrong_day = {**controls, "1d": scaled(controls["1d"], on(FIRST), price=10)}
    found = compare(bars, ONE, wrong_day)
    assert found.refuted == ()
    assert "controls_disagree" in [one.rule for one in found.findings]
    wrong_hours = {**controls, "1h": scaled(controls["1h"], in_hour(FIRST, 7), price=10)}
    found = compare(bars, ONE, wrong_hours)
    assert (found.refuted, found.questioned) == ((), ())
    assert "controls_disagree" in [one.rule for one in found.findings]
    # Lies in the other day are found none the less.
    found = compare(scaled(bars, in_hour(SECOND, 7), volume=3), ONE, wrong_hours)
    assert windows(found) == [hour(7, start=MIDNIGHT)]


def test_what_agrees_with_neither_is_published_with_a_finding() -> None:
    bars = minutes()
    controls = hours_and_days(bars)
    wrong_day = {**controls, "1d": scaled(controls["1d"], on(FIRST), price=10)}
    found = compare(scaled(bars, in_hour(FIRST, 7), price=3), ONE, wrong_day)
    assert found.refuted == ()
    assert [one.window for one in found.questioned] == [Window(START, MIDNIGHT)]
    assert "suspicious" in [one.rule for one in found.findings]


def test_hours_that_are_not_all_there_leave_the_rest_to_the_day() -> None:
    bars = minutes()
    controls = hours_and_days(bars)
    some = {**controls, "1h": controls["1h"].filter(pl.col("open_time").dt.hour() < 12)}
    assert compare(bars, ONE, some) == Comparison()
    lied = scaled(bars, in_hour(FIRST, 15), volume=30)
    assert windows(compare(lied, ONE, some)) == [hour(at) for at in range(12, 24)]


def test_days_that_no_control_covers_are_named() -> None:
    bars = minutes()
    controls = hours_and_days(bars)
    assert compare(bars, ONE, {}).uncompared == (FIRST, SECOND)
    assert compare(bars, ONE, {"7m": bars, "5m": bars.clear()}).uncompared == (FIRST, SECOND)
    assert compare(bars, ONE, {"1d": controls["1d"].filter(on(SECOND))}).uncompared == (FIRST,)
    part = controls["1h"].filter(~in_hour(SECOND, 5))
    assert compare(bars, ONE, {"1h": part}).uncompared == (SECOND,)
    assert compare(bars, ONE, {"1h": part, "1d": controls["1d"]}).uncompared == ()
    assert compare(bars.clear(), ONE, controls) == Comparison()


def test_days_are_compared_with_days() -> None:
    days = hours_and_days(minutes())["1d"]
    assert compare(days, DAY, {"1d": days}) == Comparison()
    assert windows(compare(scaled(days, on(FIRST), price=2), DAY, {"1d": days})) == [Window(START, MIDNIGHT)]


def test_what_a_provider_does_not_have_is_not_compared() -> None:
    bars = minutes().with_columns(trades=pl.lit(None, dtype=pl.Int64), quote_volume=pl.lit(None, dtype=pl.Float64))
    assert compare(bars, ONE, hours_and_days(minutes())) == Comparison()


@pytest.mark.slow
@given(st.sets(st.integers(0, 2879), max_size=200), st.integers(0, 5))
def test_no_subset_of_genuine_bars_is_refuted(missing: set[int], seed: int) -> None:
    bars = flat(minutes(seed=seed), pl.int_range(pl.len()) % 5 == seed)
    some = bars.filter(~pl.int_range(pl.len()).is_in(list(missing)))
    found = compare(some, ONE, hours_and_days(bars))
    assert (found.refuted, found.findings) == ((), ())
