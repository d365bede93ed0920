"""Local times of exchanges as instants, and the dates by which sessions are called. Pure; all in seconds, UTC."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bcdata.interval import EPOCH, Interval
from bcdata.providers.capabilities import Plan
from bcdata.windows import Window

NEW_YORK = ZoneInfo("America/New_York")
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_SUNDAY = 6
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[ T]\d{2}:\d{2}(:\d{2})?", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.0{1,9})?(Z|[+-]\d{2}:\d{2})", re.ASCII)
_SMALL_HOURS = timedelta(hours=4)
"""What a provider has at the end of a day is there that long after midnight."""


def seconds(instant: datetime) -> int:
    """Whole seconds since the epoch."""
    return (instant - EPOCH) // _SECOND


def zone(name: object) -> ZoneInfo:
    """A time zone by its name, as providers state it.

    Raises:
        ValueError: there is none of this name.
    """
    try:
        return ZoneInfo(name if isinstance(name, str) else "")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r}") from None


def day(text: object) -> date:
    """A date, `2024-03-08`.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(text, str) or not _DATE.fullmatch(text):
        raise ValueError("it is no date")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("there is no such date") from None


def midnight(of: date) -> datetime:
    """The instant by which a session of this date is labelled: its midnight in UTC."""
    return datetime(of.year, of.month, of.day, tzinfo=UTC)


def local(text: object, place: ZoneInfo) -> datetime:
    """The instant of a local time without an offset, `2024-03-08 09:30:00`.

    Raises:
        ValueError: it is no time, there is none such in this zone, or there are two.
    """
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise ValueError("it is no local time")
    try:
        told = datetime.fromisoformat(text)
        found = [told.replace(tzinfo=place, fold=fold).astimezone(UTC) for fold in (0, 1)]
    except (ValueError, OverflowError):
        raise ValueError("there is no such time") from None
    if found[0].astimezone(place).replace(tzinfo=None) != told:
        raise ValueError(f"the clocks of {place.key} leave this time out")
    if found[0] != found[1]:
        raise ValueError(f"the clocks of {place.key} show this time twice")
    return found[0]


def instant(text: object) -> datetime:
    """An instant with its offset, `2024-03-08T14:30:00Z`.

    Raises:
        ValueError: it is none, or no whole second.
    """
    if not isinstance(text, str) or not _INSTANT.fullmatch(text):
        raise ValueError("it is no instant with an offset")
    try:
        return datetime.fromisoformat(text.partition(".")[0] + _offset(text)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("there is no such instant") from None


def _offset(text: str) -> str:
    return "" if "." not in text else "Z" if text.endswith("Z") else text[-len("+00:00") :]


def is_long(interval: Interval) -> bool:
    """Whether its bars are labelled by the dates of sessions: a day and longer."""
    return interval.length is None or interval.length >= _DAY


def around(window: Window, interval: Interval) -> Window:
    """What is asked for: of dates those of the whole first bar, and one more on both sides."""
    return Window(interval.floor(window.start) - _DAY, window.end + _DAY) if is_long(interval) else window


def on_grid(instant: datetime, interval: Interval) -> datetime:
    """The first open at or after an instant; of sessions, whose opens differ, the instant itself."""
    return instant if is_long(interval) else interval.ceil(instant)


def labelled(at: datetime, interval: Interval, place: ZoneInfo) -> datetime:
    """The label of a bar that a provider puts at this instant, at a midnight of its zone if it lasts a day or longer.

    Weeks that begin on a Sunday are those whose sessions begin on the Monday after it.

    Raises:
        ValueError: it lasts a day or longer, and the instant is no midnight: it is another bar than it is taken for.
    """
    if not is_long(interval):
        return at
    there = at.astimezone(place)
    if there.time() != time():
        raise ValueError(f"it is no midnight of {place.key}")
    found = there.date()
    if interval.length is not None and interval.length > _DAY and found.weekday() == _SUNDAY:
        found += _DAY
    return midnight(found)


def closed_until(interval: Interval, plan: Plan, now: datetime, place: ZoneInfo = NEW_YORK) -> datetime:
    """Up to which open or label (UTC) bars can be had on a plan: on the grid, and no later bar has been made.

    Bars of a day are made when their date is over at the exchange. A plan with a delay of a day has what is of a date
    in the small hours of the next one.
    """
    if plan.delay >= _DAY:
        today = (now - _SMALL_HOURS).astimezone(place).date()
        begun = datetime(today.year, today.month, today.day, tzinfo=place).astimezone(UTC)
        return interval.floor(midnight(today) if is_long(interval) else begun)
    if is_long(interval):
        return interval.floor(midnight((now - plan.delay).astimezone(place).date()))
    return interval.floor(now - plan.delay)
