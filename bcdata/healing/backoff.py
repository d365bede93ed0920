"""When to ask again for what did not come: later and later, and at last not at all. Pure."""

from datetime import datetime, timedelta

from bcdata.store.state.requests import Request

FIRST = timedelta(hours=1)
LONGEST = timedelta(days=7)
MOST_TRIES = 8
"""Some four weeks: an archive repairs what it repairs within that time."""
_FACTOR = 4


def pause(tries: int, *, longest: timedelta = LONGEST) -> timedelta:
    """How long to wait after so many tries in a row: an hour, four, sixteen, and so on up to `longest`."""
    wait = FIRST
    for _ in range(tries - 1):
        wait *= _FACTOR
        if wait >= longest:
            return longest
    return wait


def is_due(request: Request | None, cause: str, now: datetime) -> bool:
    """Whether to ask for something (again): at once for a new cause, then after each pause, up to `MOST_TRIES`."""
    if request is None or request.cause != cause:
        return True
    return request.tries < MOST_TRIES and now >= request.at + pause(request.tries)
