"""Questions about the archive's own rows, and what a second source says to them."""

from datetime import date, timedelta

import polars as pl

from bcdata.bars.aggregate import aggregate
from bcdata.quality.compare import compare
from bcdata.quality.questions import DayCheck, check_days, settle
from bcdata_tests.make import MINUTE, START
from bcdata_tests.quality.coarse import DAY, ONE, flat, hours_and_days, minutes, on, scaled

TRUE = minutes(3)
CONTROLS = hours_and_days(TRUE)
DAYS = aggregate(TRUE, DAY)
SECOND = START.date() + timedelta(days=1)
RUN = pl.col("open_time").is_between(START + 100 * MINUTE, START + 101 * MINUTE, closed="left")


def test_flat_rows_give_way_to_rows_with_which_the_hours_agree() -> None:
    archive = flat(TRUE, RUN)
    questions = compare(archive, ONE, CONTROLS).questioned
    assert questions
    found = settle(archive, TRUE, questions, CONTROLS, ONE)
    assert (found.replaced, found.confirmed, found.left) == (questions, (), ())


def test_rows_in_which_both_sources_agree_stay() -> None:
    archive = flat(TRUE, RUN)
    questions = compare(archive, ONE, CONTROLS).questioned
    found = settle(archive, archive, questions, CONTROLS, ONE)
    assert (found.replaced, found.confirmed) == ((), questions)


def test_rows_that_are_no_better_decide_nothing_and_missing_ones_leave_the_question() -> None:
    archive = flat(TRUE, RUN)
    questions = compare(archive, ONE, CONTROLS).questioned
    other = scaled(TRUE, RUN, price=3)
    assert settle(archive, other, questions, CONTROLS, ONE).undecided == questions
    assert settle(archive, TRUE.filter(~RUN), questions, CONTROLS, ONE).left == questions


def test_the_exchanges_days_refute_a_day_that_differs() -> None:
    archive = scaled(TRUE, on(SECOND), price=10, quote_volume=10)
    every = [START.date() + timedelta(days=at) for at in range(3)]
    found = check_days(archive, DAYS, every, ONE)
    (wrong,) = found.refuted
    assert (wrong.window.start.date(), found.findings, found.is_credible) == (SECOND, (), True)
    assert "the 1d bar of 2023-03-02 00:00 has" in wrong.evidence
    assert check_days(archive, DAYS, [date(2023, 3, 1)], ONE).refuted == (), "only of days that nothing else covers"
    assert check_days(TRUE, DAYS, every, ONE) == DayCheck(is_credible=True)


def test_days_that_contradict_everything_are_no_better_than_the_bars() -> None:
    lie = scaled(DAYS, pl.lit(value=True), price=7)
    found = check_days(TRUE, lie, [SECOND], ONE)
    assert (found.is_credible, found.refuted, found.findings[0].rule) == (False, (), "suspicious")
