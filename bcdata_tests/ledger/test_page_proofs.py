"""What pages with lines that cannot be placed prove, against a list of minutes made by hand."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.frames.schema import TIME
from bcdata.interval import EPOCH, Interval
from bcdata.ledger.page_proofs import OTHER_TIMES, UNPLACED, PageProofs
from bcdata.windows import Window

MINUTE = Interval.parse("1m")
LENGTH = 10
Line = int | None
"""The minute of a row of a page; None for a line that tells none."""


def at(minute: int) -> datetime:
    return EPOCH + minute * timedelta(minutes=1)


def proofs(pages: Sequence[Sequence[Line]]) -> PageProofs:
    """Of pages of ten minutes each."""
    lines = [
        (page, line, None if minute is None else minute * 60_000_000)
        for page, sent in enumerate(pages)
        for line, minute in enumerate(sent)
    ]
    every = pl.DataFrame(lines, {"object": pl.Int64, "line": pl.Int64, "open_time": pl.Int64}, orient="row")
    is_row = pl.col("open_time").is_not_null()
    windows = [Window(at(page * LENGTH), at((page + 1) * LENGTH)) for page in range(len(pages))]
    return PageProofs.of(every.filter(is_row), every.filter(~is_row), windows, MINUTE)


def doubted(pages: Sequence[Sequence[Line]]) -> dict[int, str]:
    """The minutes without a row that are not proven to have none, and why."""
    there = {minute for sent in pages for minute in sent}
    expected = pl.Series([at(one) for one in range(len(pages) * LENGTH)], dtype=TIME)
    missing = pl.Series([at(one) for one in range(len(pages) * LENGTH) if one not in there], dtype=TIME)
    step, found = timedelta(minutes=1), {}
    for run in proofs(pages).doubts(missing, expected, MINUTE):
        first, last = ((datetime.fromisoformat(run[edge]) - EPOCH) // step for edge in ("start", "end"))
        found.update(dict.fromkeys(range(first, last + 1), run["reason"]))
    return found


CASES: dict[str, tuple[list[list[Line]], dict[int, str]]] = {
    "an empty page": ([[]], {}),
    "rows alone": ([[1, 4, 8]], {}),
    "a line between two rows": ([[1, 4, None, 8]], dict.fromkeys((5, 6, 7), UNPLACED)),
    "the newest first": ([[8, None, 4, 1]], dict.fromkeys((5, 6, 7), UNPLACED)),
    "a line before all rows": ([[None, 3, 8]], dict.fromkeys((0, 1, 2), UNPLACED)),
    "a line after all rows": ([[3, 8, None]], {9: UNPLACED}),
    "no order": ([[8, 3, None, 5]], dict.fromkeys((0, 1, 2, 4, 6, 7, 9), UNPLACED)),
    "one row": ([[3, None]], dict.fromkeys((0, 1, 2, 4, 5, 6, 7, 8, 9), UNPLACED)),
    "no row": ([[None]], dict.fromkeys(range(10), UNPLACED)),
    "a row of no page's time": ([[1, 4, 5000, 8]], dict.fromkeys((5, 6, 7), UNPLACED)),
    "one page twice": ([[1, 4], [1, 4]], dict.fromkeys(range(10, 20), OTHER_TIMES)),
    "more than was asked for": ([[1, 4, 11], [9, 11, 15]], {}),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_proven(case: str) -> None:
    pages, expected = CASES[case]
    assert doubted(pages) == expected


@given(st.sets(st.integers(0, LENGTH - 1), min_size=1), st.sets(st.integers(0, LENGTH - 1)), st.booleans())
def test_no_bar_that_could_not_be_read_is_proven_absent(there: set[int], lost: set[int], newest_first: bool) -> None:
    """Whatever rows lose their times, the bars that they were are in doubt."""
    minutes = sorted(there, reverse=newest_first)
    assert lost & there <= doubted([[None if one in lost else one for one in minutes]]).keys()
