"""The length of bars of a market with sessions: it knows where they lie, so that what counts in bars is right."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bcdata.interval import EPOCH, Interval
from bcdata.venues.hours import Hours

if TYPE_CHECKING:
    from collections.abc import Callable

    from bcdata.venues.session_calendar import SessionCalendar
    from bcdata.venues.sessions import IntArray

_MICROSECOND = timedelta(microseconds=1)


def _load(hours: Hours) -> "SessionCalendar":
    from bcdata.venues.calendar import sessions_of

    return sessions_of(hours)


@dataclass(frozen=True, slots=True, order=True)
class SessionInterval(Interval):
    """An `Interval` whose opens are those that a calendar expects.

    `length` is what the name says; a bar may be shorter, and the next one may open much later.
    """

    hours: Hours = field(compare=True)
    load: "Callable[[Hours], SessionCalendar]" = field(default=_load, compare=False, repr=False)

    @property
    def calendar(self) -> "SessionCalendar":
        """The calendar, loaded when it is first asked for."""
        return self.load(self.hours)

    def floor(self, instant: datetime) -> datetime:
        """The open of the last bar that opens at or before the instant.

        Raises:
            UsageError: the calendar does not reach so far.
        """
        return self._open(self._before(instant + _MICROSECOND) - 1)

    def next(self, open_time: datetime) -> datetime:
        """The open of the first bar after the instant.

        Raises:
            UsageError: the calendar does not reach so far.
        """
        return self._open(self._before(open_time + _MICROSECOND))

    def ceil(self, instant: datetime) -> datetime:
        """The first open at or after the instant.

        Raises:
            UsageError: the calendar does not reach so far.
        """
        return self._open(self._before(instant))

    def end(self, open_time: datetime) -> datetime:
        """When the bar that opens then ends."""
        return EPOCH + int(self.calendar.ends(self, _array(open_time))[0]) * _MICROSECOND

    def _before(self, instant: datetime) -> int:
        return int(self.calendar.positions(self, _array(instant))[0])

    def _open(self, number: int) -> datetime:
        import numpy as np

        return EPOCH + int(self.calendar.nth(self, np.array([number]))[0]) * _MICROSECOND


def _array(instant: datetime) -> "IntArray":
    import numpy as np

    return np.array([(instant - EPOCH) // _MICROSECOND], dtype=np.int64)


def interval_of(interval: Interval, hours: Hours) -> Interval:
    """The interval of bars of a market with these hours: it counts by their sessions. Nothing is loaded yet."""
    if not hours.are_sessions:
        return interval
    return SessionInterval(interval.name, interval.length, interval.anchor, hours)
