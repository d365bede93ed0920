"""When simulated exchanges trade: tables of sessions, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_SATURDAY = 5
_NO_CLOSES: Mapping[date, time] = {}


@dataclass(frozen=True, slots=True)
class Session:
    """One session: the date that it is called by, open and close (UTC), and a pause in between, if there is one."""

    label: date
    open: datetime
    close: datetime
    pause: tuple[datetime, datetime] | None = None

    @property
    def parts(self) -> tuple[tuple[datetime, datetime], ...]:
        """The times in which there is trading, half-open."""
        if self.pause is None:
            return ((self.open, self.close),)
        return ((self.open, self.pause[0]), (self.pause[1], self.close))


@dataclass(frozen=True)
class Hours:
    """The sessions of an exchange in order, and its time zone (IANA)."""

    zone: str
    sessions: tuple[Session, ...]

    @classmethod
    def weekdays(
        cls,
        zone: str,
        first: date,
        last: date,
        opens: time = time(9, 30),
        closes: time = time(16),
        *,
        pause: tuple[time, time] | None = None,
        closed: frozenset[date] = frozenset(),
        early: Mapping[date, time] = _NO_CLOSES,
    ) -> "Hours":
        """Monday to Friday from `first` to `last`, both included, in times of the zone, which may change its clocks.

        Args:
            zone: where the exchange is.
            first: the first date.
            last: the last date.
            opens: when it opens.
            closes: when it closes.
            pause: from when to when it pauses.
            closed: dates without a session.
            early: other closes, by date.
        """
        local = ZoneInfo(zone)

        def at(day: date, clock: time) -> datetime:
            return datetime.combine(day, clock, local).astimezone(UTC)

        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        return cls(
            zone,
            tuple(
                Session(
                    day,
                    at(day, opens),
                    at(day, early.get(day, closes)),
                    (at(day, pause[0]), at(day, pause[1])) if pause and day not in early else None,
                )
                for day in days
                if day.weekday() < _SATURDAY and day not in closed
            ),
        )
