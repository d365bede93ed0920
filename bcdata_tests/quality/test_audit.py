"""Each rule goes red on the row that breaks it, costs what it should, and nothing else."""

import math
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from bcdata.bars.known import with_known_at
from bcdata.frames.schema import BAR, TIME
from bcdata.interval import Interval
from bcdata.quality.audit import audit_bars
from bcdata.quality.models import audit, bar_model, feature_model, merged_model
from bcdata.quality.verdict import Severity, Verdict
from bcdata_tests.make import MINUTE, START, bars, opens, raw

ONE = Interval.parse("1m")
ROWS = 200


def with_value(column: str, value: Any, at: int = 100) -> pl.DataFrame:
    frame = raw(bars(opens(ROWS)))
    return frame.with_columns(
        pl.when(pl.int_range(pl.len()) == at)
        .then(pl.lit(value))
        .otherwise(column)
        .cast(frame[column].dtype)
        .alias(column)
    )


def judged(frame: pl.DataFrame, share: float = 0.05) -> Any:
    return audit_bars(frame, interval=ONE, max_bad_share=share)


def test_sound_bars_pass_untouched() -> None:
    result = judged(raw(bars(opens(ROWS))))
    assert result.verdict.passed
    assert result.verdict.findings == ()
    assert_frame_equal(result.bars.drop("known_at"), bars(opens(ROWS)))
    assert result.bars["known_at"].null_count() == ROWS, "all are known at their end"


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("close", None, "values"),
        ("trades", None, "values"),
        ("high", math.inf, "finite"),
        ("volume", math.nan, "finite"),
        ("open_time", 1_600_000_000_000_000, "content_matches_name"),
        ("open_time", 1_677_628_800_000_001, "grid"),
        ("low", 0.0, "positive_prices"),
        ("open", -5.0, "positive_prices"),
        ("high", 50.0, "ohlc_bounds"),
        ("low", 5000.0, "ohlc_bounds"),
        ("quote_volume", -1.0, "non_negative_volumes"),
        ("trades", -1, "non_negative_volumes"),
        ("taker_buy_volume", 1e6, "taker_within_total"),
        ("taker_buy_quote_volume", 1e9, "taker_within_total"),
        ("close_time", 0, "close_time"),
        ("close_time", 1_900_000_000_000_000, "close_time"),
        ("quote_volume", 1e7, "quote_volume"),
        ("quote_volume", 60.0, "quote_volume"),
    ],
)
def test_a_row_that_breaks_a_rule_is_set_aside_with_its_reason(column: str, value: Any, rule: str) -> None:
    result = judged(with_value(column, value))
    assert result.verdict.passed
    assert result.rejected["reason"].to_list() == [rule]
    assert result.bars.height == ROWS - 1
    finding = next(one for one in result.verdict.findings if one.rule == rule)
    assert (finding.severity, finding.count) == (Severity.ROW, 1)


def test_a_warning_costs_nothing() -> None:
    early = 1_677_628_800_000_000 + 100 * 60_000_000 + 41_646_000
    result = judged(with_value("close_time", early))
    assert result.rejected.is_empty()
    assert result.bars.height == ROWS
    assert result.verdict.counts() == {"early_close": 1}


def test_an_unusual_move_is_shown_and_never_refused() -> None:
    frame = raw(bars(opens(ROWS)))
    last = pl.int_range(pl.len()) == ROWS - 1
    amounts = ("quote_volume", "taker_buy_quote_volume")
    prices = [
        pl.when(last).then(pl.col(name) * 2.2).otherwise(name).alias(name) for name in (*BAR.names()[1:5], *amounts)
    ]
    result = judged(frame.with_columns(prices))
    assert result.bars.height == ROWS
    assert set(result.verdict.counts()) == {"unusual_move"}


def test_too_many_bad_rows_cost_their_object_and_no_other() -> None:
    is_bad = pl.int_range(pl.len()) < 101
    first = raw(bars(opens(ROWS))).with_columns(volume=pl.when(is_bad).then(-1.0).otherwise("volume"))
    later = raw(bars(opens(ROWS, start=START + 2 * ROWS * MINUTE))).with_columns(object=pl.lit(1, dtype=pl.Int64))
    frame = pl.concat([first, later])
    result = judged(frame, share=0.5)
    assert result.verdict.passed
    assert result.rejected["reason"].value_counts(sort=True).rows() == [
        ("non_negative_volumes", 101),
        ("bad_share", 99),
    ]
    assert "101 of the 200 rows" in result.rejected.filter(pl.col("reason") == "bad_share")["evidence"][0]
    assert_frame_equal(result.bars.drop("known_at"), bars(opens(ROWS, start=START + 2 * ROWS * MINUTE)))
    assert {at: str(one) for at, one in result.bad_objects.items()} == {0: "101 of its 200 rows are bad"}
    assert judged(frame, share=0.51).bars.height == 99 + ROWS
    # Lines that are no rows count too.
    result = audit_bars(later, interval=ONE, max_bad_share=0.5, bad_lines={1: ROWS})
    assert (result.bars.height, result.verdict.passed) == (ROWS, True)
    result = audit_bars(later, interval=ONE, max_bad_share=0.5, bad_lines={1: ROWS + 1, 7: 3})
    assert result.bars.height == 0
    assert list(result.bad_objects) == [1, 7]


def test_days_beside_their_month_are_in_order_each() -> None:
    """The archive's normal state: both say the same, one object after the other."""
    frame = raw(bars(opens(ROWS)))
    month = frame.with_columns(
        object=pl.lit(1, dtype=frame.schema["object"]), rank=pl.lit(1, dtype=frame.schema["rank"])
    )
    assert judged(pl.concat([frame, month])).verdict.counts() == {}
    assert judged(pl.concat([frame, month.reverse()])).verdict.counts() == {"order": 1}


def test_identical_duplicates_are_one_row() -> None:
    frame = raw(bars(opens(ROWS)))
    result = judged(pl.concat([frame, frame.slice(5, 3)]))
    assert_frame_equal(result.bars.drop("known_at"), bars(opens(ROWS)))
    assert result.bars["known_at"].null_count() == ROWS, "all are known at their end"
    assert result.verdict.counts() == {"order": 1, "duplicate": 3}


def test_conflicting_duplicates_are_none() -> None:
    frame = raw(bars(opens(ROWS)))
    other = frame.slice(5, 1).with_columns(pl.col("close") - 0.5)
    result = judged(pl.concat([frame, other]))
    assert result.bars.height == ROWS - 1
    assert result.rejected["reason"].to_list() == ["duplicate_conflict"] * 2


def test_the_daily_object_beats_the_monthly_and_the_difference_is_recorded() -> None:
    daily = raw(bars(opens(ROWS)))
    monthly = daily.with_columns(
        rank=pl.lit(1, dtype=pl.Int64),
        close=pl.when(pl.int_range(pl.len()) == 7).then(pl.col("close") - 0.5).otherwise("close"),
    )
    result = judged(pl.concat([monthly, daily]))
    assert_frame_equal(result.bars.drop("known_at"), bars(opens(ROWS)))
    assert result.verdict.counts()["daily_monthly_disagree"] == 1


@given(st.permutations(range(30)))
def test_the_order_of_rows_does_not_matter(order: list[int]) -> None:
    frame = raw(bars(opens(30)))
    assert_frame_equal(judged(frame[order]).bars.drop("known_at"), bars(opens(30)))


def test_pandera_audits_data_and_not_only_the_schema() -> None:
    good = bars(opens(10)).with_columns(known_at=pl.lit(None, dtype=TIME))
    assert audit(good, bar_model(ONE)) == []
    late = good.with_columns(known_at=pl.col("open_time") + timedelta(minutes=1, seconds=14))
    assert audit(late, bar_model(ONE)) == []
    assert audit(late.with_columns(known_at=pl.col("open_time") + MINUTE), bar_model(ONE)), "that is the bar's end"
    bad = good.with_columns(close=pl.lit(-1.0))
    assert [one.severity for one in audit(bad, bar_model(ONE))] == [Severity.PARTITION] * len(
        audit(bad, bar_model(ONE))
    )
    assert audit(bad, bar_model(ONE))
    assert audit(good.reverse(), bar_model(ONE))
    assert audit(good.drop("close"), bar_model(ONE))
    assert audit(good.select("open_time", *reversed(good.columns[1:])), bar_model(ONE)), "in another order"
    assert audit(good.with_columns(extra=pl.lit(1)), bar_model(ONE))
    assert audit(good.with_columns(pl.col("trades").cast(pl.Int32)), bar_model(ONE))


def test_the_merged_model_wants_vwap_where_there_was_volume() -> None:
    frame = with_known_at(bars(opens(3)).with_columns(vwap=pl.lit(100.0), source=pl.lit("a")), ONE)
    assert audit(
        frame.with_columns(known_at=pl.col("known_at") - timedelta(microseconds=1)), merged_model(ONE, funding=False)
    )
    assert audit(frame, merged_model(ONE, funding=False)) == []
    assert audit(frame.with_columns(vwap=pl.lit(None, dtype=pl.Float64)), merged_model(ONE, funding=False))
    assert audit(frame.with_columns(source=pl.lit(None, dtype=pl.String)), merged_model(ONE, funding=False))


def test_a_verdict_survives_its_journey_through_json() -> None:
    verdict = judged(with_value("volume", -1.0)).verdict
    assert Verdict.from_json(verdict.to_json()) == verdict


def test_what_leaves_its_range_is_told_by_the_first_row_and_its_value() -> None:
    values = {"body": [0.5, 1.5, 2.5], "gap": [0.0, math.inf, 0.0], "rv_60": [1.0, 2.0, 3.0]}
    keys = opens(3).to_frame().with_columns(known_at=pl.col("open_time").dt.offset_by("1m"))
    model = feature_model([("body", -1.0, 1.0), ("gap", None, None), ("rv_60", 0.0, None)])
    body, gap = audit(keys.with_columns(**{name: pl.Series(one) for name, one in values.items()}), model)
    assert (body.count, body.message) == (2, "not body in range: open_time 2023-03-01 00:01:00+00:00, body 1.5")
    assert (gap.count, gap.message) == (1, "not gap in range: open_time 2023-03-01 00:01:00+00:00, gap inf")
