"""One truth per bar: precedence, VWAP, funding, aggregation."""

from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from bcdata.bars.merge import disagreements, join_funding, merge
from bcdata.bars.resample import aggregate, disagree
from bcdata.frames.schema import BAR, FUNDING, merged_bar
from bcdata.interval import Interval
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


def stated(frame: pl.DataFrame, *lacks: str, vwap: float | None = None) -> pl.DataFrame:
    """The bars of a source without these columns, and with a VWAP of its own if one is given."""
    kept = frame.with_columns(pl.lit(None, dtype=BAR[name]).alias(name) for name in lacks)
    return kept.with_columns(vwap=pl.lit(vwap, dtype=pl.Float64))


def test_rows_keep_what_their_source_has() -> None:
    a, b = stated(bars(opens(2)), "quote_volume", "taker_buy_volume", vwap=100.5), bars(opens(3))
    merged = merge([("a", a), ("b", b)])
    assert merged["quote_volume"].to_list() == [None, None, b["quote_volume"][2]]
    assert merged["vwap"].to_list() == [100.5, 100.5, b["open"][2]], "its own, or what follows from the amounts"
    assert merged["taker_buy_volume"].null_count() == 2
    assert merge([("b", b), ("a", a)])["quote_volume"].null_count() == 0


def test_a_vwap_of_its_own_gives_way_to_the_amounts_and_to_no_trade() -> None:
    frame = stated(bars(opens(2)), vwap=7.0).with_columns(volume=pl.Series([0.0, 4.0]))
    assert merge([("a", frame)])["vwap"].to_list() == [None, frame["quote_volume"][1] / 4]
    unknown = stated(bars(opens(2)), "volume", "quote_volume", vwap=7.0)
    assert merge([("a", unknown)])["vwap"].to_list() == [7.0, 7.0], "nothing says that there was no trade"
    bare = stated(bars(opens(2)), "quote_volume")
    assert merge([("a", bare)])["vwap"].null_count() == 2


def test_what_a_source_does_not_have_is_no_disagreement() -> None:
    a, b = stated(bars(opens(3)), "trades", "quote_volume", vwap=1.0), bars(opens(3))
    assert disagreements(a, b).is_empty()
    assert disagreements(b, a).is_empty()
    other = b.with_columns(volume=pl.col("volume") * 2)
    assert disagreements(a, other).height == 3


def test_sums_of_trades_may_differ_by_rounding_where_that_is_said() -> None:
    a = bars(opens(3))
    near = a.with_columns(pl.col("volume", "quote_volume") * (1 + 1e-10))
    assert disagreements(a, near).height == 3
    assert disagreements(a, near, exact=False).is_empty()
    for changed in (pl.col("volume") * (1 + 1e-6), pl.col("trades") + 1, pl.col("close") * (1 + 1e-10)):
        assert disagreements(a, a.with_columns(changed), exact=False).height == 3


def test_prices_may_differ_by_the_precision_of_a_source_and_by_no_more() -> None:
    a = bars(opens(3))
    single = a.with_columns(pl.col("open", "high", "low", "close").cast(pl.Float32).cast(pl.Float64) * (1 + 2.0**-25))
    assert disagreements(a, single, exact=False).height == 3
    assert disagreements(a, single, exact=False, precision=2.0**-23).is_empty()
    for changed in (pl.col("close") * (1 + 2.0**-22), pl.col("trades") + 1):
        assert disagreements(a, a.with_columns(changed), exact=False, precision=2.0**-23).height == 3


def test_sums_of_what_is_not_there_are_not_there() -> None:
    fine = bars(opens(120)).with_columns(trades=pl.lit(None, dtype=pl.Int64))
    fine = fine.with_columns(quote_volume=pl.when(pl.int_range(pl.len()) != 5).then("quote_volume"))
    hours = aggregate(fine, HOUR)
    assert hours["trades"].to_list() == [None, None]
    assert hours["quote_volume"].is_null().to_list() == [True, False]
    assert hours["volume"].to_list() == aggregate(bars(opens(120)), HOUR)["volume"].to_list()
    whole = aggregate(bars(opens(120)), HOUR).select(BAR.names())
    assert disagree(whole, fine, HOUR, complete=60).is_empty(), "what one of them does not have is no difference"
