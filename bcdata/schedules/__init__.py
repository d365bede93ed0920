"""What happens by the clock. One module a schedule.

All are off until somebody turns them on: they fetch, or read, a whole universe.
"""

import dagster as dg

from bcdata.catalog import Catalog
from bcdata.schedules.daily import LATE, daily, refresh_dates, universe
from bcdata.schedules.history import MOST_PARTITIONS, history

__all__ = ["LATE", "MOST_PARTITIONS", "build_schedules", "refresh_dates", "universe"]


def build_schedules(catalog: Catalog) -> list[dg.ScheduleDefinition]:
    """All schedules that the catalog calls for."""
    return [schedule for dataset in catalog for schedule in (daily(dataset), history(dataset))]
