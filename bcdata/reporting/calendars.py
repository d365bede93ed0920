"""Which markets' calendars cannot be had here, and why: what needs no calendar goes on without them."""

from collections.abc import Iterable

from bcdata.catalog import Dataset
from bcdata.errors import UsageError
from bcdata.venues.calendar import calendar
from bcdata.venues.hours import Hours


def trouble_with(hours: Hours) -> str | None:
    """Why the calendar cannot be had, and what to do; None where it can."""
    try:
        calendar(hours)
    except UsageError as error:
        return str(error)
    return None


def without_calendar(datasets: Iterable[Dataset]) -> dict[str, str]:
    """The datasets whose expected bars are not known here, by name, with the cause."""
    found = ((one.name, trouble_with(one.hours)) for one in datasets)
    return {name: trouble for name, trouble in found if trouble is not None}
