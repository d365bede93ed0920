"""Questions about the archive's own rows, and what a second source says to them."""

import polars as pl

from bcdata.quality.compare.coarser import compare
from bcdata.quality.compare.questions import settle
from bcdata_tests.make import MINUTE, START
from bcdata_tests.quality.coarse import ONE, flat, hours_and_days, minutes, scaled

TRUE = minutes(3)
CONTROLS = hours_and_days(TRUE)
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


def test_nothing_is_confirmed_where_the_first_source_has_nothing_left() -> None:
    questions = compare(flat(TRUE, RUN), ONE, CONTROLS).questioned
    found = settle(TRUE.filter(~RUN), TRUE.clear(), questions, CONTROLS, ONE)
    assert (found.confirmed, found.left) == ((), questions)
