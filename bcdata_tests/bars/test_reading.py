"""Reading across gaps: fill policies invent nothing unasked, and splits are those of the rule, read word by word."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from bcdata.bars.fill import Fill, fill
from bcdata.bars.segments import split
from bcdata.frames.schema import merged_bar
from bcdata.interval import Interval
from bcdata.venues.calendar import calendar
from bcdata.venues.hours import ALWAYS
from bcdata.windows import Window

MINUTE, HOUR, ALWAYS = Interval.parse("1m"), Interval.parse("1h"), calendar(ALWAYS)
START = datetime(2023, 1, 1, tzinfo=UTC)
WINDOW = Window(START, START + timedelta(minutes=40))


def bars(opens: list[int], step: timedelta = timedelta(minutes=1), **columns: list[Any]) -> pl.DataFrame:
    rows = len(opens)
    price = [100.0 + n for n in opens]
    made = {
        "open_time": [START + n * step for n in opens],
        **dict.fromkeys(("open", "high", "low", "close"), price),
        **dict.fromkeys(("volume", "quote_volume"), [2.0] * rows),
        "trades": [3] * rows,
    }
    schema = merged_bar(funding=False)
    given = {**made, **columns}
    return pl.DataFrame({name: given.get(name, [None] * rows) for name in schema}, schema=schema)


minutes = st.sets(st.integers(0, 39)).map(sorted)


@given(minutes)
def test_none_is_the_bars_and_null_is_the_grid(there: list[int]) -> None:
    frame = bars(there)
    assert_frame_equal(fill(frame, Fill.NONE, interval=MINUTE, calendar=ALWAYS, window=WINDOW), frame)
    grid = fill(frame, Fill.NULL, interval=MINUTE, calendar=ALWAYS, window=WINDOW)
    assert grid["open_time"].to_list() == [START + timedelta(minutes=k) for k in range(40)]
    assert_frame_equal(grid.filter(pl.col("close").is_not_null()), frame)
    assert grid.filter(pl.col("close").is_null()).drop("open_time").null_count().sum_horizontal().sum() == (
        (40 - len(there)) * (frame.width - 1)
    )


@given(minutes)
def test_flat_repeats_the_close_before_and_says_so(there: list[int]) -> None:
    found = fill(bars(there), Fill.FLAT, interval=MINUTE, calendar=ALWAYS, window=WINDOW).to_dicts()
    first = there[0] if there else 40
    assert [row["open_time"] for row in found] == [START + timedelta(minutes=k) for k in range(first, 40)]
    for minute, row in enumerate(found, start=first):
        last = max(k for k in there if k <= minute)
        assert row["filled"] == (minute not in there)
        assert {row[name] for name in ("open", "high", "low", "close")} == {100.0 + last}
        assert row["volume"] == (0 if row["filled"] else 2)
        assert row["trades"] == (0 if row["filled"] else 3)
        assert row["taker_buy_volume"] is None, "nothing is invented for what the provider does not have"
        assert row["vwap"] is None


def test_flat_invents_no_number_for_a_column_that_others_of_the_series_have() -> None:
    rows = bars([0, 2, 50], quote_volume=[None, None, 5.0])
    found = fill(rows, Fill.FLAT, interval=MINUTE, calendar=ALWAYS, window=Window(START, START + timedelta(minutes=3)))
    assert found["quote_volume"].to_list() == [None, 0.0, None], "the dataset has it, and nothing was traded"
    lacking = rows.with_columns(quote_volume=pl.lit(None, dtype=pl.Float64))
    same = fill(lacking, Fill.FLAT, interval=MINUTE, calendar=ALWAYS, window=WINDOW)
    assert same["quote_volume"].null_count() == same.height == 40


def test_bars_outside_the_window_and_off_the_grid() -> None:
    odd = bars([0, 5, 50]).with_columns(
        pl.when(pl.col("open") == 105).then(pl.col("open_time") + timedelta(seconds=7)).otherwise("open_time")
        .alias("open_time")
    )  # fmt: skip
    grid = fill(odd, Fill.NULL, interval=MINUTE, calendar=ALWAYS, window=WINDOW)
    assert grid.height == 41
    assert grid["close"].drop_nulls().to_list() == [100, 105]


def rule(gap: timedelta, ratio: float, min_days: float, min_change: float) -> bool:
    """The rule of semantics.md, word by word."""
    days = gap / timedelta(days=1)
    return (
        (days > min_days and abs(ratio - 1) > min_change)
        or days > 2 * min_days
        or (gap >= timedelta(hours=1) and (ratio > 3 or ratio < 1 / 3))
    )


gaps = st.lists(
    st.tuples(st.sampled_from([0, 1, 2, 23, 24, 25, 47, 48, 49, 200]), st.sampled_from([0.2, 0.85, 1, 1.05, 1.2, 3.5])),
    max_size=12,
)


@given(gaps, st.sampled_from([0.5, 1.0, 2.0]), st.sampled_from([0.0, 0.1]))
def test_segments_are_those_of_the_rule(steps: list[tuple[int, float]], min_days: float, min_change: float) -> None:
    opens, open_, close, wanted = [0], [100.0], [100.0], [0]
    for hours, ratio in steps:
        opens.append(opens[-1] + hours + 1)
        open_.append(close[-1] * ratio)
        close.append(open_[-1])
        gap = timedelta(hours=hours)
        wanted.append(wanted[-1] + rule(gap, open_[-1] / close[-2], min_days, min_change))
    frame = bars(opens, timedelta(hours=1), open=open_, close=close)
    found = split(frame, HOUR, min_days=min_days, min_price_change=min_change)
    assert found["segment"].to_list() == wanted
    assert found["segment"].dtype == pl.Int64


@pytest.mark.parametrize(
    ("hours", "ratio", "segments"),
    [(49, 1.0, 2), (48, 1.0, 1), (25, 1.2, 2), (25, 1.05, 1), (1, 4.0, 2), (1, 0.3, 2), (0, 4.0, 1)],
    ids=["long, equal prices", "two days to the bar", "a day and 20 %", "a day and 5 %", "an hour and fourfold",
         "an hour and less than a third", "no gap"],
)  # fmt: skip
def test_the_borders_of_the_rule(hours: int, ratio: float, segments: int) -> None:
    frame = bars([0, hours + 1], timedelta(hours=1), open=[100, 100 * ratio], close=[100, 100 * ratio])
    assert split(frame, HOUR)["segment"].n_unique() == segments


def test_an_empty_series_and_a_single_bar() -> None:
    assert split(bars([]), MINUTE)["segment"].to_list() == []
    assert split(bars([3]), MINUTE)["segment"].to_list() == [0]
