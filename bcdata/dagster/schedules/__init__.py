"""What happens by the clock. One module a kind; one schedule of a kind for each job that it launches.

A schedule has one job, and a job one partitions definition: so those over partitions are one for each market and grain.
All that fetch, or read a whole lake, are off until somebody turns them on.
"""

import dagster as dg

from bcdata.catalog import Catalog
from bcdata.dagster.schedules.daily import LATE, daily, monthly, refresh_dates, universe
from bcdata.dagster.schedules.history import MOST_PARTITIONS, history
from bcdata.dagster.schedules.upkeep import upkeep_schedules

__all__ = ["LATE", "MOST_PARTITIONS", "build_schedules", "refresh_dates", "universe"]


def build_schedules(catalog: Catalog) -> list[dg.ScheduleDefinition]:
    """All schedules that the catalog calls for: none over no dataset."""
    return [*daily(catalog), *history(catalog), *monthly(catalog), *upkeep_schedules(catalog)]
