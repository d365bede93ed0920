"""Pages that lead on: what they cover tiles the window, and those that lead nowhere end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.errors import NoDataError
from bcdata.interval import Interval
from bcdata.providers.base import Series, WindowPage
from bcdata.providers.stocks.page_trail import Links, Trail, beside_rows
from bcdata.windows import Window

MINUTE, START = timedelta(minutes=1), datetime(2024, 1, 2, 14, 30, tzinfo=UTC)
HOUR = Window(START, START + 60 * MINUTE)


def trail() -> Trail:
    return Trail(HOUR, HOUR, Interval.parse("1m"))


def at(*minutes: int) -> list[datetime | None]:
    return [START + one * MINUTE for one in minutes]


@given(st.sets(st.integers(0, 59), min_size=1).map(sorted), st.integers(1, 20))
def test_pages_tile_the_window_and_hold_the_rows_that_they_cover(minutes: list[int], size: int) -> None:
    one = trail()
    pages = [minutes[first : first + size] for first in range(0, len(minutes), size)]
    covers = [
        one.covered(at(*page), f"{number}" if page is not pages[-1] else None) for number, page in enumerate(pages)
    ]
    assert (covers[0].start, covers[-1].end) == (HOUR.start, HOUR.end)
    assert all(before.end == after.start for before, after in zip(covers, covers[1:], strict=False))  # noqa: RUF007
    for page, own in zip(pages, covers, strict=True):
        assert [minute for minute in minutes if START + minute * MINUTE in own] == page


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ((at(0, 1), "a"), (at(0, 1), "b"), "its rows do not"),
        ((at(0, 1), "a"), (at(1), "b"), "its rows do not"),
        ((at(0, 1), "a"), (at(2, 3), "a"), "leads back"),
        ((at(0, 1), "a"), (at(3, 2), "b"), "its rows do not"),
        ((at(0, 1), "a"), (at(99), "b"), "time that was asked for"),
        ((at(0, 1), "a"), ([None], None), "time that was asked for"),
        ((at(0, 1), "a"), ([START + one * MINUTE / 2 for one in (5, 6, 7)], None), "not bars of 1m"),
    ],
)
def test_pages_that_lead_nowhere(
    first: tuple[Sequence[datetime | None], str], second: tuple[Sequence[datetime | None], str | None], words: str
) -> None:
    one = trail()
    one.covered(*first)
    with pytest.raises(ValueError, match=words):
        one.covered(*second)


def test_empty_pages_are_followed_for_a_while() -> None:
    one = trail()
    for number in range(10):
        assert one.covered([], f"{number}").is_empty
    with pytest.raises(ValueError, match="without rows"):
        one.covered([], "more")
    assert one.covered(at(3), None) == HOUR


@pytest.mark.parametrize(
    ("before", "last", "rows"), [(["a"], "a", 1), (["a"], "b", 0), ([f"{number}" for number in range(100)], "more", 1)]
)
def test_lists_that_lead_nowhere(before: list[str], last: str, rows: int) -> None:
    links = Links()
    for name in before:
        links.follow(name, 1)
    links.follow(None, 0)
    with pytest.raises(ValueError, match="nothing new"):
        links.follow(last, rows)


@given(st.lists(st.integers(0, 2), min_size=1, max_size=12))
def test_pages_without_rows_are_kept_beside_others_alone(counts: list[int]) -> None:
    sent = [WindowPage(f"{number}", b"", HOUR, rows) for number, rows in enumerate(counts)]

    async def pages() -> AsyncIterator[WindowPage]:
        for one in sent:
            yield one

    async def kept() -> list[WindowPage]:
        return [one async for one in beside_rows(pages(), Series("us", "klines", "AAPL", "1m"), HOUR, "some")]

    if any(counts):
        assert asyncio.run(kept()) == sent
    else:
        with pytest.raises(NoDataError, match="some: us/klines/AAPL/1m: it has nothing from 2024-01-02 14:30"):
            asyncio.run(kept())
