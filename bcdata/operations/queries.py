"""Which windows to ask for so that a set of holes is covered by the fewest calls. Pure."""

from collections.abc import Sequence
from datetime import datetime

from bcdata.intervals import Interval
from bcdata.windows import Window


def cover(runs: Sequence[tuple[datetime, datetime]], interval: Interval, rows: int) -> list[Window]:
    """Windows that hold all runs (first and last open, ascending), each with a bar to spare on both sides.

    The bars to spare are what makes an answer a confirmed negative: it spans bars on both sides of the hole. Runs
    that fit into one page of `rows` bars are asked for together.
    """
    windows: list[Window] = []
    for first, last in runs:
        around = Window(_before(first, interval), interval.next(interval.next(last)))
        if windows and _bars(Window(windows[-1].start, around.end), interval) <= rows:
            windows[-1] = Window(windows[-1].start, around.end)
        else:
            windows.append(around)
    return windows


def _before(open_time: datetime, interval: Interval) -> datetime:
    if interval.length is not None:
        return open_time - interval.length
    month = open_time.month - 1 or 12
    return open_time.replace(year=open_time.year - (month == 12), month=month)  # noqa: PLR2004


def _bars(window: Window, interval: Interval) -> float:
    if interval.length is None:
        return (window.end - window.start).days / 28
    return (window.end - window.start) / interval.length
