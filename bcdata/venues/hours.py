"""When a market trades, as a value: the name of its calendar, and what is said beside it."""

from dataclasses import dataclass
from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path

LIBRARY = "exchange_calendars"
"""Where calendars of exchanges are from; it needs pandas."""
AROUND_THE_CLOCK = "24/7"
CURRENCY_WEEK = "fx_ny"
"""From Sunday 17:00 to Friday 17:00 in New York, a session each day."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When a market trades.

    Attributes:
        calendar: `24/7`, `fx_ny`, or an exchange's code: `XNYS`.
        pauses: times of the day at which it pauses, like `16:00-17:00 America/Chicago`.
        closed: dates of sessions that there were not, whatever the calendar says.
        sessions: label, open and close (UTC) of sessions that the calendar lacks, or has with other hours.
    """

    calendar: str = AROUND_THE_CLOCK
    pauses: tuple[str, ...] = ()
    closed: tuple[date, ...] = ()
    sessions: tuple[tuple[date, datetime, datetime], ...] = ()

    @property
    def are_sessions(self) -> bool:
        """Whether it opens and closes at all."""
        return self.calendar != AROUND_THE_CLOCK


ALWAYS = Hours()


def calendar_names() -> tuple[str, ...]:
    """The calendars of the library, without importing it; empty where it is not installed."""
    found = find_spec(LIBRARY)
    if found is None or not found.submodule_search_locations:
        return ()
    files = Path(found.submodule_search_locations[0]).glob("exchange_calendar_*.py")
    return (*sorted(path.stem.removeprefix("exchange_calendar_").upper() for path in files), "24/5")
