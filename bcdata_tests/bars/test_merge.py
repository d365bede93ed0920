"""One truth per bar: precedence, VWAP, funding, aggregation."""

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from bcdata.bars.merge import disagreements, join_funding, merge
from bcdata.bars.resample import aggregate, disagree
from bcdata.frames.schema import BAR, FUNDING, merged_bar
from bcdata.intervals import Interval
from bcdata_tests.make import MINUTE, START, bars, opens

HOUR = Interval.parse("1h")
ONE = Interval.parse("1m")


@given(st.sets(st.integers(0, 30)), st.sets(st.integers(0, 30)))
def test_the_first_source_wins_and_nothing_is_lost(first: set[int], second: set[int]) -> None:
    a = bars([START + n * MINUTE for n in sorted(first)], price=100)
    b = bars([START + n * MINUTE for n in sorted(second)], price=200)
    merged = merge([("a", a), ("b", b)])
    assert merged["open_time"].to_list() == [START + n * MINUTE for n in sorted(first | second)]
    assert_frame_equal(merged.filter(source="a").select(BAR.names()), a)
    only_b = b.filter(~pl.col("open_time").is_in(a["open_time"].implode()))
    assert_frame_equal(merged.filter(source="b").select(BAR.names()), only_b)


def test_vwap_is_null_only_where_nothing_was_traded() -> None:
    frame = bars(opens(2)).with_columns(volume=pl.Series([0.0, 4.0]), quote_volume=pl.Series([0.0, 402.0]))
    assert merge([("a", frame)])["vwap"].to_list() == [None, 100.5]


def test_merging_nothing_gives_an_empty_frame_of_the_schema() -> None:
    assert merge([("a", pl.DataFrame(schema=BAR))]).schema == merged_bar(funding=False)


def test_disagreements_between_sources_are_shown() -> None:
    a = bars(opens(3))
    b = a.with_columns(close=pl.when(pl.col("open_time") == START + MINUTE).then(101.5).otherwise("close"))
    assert disagreements(a, b)["open_time"].to_list() == [START + MINUTE]
    assert disagreements(a, a).is_empty()


def settled(*times: datetime) -> pl.DataFrame:
    rates = [0.0001 * (at + 1) for at in range(len(times))]
    return pl.DataFrame(
        {"time": list(times), "funding_rate": rates, "interval_hours": [8] * len(times)}, schema=FUNDING
    )


def test_a_settlement_belongs_to_the_bar_that_opens_at_its_minute() -> None:
    merged = merge([("a", bars(opens(3)))])
    joined = join_funding(merged, settled(START + MINUTE), ONE)
    assert joined["funding_rate"].to_list() == [None, 0.0001, None]
    assert joined.schema == merged_bar(funding=True)


def test_coarser_bars_sum_the_settlements_inside_them() -> None:
    times = [START, START + timedelta(hours=1), START + timedelta(hours=3)]
    merged = merge([("a", bars(opens(2, step=timedelta(hours=4))))])
    joined = join_funding(merged, settled(*times), Interval.parse("4h"))
    assert joined["funding_rate"].to_list() == [0.0001 + 0.0002 + 0.0003, None]


def test_aggregation_by_hand() -> None:
    fine = bars(opens(120))
    hours = aggregate(fine, HOUR)
    assert hours["bars"].to_list() == [60, 60]
    first = fine.head(60)
    expected = {
        "open": first["open"][0],
        "high": first["high"].max(),
        "low": first["low"].min(),
        "close": first["close"][-1],
        "trades": first["trades"].sum(),
        "volume": first["volume"].sum(),
    }
    assert {name: hours[name][0] for name in expected} == expected


def test_weeks_start_on_monday_and_months_on_the_first() -> None:
    days = bars(opens(30, start=datetime(2023, 1, 28, tzinfo=UTC), step=timedelta(days=1)))
    assert {at.weekday() for at in aggregate(days, Interval.parse("1w"))["open_time"]} == {0}
    assert {at.day for at in aggregate(days, Interval.parse("1mo"))["open_time"]} == {1}


def test_disagree_reports_only_windows_whose_minutes_are_complete() -> None:
    fine = bars(opens(120))
    hours = aggregate(fine, HOUR).select(BAR.names())
    wrong = hours.with_columns(close=pl.col("close") + 1)
    assert disagree(hours, fine, HOUR, complete=60).is_empty()
    assert disagree(wrong, fine, HOUR, complete=60).height == 2
    assert disagree(wrong, fine.slice(1), HOUR, complete=60).height == 1


def test_flows_may_differ_by_rounding_and_no_more() -> None:
    fine = bars(opens(60))
    hours = aggregate(fine, HOUR).select(BAR.names())
    within = hours.with_columns(volume=pl.col("volume") * (1 + 5e-13))
    beyond = hours.with_columns(volume=pl.col("volume") * (1 + 5e-12))
    assert disagree(within, fine, HOUR, complete=60).is_empty()
    assert disagree(beyond, fine, HOUR, complete=60).height == 1
