"""Bars beside the exchange's own day bars: when these are to be believed, and what follows."""

from datetime import timedelta

import polars as pl

from bcdata.bars.resample import aggregate
from bcdata.frames.schema import BAR
from bcdata.quality.compare.day_check import DayBarTrust, DayCheck, DayVerdict, UncomparedDays, check_days, conclude
from bcdata.quality.compare.questions import Answers
from bcdata_tests.make import START
from bcdata_tests.quality.coarse import DAY, ONE, minutes, on, scaled

WIDE = minutes(5)
DAYS = aggregate(WIDE, DAY).select(BAR.names())
FIRST = START.date()
SECOND = FIRST + timedelta(days=1)
OWN = WIDE.filter(pl.col("open_time").dt.date() == SECOND)
NOTHING = DAYS.clear()
BEFORE = DAYS[0]
WRONG = scaled(OWN, on(SECOND), volume=10, quote_volume=10)
EVERY = pl.lit(value=True)


def check(bars: pl.DataFrame, witnesses: pl.DataFrame = NOTHING, days: pl.DataFrame = DAYS) -> DayCheck:
    return check_days(bars, days, UncomparedDays([SECOND]), ONE, witnesses)


def test_days_that_fit_are_proven_and_ask_nothing() -> None:
    found = check(OWN)
    assert (found.standing, found.questions, found.is_measure, found.is_settled) == (DayBarTrust.PROVEN, (), True, True)


def test_a_day_that_differs_is_asked_about_whatever_the_standing_but_of_a_source_that_contradicts_everything() -> None:
    lone = check(WRONG)
    assert (lone.standing, lone.needs_archive_days, lone.is_measure, len(lone.questions)) == (
        DayBarTrust.UNTRIED,
        True,
        False,
        1,
    )
    assert "the 1d bar of 2023-03-02 00:00 has volume" in lone.large[0].evidence
    tried = check(WRONG, BEFORE)
    assert (tried.standing, tried.needs_archive_days, tried.questions) == (DayBarTrust.PROVEN, False, lone.large)
    lie = scaled(DAYS, EVERY, price=7)
    assert (check(OWN, BEFORE, lie).standing, check(OWN, BEFORE, lie).questions) == (DayBarTrust.DISPROVEN, ())


def test_only_days_that_nothing_else_covers_are_judged() -> None:
    assert check_days(WRONG, DAYS, UncomparedDays([FIRST]), ONE, BEFORE).questions == ()


def test_another_day_of_the_partition_proves_them_too() -> None:
    both = pl.concat([WIDE.filter(pl.col("open_time").dt.date() == FIRST), WRONG])
    assert check(both).standing is DayBarTrust.PROVEN


def test_a_day_without_trades_proves_nothing() -> None:
    idle = scaled(OWN, EVERY, volume=0, quote_volume=0).with_columns(trades=pl.lit(0, pl.Int64))
    days = aggregate(idle, DAY).select(BAR.names())
    assert check(idle, days=days).standing is DayBarTrust.UNTRIED


def test_a_small_difference_is_a_question() -> None:
    shifted = OWN.with_columns(pl.col("trades") + pl.when(pl.int_range(pl.len()) == 7).then(1).otherwise(0))
    found = check(shifted, BEFORE)
    assert (found.large, len(found.slight)) == ((), 1)
    assert "has trades" in found.slight[0].evidence
    assert conclude(found, Answers(left=found.slight), []).findings[0].rule == "interval_disagree"


def test_without_finer_bars_a_proven_day_bar_refutes_and_an_untried_one_holds_back() -> None:
    proven, untried = check(WRONG, BEFORE), check(WRONG)
    assert conclude(proven, Answers(left=proven.large), []).refuted == proven.large
    (held,) = conclude(untried, Answers(left=untried.large), []).held
    assert "nothing tells which is right" in held.evidence
    assert len(conclude(untried, Answers(replaced=untried.large), []).held) == 1


def test_finer_bars_that_are_equal_leave_the_day_and_those_that_are_no_better_a_proven_day_bar() -> None:
    for some in (check(WRONG, BEFORE), check(WRONG)):
        equal = conclude(some, Answers(confirmed=some.large), [])
        assert (equal.refuted, equal.held) == ((), ())
    proven, untried = check(WRONG, BEFORE), check(WRONG)
    assert conclude(proven, Answers(undecided=proven.large), []).refuted == proven.large
    assert conclude(untried, Answers(undecided=untried.large), []) == DayVerdict()


def test_finer_bars_that_came_and_are_not_believed_take_the_day_bar_with_them() -> None:
    some = check(WRONG, BEFORE)
    decided = conclude(some, Answers(left=some.large), OWN["open_time"].to_list())
    assert (decided.refuted, decided.held, decided.findings[0].rule) == ((), (), "suspicious")


def test_day_bars_that_contradict_everything_leave_a_finding() -> None:
    some = check(OWN, BEFORE, scaled(DAYS, EVERY, price=7))
    decided = conclude(some, Answers(), [])
    assert (decided.refuted, decided.held, decided.findings[0].rule) == ((), (), "suspicious")


def test_one_object_decides_nothing_and_several_do() -> None:
    whole = scaled(WIDE, EVERY, volume=10, quote_volume=10)
    days = [START.date() + timedelta(days=at) for at in range(5)]
    assert check_days(whole, DAYS, UncomparedDays(days), ONE, NOTHING).standing is DayBarTrust.UNTRIED, (
        "one month's object"
    )
    assert check_days(whole, DAYS, UncomparedDays(days, days[:2]), ONE, NOTHING).standing is DayBarTrust.DISPROVEN
    one = WIDE.filter(pl.col("open_time").dt.date() == FIRST)
    assert (
        check_days(pl.concat([one, WRONG]), DAYS, UncomparedDays(days, days[:2]), ONE, NOTHING).standing
        is DayBarTrust.PROVEN
    )
