"""What happens by the clock. One module a schedule.

All that fetch, or read, a whole universe are off until somebody turns them on.
"""

import dagster as dg

from bcdata.catalog import Catalog
from bcdata.dagster.schedules.daily import LATE, daily, refresh_dates, universe
from bcdata.dagster.schedules.history import MOST_PARTITIONS, history
from bcdata.dagster.schedules.upkeep import upkeep_schedules

__all__ = ["LATE", "MOST_PARTITIONS", "build_schedules", "refresh_dates", "universe"]


def build_schedules(catalog: Catalog) -> list[dg.ScheduleDefinition]:
    """All schedules that the catalog calls for."""
    of_datasets = [schedule for dataset in catalog for schedule in (daily(dataset), history(dataset))]
    return [*of_datasets, *upkeep_schedules(catalog)]
