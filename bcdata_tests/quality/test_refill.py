"""Rows that fill holes: what is believed, with coarser bars and without."""

import polars as pl
import pytest

from bcdata.bars.resample import aggregate
from bcdata.frames.schema import BAR
from bcdata.interval import Interval
from bcdata.quality.compare.refill import Refill, RefillContext, judge_refill
from bcdata_tests.make import MINUTE, START
from bcdata_tests.quality.coarse import minutes

M1, H1, D1 = (Interval.parse(name) for name in ("1m", "1h", "1d"))
TRUE = minutes(1).head(240)
NOTHING = TRUE.clear()
FIRST, AFTER = 70, 100
"""Missing minutes, all in the second hour."""
IN_HOLE = pl.col("open_time").is_between(START + FIRST * MINUTE, START + AFTER * MINUTE, closed="left")
KNOWN, GIVEN = TRUE.filter(~IN_HOLE), TRUE.filter(IN_HOLE)
CONTROLS = {
    "1h": aggregate(TRUE, H1).select(BAR.names()),
    "1d": aggregate(TRUE, D1).select(BAR.names()),
}
LIES = {
    "ten times the price": GIVEN.with_columns(pl.col("open", "high", "low", "close", "quote_volume") * 10),
    "another symbol": GIVEN.with_columns(pl.col("open", "high", "low", "close") * 1.15, pl.col("trades") * 4),
    "base volume times ten": GIVEN.with_columns(pl.col("volume") * 10),
    "both volumes times ten": GIVEN.with_columns(pl.col("volume", "quote_volume") * 10),
    "base and quote swapped": GIVEN.with_columns(volume="quote_volume", quote_volume="volume"),
    "no trades": GIVEN.with_columns(trades=pl.lit(0, dtype=pl.Int64), volume=pl.lit(0.0), quote_volume=pl.lit(0.0)),
    "one row of another symbol": GIVEN.with_columns(
        pl.when(pl.int_range(pl.len()) == 4).then(pl.col(name) * 1.2).otherwise(name).alias(name)
        for name in ("open", "high", "low", "close")
    ),
    "the values of the next hour": TRUE.filter(
        pl.col("open_time").is_between(START + (FIRST + 61) * MINUTE, START + (AFTER + 61) * MINUTE, closed="left")
    ).with_columns(GIVEN["open_time"], pl.col("trades") + 2),
}


def judged(
    rows: pl.DataFrame,
    controls: dict[str, pl.DataFrame],
    *,
    vouched: bool = True,
    known: pl.DataFrame = KNOWN,
    set_aside: pl.DataFrame = NOTHING,
) -> Refill:
    by = RefillContext(known, known, set_aside, controls)
    return judge_refill(rows, pl.Series([vouched] * rows.height, dtype=pl.Boolean), by, M1)


def rules(refill: Refill) -> set[str]:
    return {finding.rule for finding in refill.findings}


@pytest.mark.parametrize("names", [("1h", "1d"), ("1h",), ("1d",)])
def test_true_rows_pass(names: tuple[str, ...]) -> None:
    for vouched in (True, False):
        found = judged(GIVEN, {name: CONTROLS[name] for name in names}, vouched=vouched)
        if vouched or "1h" in names:
            assert found.bars.equals(GIVEN)
            assert found.findings == ()


@pytest.mark.parametrize("names", [("1h", "1d"), ("1h",)])
@pytest.mark.parametrize("lie", LIES, ids=list(LIES))
def test_hours_refute_every_lie(lie: str, names: tuple[str, ...]) -> None:
    found = judged(LIES[lie], {name: CONTROLS[name] for name in names})
    assert found.bars.is_empty()
    assert found.refused.height == GIVEN.height
    assert rules(found) == {"refuted"}
    assert "the 1h bar of 2023-03-01 01:00 has" in found.refused["evidence"][0]


def test_rows_that_fill_holes_have_to_fit_exactly() -> None:
    """The values of the minute before, and one more trade: small differences, which genuine bars never have."""
    shifted = TRUE.filter(
        pl.col("open_time").is_between(START + (FIRST - 1) * MINUTE, START + (AFTER - 1) * MINUTE, closed="left")
    ).with_columns(GIVEN["open_time"])
    more = GIVEN.with_columns(
        trades=pl.when(pl.int_range(pl.len()) == 0).then(pl.col("trades") + 1).otherwise("trades")
    )
    for lie in (shifted, more):
        assert judged(lie, CONTROLS).bars.is_empty()
        assert judged(lie, {"1d": CONTROLS["1d"]}).bars.is_empty() or lie is shifted


def test_a_difference_that_was_there_before_costs_filled_rows_nothing() -> None:
    """One of the archive's rows of the hour is above the hour's high by a hair."""
    top = CONTROLS["1h"]["high"][1] * 1.002
    high = pl.when(pl.col("open_time") == START + 65 * MINUTE).then(pl.lit(top)).otherwise("high").alias("high")
    assert judged(GIVEN, {"1h": CONTROLS["1h"]}, known=KNOWN.with_columns(high)).bars.equals(GIVEN)


def test_a_lie_costs_the_hour_that_it_is_in() -> None:
    """A hole of two hours, of which the second is wrong."""
    hole = TRUE.filter(pl.col("open_time").is_between(START + 60 * MINUTE, START + 180 * MINUTE, closed="left"))
    known = TRUE.join(hole, on="open_time", how="anti")
    lie = pl.concat([hole.head(60), hole.tail(60).with_columns(pl.col("close", "high") * 1.5)])
    found = judged(lie, {"1h": CONTROLS["1h"]}, known=known)
    assert found.bars.equals(hole.head(60))
    assert found.refused.height == 60


@pytest.mark.parametrize("lie", ["ten times the price", "another symbol", "one row of another symbol"])
def test_without_coarser_bars_jumps_at_both_edges_hold_rows_back(lie: str) -> None:
    found = judged(LIES[lie], {})
    wrong = LIES[lie].join(GIVEN, on=["open_time", "open"], how="anti")
    assert found.refused["open_time"].to_list() == wrong["open_time"].to_list()
    assert set(found.refused["reason"]) == {"step"}
    assert "the price jumps from" in found.refused["evidence"][0]


def test_without_coarser_bars_a_crash_is_published_and_said() -> None:
    """Where the hole ends at the end of what is known nothing comes back."""
    known = KNOWN.filter(pl.col("open_time") < START + FIRST * MINUTE)
    crash = GIVEN.with_columns(pl.col("open", "high", "low", "close") / 2)
    found = judged(crash, {}, known=known)
    assert found.bars.equals(crash)
    assert rules(found) == {"step", "not_compared"}


def test_without_coarser_bars_it_is_said_that_rows_were_not_compared() -> None:
    found = judged(GIVEN, {})
    assert found.bars.equals(GIVEN)
    assert [(one.rule, one.count) for one in found.findings] == [("not_compared", GIVEN.height)]


def test_rows_that_nothing_vouches_for_need_coarser_bars_and_all_rows_of_them() -> None:
    assert judged(GIVEN, {}, vouched=False).bars.is_empty()
    some = judged(GIVEN.head(10), CONTROLS, vouched=False)
    assert (some.bars.height, rules(some)) == (0, {"overlap_differs"})
    assert judged(GIVEN, CONTROLS, vouched=False).bars.equals(GIVEN)
    for lie in LIES.values():
        assert judged(lie, CONTROLS, vouched=False).bars.is_empty()


def test_two_sources_that_agree_beat_a_coarser_bar() -> None:
    """The archive's rows of an hour were set aside, and REST has the same values: the hour's own bar is wrong."""
    wrong = {"1h": CONTROLS["1h"].with_columns(pl.col("high") * 1.1)}
    hour = TRUE.filter(pl.col("open_time").is_between(START + 60 * MINUTE, START + 120 * MINUTE, closed="left"))
    known = TRUE.join(hour, on="open_time", how="anti")
    found = judged(hour, wrong, known=known, set_aside=hour)
    assert found.bars.equals(hour)
    assert rules(found) == {"control_disagrees"}
    assert judged(hour, wrong, known=known).bars.is_empty()
