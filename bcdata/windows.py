"""Half-open windows of UTC time and the date keys of partitions that name them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from bcdata.errors import UsageError

_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)
"""A year, a month or a day."""
_KEY = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Window:
    """The instants [start, end), UTC."""

    start: datetime
    end: datetime

    def __contains__(self, instant: datetime) -> bool:
        """Whether the instant lies in the window."""
        return self.start <= instant < self.end

    def until(self, end: datetime) -> "Window":
        """The window cut off at `end`; empty (start == end) where `end` comes before it."""
        return Window(self.start, max(self.start, min(self.end, end)))

    def days(self) -> Iterator[date]:
        """The UTC days that the window touches, in order."""
        day = self.start.date()
        while datetime(day.year, day.month, day.day, tzinfo=UTC) < self.end:
            yield day
            day += timedelta(days=1)

    @property
    def is_empty(self) -> bool:
        """Whether the window holds no instant."""
        return self.start >= self.end


class Grain(StrEnum):
    """How much time one partition holds."""

    MONTH = "month"
    DAY = "day"

    def window(self, key: str) -> Window:
        """The time that the partition of this date key covers.

        Raises:
            UsageError: the key is not one of this grain (`YYYY-MM` for month, `YYYY-MM-DD` for day).
        """
        match = _KEY.fullmatch(key)
        if not match or (match[3] is None) != (self is Grain.MONTH):
            shape = "YYYY-MM" if self is Grain.MONTH else "YYYY-MM-DD"
            raise UsageError(f"{key!r} is not a date key of this dataset; write it as {shape}")
        try:
            start = datetime(int(match[1]), int(match[2]), int(match[3] or 1), tzinfo=UTC)
            return Window(start, self._after(start))
        except ValueError:
            raise UsageError(f"{key!r} is not a date") from None
        except OverflowError:
            raise UsageError(f"{key!r} is too late: its end is beyond the year 9999") from None

    def key(self, instant: datetime) -> str:
        """The date key of the partition that holds the instant."""
        return instant.date().isoformat()[: 7 if self is Grain.MONTH else 10]

    def key_in(self, text: str, *, is_last: bool) -> str:
        """The first, or the last, date key in a year, a month or a day as people write them, or the one it lies in.

        Raises:
            UsageError: it is none of these.
        """
        if not _DATE.fullmatch(text):
            self.window(text)  # says how a key is written
        day = f"{text}{'-12-31' if is_last else '-01-01'}" if len(text) == len("YYYY") else text
        if len(day) == len("YYYY-MM-DD"):
            Grain.DAY.window(day)
            return day if self is Grain.DAY else day[: len("YYYY-MM")]
        month = Grain.MONTH.window(day)
        if self is Grain.MONTH:
            return day
        return self.key(month.end - timedelta(days=1) if is_last else month.start)

    def ends(self, first: str | None, last: str | None) -> tuple[str | None, str | None]:
        """The first and the last date key of a range as people write it, both included; None where an end is open.

        Raises:
            UsageError: an end is no year, month or day, or the range is reversed.
        """
        begin = None if first is None else self.key_in(first, is_last=False)
        end = None if last is None else self.key_in(last, is_last=True)
        if begin is not None and end is not None and begin > end:
            raise UsageError(f"the range {first} .. {last} is reversed; put the earlier one first")
        return begin, end

    def is_key(self, text: str) -> bool:
        """Whether the text is a date key of this grain."""
        try:
            self.window(text)
        except UsageError:
            return False
        return True

    def keys(self, first: str, last: str) -> list[str]:
        """All date keys from `first` to `last`, both included, in order.

        Raises:
            UsageError: a key is malformed, or the range is reversed.
        """
        start, end = self.window(first).start, self.window(last).start
        if start > end:
            raise UsageError(f"the range {first} .. {last} is reversed; put the earlier key first")
        keys = []
        while start <= end:
            keys.append(self.key(start))
            start = self._after(start)
        return keys

    def _after(self, start: datetime) -> datetime:
        if self is Grain.DAY:
            return start + timedelta(days=1)
        return (start.replace(day=1) + timedelta(days=32)).replace(day=1)


def union(windows: Iterable[Window]) -> list[Window]:
    """The same time in as few windows as there can be, ascending; empty ones are left out."""
    found: list[Window] = []
    for one in sorted((one for one in windows if not one.is_empty), key=lambda one: one.start):
        if found and one.start <= found[-1].end:
            found[-1] = Window(found[-1].start, max(found[-1].end, one.end))
        else:
            found.append(one)
    return found


def minus(windows: Iterable[Window], gone: Iterable[Window]) -> list[Window]:
    """The time of some windows without that of others, in as few as there can be, ascending."""
    left = union(windows)
    for other in gone:
        parts = (Window(one.start, max(one.start, min(one.end, other.start))) for one in left)
        rests = (Window(min(one.end, max(one.start, other.end)), one.end) for one in left)
        left = union([*parts, *rests])
    return left


def overlap(one: Window, other: Window) -> Window:
    """The time that both cover; empty where there is none."""
    start = max(one.start, other.start)
    return Window(start, max(start, min(one.end, other.end)))
