"""Dates of New York's sessions, for providers that are asked by dates alone. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from bcdata.providers.stocks.local_time import NEW_YORK, midnight
from bcdata.windows import Window

_DAY = timedelta(days=1)


def over(now: datetime) -> datetime:
    """The label (UTC) up to which dates are over in New York: until then bars of a date run, and are corrected."""
    return midnight(now.astimezone(NEW_YORK).date())


def spans(window: Window, days: int) -> Iterator[Window]:
    """Whole dates that hold a window, at most so many at a time. A session of New York lies in one date of UTC."""
    start = midnight(window.start.date())
    while start < window.end:
        end = min(start + days * _DAY, midnight((window.end - timedelta.resolution).date()) + _DAY)
        yield Window(start, end)
        start = end
