"""The length of bars of a market with sessions: it knows where they lie, so that what counts in bars is right."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bcdata.interval import EPOCH, Interval
from bcdata.venues.hours import Hours
from bcdata.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    from bcdata.venues.session_calendar import SessionCalendar
    from bcdata.venues.sessions import IntArray

_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)


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

    def of(self, name: str) -> "SessionInterval":
        """Bars of another length of the same market."""
        plain = Interval.parse(name)
        return SessionInterval(plain.name, plain.length, plain.anchor, self.hours, self.load)

    @property
    def has_sessions(self) -> bool:
        """True."""
        return True

    @property
    def is_long(self) -> bool:
        """Whether its bars are of whole sessions."""
        return self.length is None or self.length >= _DAY

    def outlast_a_session(self, bars: int) -> bool:
        """Whether so many bars cover more than a session of the usual length."""
        if self.is_long or self.length is None:
            return bars > 1 or self.name != "1d"
        return bars * self.length > self.calendar.usual_length

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

    def floors(self, instants: "IntArray") -> "IntArray":
        """The open of the last bar at or before each instant: (n,) µs since the epoch.

        Of what lies before the first bar there is it is a time that no bar opens at.
        """
        import numpy as np

        numbers = self.calendar.positions(self, instants + 1) - 1
        found = self.calendar.nth(self, np.maximum(numbers, 0))
        return np.where(numbers < 0, np.iinfo(np.int64).min // 2, found)

    def are_inside(self, instants: "IntArray") -> "npt.NDArray[np.bool_]":
        """Whether each instant lies in a session and outside of its breaks; of a day or longer, whether a bar opens."""
        opens = self.floors(instants)
        found: npt.NDArray[np.bool_] = opens == instants if self.is_long else self.calendar.ends(self, opens) > instants
        return found

    def ends(self, opens: "IntArray") -> "IntArray":
        """When bars end: (n,) µs since the epoch, at the close of their part or session at the latest."""
        return self.calendar.ends(self, opens)

    def later(self, opens: "IntArray", bars: int) -> "IntArray":
        """The opens of the bars so many after each: (n,) µs since the epoch.

        Raises:
            UsageError: the calendar does not reach so far.
        """
        return self.calendar.nth(self, self.calendar.positions(self, opens) + bars)

    def opens(self, window: Window) -> "IntArray":
        """The opens of the bars that are expected in a window: (n,) µs since the epoch, ascending.

        Raises:
            UsageError: the calendar does not reach so far.
        """
        return self.calendar.bars(self, window).opens

    def number(self, open_time: datetime) -> int:
        """How many bars open before `open_time`, counted from the calendar's first."""
        return self._before(open_time)

    def days_of(self, opens: "IntArray") -> "IntArray":
        """The places in a row of opens (µs, ascending) at which sessions begin: all, where bars are of whole ones."""
        import numpy as np

        if self.is_long:
            return np.arange(opens.size)
        labels = self.calendar.labels(opens)
        return np.append(np.zeros(min(opens.size, 1), dtype=np.int64), np.flatnonzero(labels[1:] != labels[:-1]) + 1)

    def before(self, start: datetime, lookback: int, bars: int) -> datetime:
        """From when on to read for what looks back from each bar from `start` on: so many bars, and whole sessions.

        It is the bar before the session that is `bars` before the session that lies `lookback` bars before; at the
        calendar's first bar at the earliest.
        """
        first = self._session_of(max(self._before(start) - lookback, 0))
        return self._open(max(self._session_of(max(first - bars, 0)) - 1, 0))

    def bars_a_year(self, year: int) -> float:
        """Bars of a year: the mean of the five complete calendar years before `year`.

        Raises:
            UsageError: the calendar knows none.
        """
        return self.calendar.bars_per_year(self, year)

    def _session_of(self, number: int) -> int:
        """The number of the first bar of the session in which a bar lies, by its number."""
        import numpy as np

        calendar = self.calendar
        opens = calendar.nth(self, np.array([number]))
        session = np.searchsorted(calendar.sessions.opens, opens, side="right") - 1
        return int(calendar.positions(self, calendar.sessions.opens[session])[0])

    def digest(self, window: Window) -> str:
        """Names what the calendar says of a window: it changes where that does, and nowhere else."""
        return self.calendar.sessions.digest(window)

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
