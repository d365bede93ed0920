"""Whether the calendars of the catalog's markets can be built."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from bcdata.catalog import Catalog
from bcdata.errors import UsageError
from bcdata.interval import Interval
from bcdata.reporting.doctor.check import Check, ok, problem
from bcdata.venues.calendar import calendar
from bcdata.windows import Window

_LATELY = timedelta(days=30)


def calendars(catalog: Catalog, now: datetime) -> Iterator[Check]:
    """A check for each market that opens and closes: without its calendar its datasets stand still."""
    for market, hours in {one.market: one.hours for one in catalog if one.hours.are_sessions}.items():
        try:
            calendar(hours).opens(Interval.parse("1d"), Window(now - _LATELY, now))
        except UsageError as error:
            fix = f"nothing is made of {market} until its calendar is there; other markets are not concerned"
            yield problem("calendar", f"{market}: {error}", fix)
        else:
            yield ok("calendar", f"{market}: {hours.calendar} is known")
