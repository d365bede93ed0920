"""Which windows to ask for so that a set of holes is covered by the fewest calls. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bcdata.interval import EPOCH, Interval
from bcdata.providers.base import Page
from bcdata.windows import Window

Run = tuple[datetime, datetime]
"""Neighbouring missing bars: the first and the last open."""


def cover(runs: Sequence[Run], interval: Interval, rows: int) -> list[Window]:
    """Windows that hold all runs (ascending), each run with a bar to spare on both sides, in the fewest calls.

    The bars to spare are what makes an answer a confirmed negative: it spans bars on both sides of the hole. A call
    brings a page of `rows` bars from its start on; so a run that begins inside the last page of a window is asked
    for with it, and a page begins where the one before ends or at the next run. No cover has fewer pages.
    """
    windows: list[Window] = []
    page_end: datetime | None = None
    for first, last in runs:
        around = Window(_before(first, interval), interval.next(interval.next(last)))
        if page_end is not None and around.start < page_end:
            windows[-1] = Window(windows[-1].start, max(windows[-1].end, around.end))
        else:
            windows.append(around)
            page_end = _after(around.start, interval, rows)
        while page_end < around.end:
            page_end = _after(page_end, interval, rows)
    return windows


def wider(window: Window, pages: Sequence[Page], interval: Interval, rows: int, now: datetime) -> Window | None:
    """A wider window to ask for, where the answer does not span bars on both sides; None where it does.

    A hole that goes on beyond the partition shows its other side there, if it is not longer than half a page.
    """
    if interval.length is None:
        return None
    firsts = [page.first_open_ms for page in pages if page.first_open_ms is not None]
    lasts = [page.last_open_ms for page in pages if page.last_open_ms is not None]
    reach = rows // 2 * interval.length
    lacks_start = not firsts or _instant(min(firsts)) > window.start
    lacks_end = not lasts or _instant(max(lasts)) < window.end - interval.length
    start = window.start - reach if lacks_start else window.start
    end = min(window.end + reach, interval.floor(now)) if lacks_end else window.end
    return Window(start, end) if (start, end) != (window.start, window.end) else None


def _instant(ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=ms)


def _after(start: datetime, interval: Interval, bars: int) -> datetime:
    """Where a page of so many bars ends; months are counted short, so that a page never promises too much."""
    return start + bars * (interval.length or timedelta(days=28))


def _before(open_time: datetime, interval: Interval) -> datetime:
    if interval.length is not None:
        return open_time - interval.length
    month = open_time.month - 1 or 12
    return open_time.replace(year=open_time.year - (month == 12), month=month)  # noqa: PLR2004
