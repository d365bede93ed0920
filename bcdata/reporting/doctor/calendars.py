"""Whether the calendars of the catalog's markets can be built."""

from collections.abc import Iterator

from bcdata.catalog import Catalog
from bcdata.reporting.calendars import trouble_with
from bcdata.reporting.doctor.check import Check, ok, problem


def calendars(catalog: Catalog) -> Iterator[Check]:
    """A check for each market that opens and closes: without its calendar its datasets stand still."""
    for market, hours in {one.market: one.hours for one in catalog if one.hours.are_sessions}.items():
        trouble = trouble_with(hours)
        if trouble is None:
            yield ok("calendar", f"{market}: {hours.calendar} is known")
        else:
            fix = f"nothing is made of {market} until its calendar is there; other markets are not concerned"
            yield problem("calendar", f"{market}: {trouble}", fix)
