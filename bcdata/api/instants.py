"""What people write for instants and ranges, as datetimes in UTC. Pure."""

import re
from contextlib import suppress
from datetime import UTC, date, datetime, time

from bcdata import clock
from bcdata.errors import UsageError
from bcdata.windows import Grain, Window

Asked = tuple[datetime | None, datetime | None]
"""The first instant, and the one before which rows were asked for; None where there was none."""

_BEGINNING, _END = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_MONTH = re.compile(r"\d{4}-\d{2}", re.ASCII)


def instant(value: str | date) -> datetime:
    """A datetime, a date (its midnight), or ISO text (`2023-01`, `2023-01-05`, `2023-01-05T12:00`), in UTC.

    Raises:
        UsageError: it is none of these.
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC)
    if isinstance(value, datetime) and value.year == value.year:  # pandas' NaT, which has no year, is one
        return clock.in_utc(value)
    if not isinstance(value, str):
        raise UsageError(f"{value!r} is no instant; write a datetime, a date, or ISO text such as 2023-01-05T12:00")
    return clock.parse_instant(f"{value}-01" if _MONTH.fullmatch(value) else value)


def asked_range(start: str | date | None, end: str | date | None) -> tuple[Asked, Window]:
    """What was asked for, and the window that it is: all time where an end is open.

    Raises:
        UsageError: one of them is no instant, or the range is empty or reversed.
    """
    asked = (None if start is None else instant(start), None if end is None else instant(end))
    window = Window(asked[0] or _BEGINNING, asked[1] or _END)
    if window.is_empty:
        is_one = window.start == window.end
        words = "`end` itself is left out: write the next one" if is_one else "put the earlier instant first"
        if None in asked:
            words = f"there are no rows before {_BEGINNING.year} and from {_END.year} on"
        raise UsageError(f"the range {start} .. {end} is empty or reversed; {words}")
    return asked, window


def after(key: str) -> datetime:
    """The end of a date key (`2023-01`, `2023-01-05`), or the instant itself where the text is one.

    Raises:
        UsageError: the text is neither.
    """
    for grain in Grain:
        with suppress(UsageError):
            return grain.window(key).end
    return instant(key)
