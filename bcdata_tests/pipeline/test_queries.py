"""Holes are covered by the fewest pages, each with a bar to spare on both sides."""

from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bcdata.interval import EPOCH, Interval
from bcdata.ledger.ledger import runs_of
from bcdata.pipeline.missing.request_windows import Run, cover, wider
from bcdata.providers.base import Page
from bcdata.windows import Window
from bcdata_tests.make import MINUTE, START, opens

M1 = Interval.parse("1m")
ROWS = 10


def at(minute: int) -> datetime:
    return START + minute * MINUTE


def runs(missing: set[int]) -> list[Run]:
    grid = opens(200)
    return runs_of(grid.filter(grid.is_in([at(n) for n in missing])), grid)


def pages(windows: list[Window]) -> int:
    return sum(-((window.start - window.end) // (ROWS * MINUTE)) for window in windows)


def fewest(needed: frozenset[int]) -> int:
    """The least number of stretches of `ROWS` minutes that hold all these, by trying every start."""

    @cache
    def least(first: int) -> int:
        left = [n for n in needed if n >= first]
        return 0 if not left else 1 + min(least(start + ROWS) for start in range(min(left) - ROWS + 1, min(left) + 1))

    return least(-ROWS)


@given(st.sets(st.integers(1, 120), max_size=25))
def test_no_cover_has_fewer_pages(missing: set[int]) -> None:
    windows = cover(runs(missing), M1, ROWS)
    needed = frozenset(n + spare for n in missing for spare in (-1, 0, 1))
    assert all(any(at(n) in window for window in windows) for n in needed)
    assert pages(windows) == fewest(needed)
    assert all(left.end <= right.start for left, right in pairwise(windows))


def test_a_run_longer_than_a_page_lends_the_rest_of_its_last_page() -> None:
    (window,) = cover(runs({*range(10, 21), 25}), M1, ROWS)
    assert (window.start, window.end) == (at(9), at(27))


def page(first: int | None, last: int | None) -> Page:
    first_ms, last_ms = (None if n is None else (at(n) - EPOCH) // timedelta(milliseconds=1) for n in (first, last))
    return Page("", b"", first_ms, last_ms, 0)


def test_one_sided_answers_are_asked_for_once_more_half_a_page_wider() -> None:
    asked, now = Window(at(20), at(30)), at(1000)
    assert wider(asked, [page(20, 29)], M1, ROWS, now) is None
    assert wider(asked, [page(20, 25)], M1, ROWS, now) == Window(at(20), at(35))
    assert wider(asked, [page(24, 29)], M1, ROWS, now) == Window(at(15), at(30))
    assert wider(asked, [page(None, None)], M1, ROWS, now) == Window(at(15), at(35))
    assert wider(asked, [page(20, 25)], M1, ROWS, at(30)) is None
