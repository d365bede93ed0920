"""Refreshes: daily of the open partitions and those whose objects may still come, monthly of the last month."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import dagster as dg

from bcdata import clock
from bcdata.catalog import Automation, Catalog, Dataset
from bcdata.dagster.partitions import symbol_set
from bcdata.dagster.schedules.served import Served, served
from bcdata.runs.plan import RangeRun, stretches
from bcdata.settings import Settings

LATE = timedelta(days=3)
"""Objects of a closed day may come so much later; its partition is refreshed for as long."""
Dates = Callable[[Dataset, datetime], Sequence[str]]
_TAG = "bcdata/refresh"


def universe(dataset: Dataset, known: Sequence[str]) -> list[str]:
    """The dataset's symbols among the partitions that are there, in Dagster's order."""
    chosen = set(dataset.select(known))
    return [symbol for symbol in known if symbol in chosen]


def refresh_dates(dataset: Dataset, now: datetime) -> list[str]:
    """The date keys whose partitions may still gain bars: the open one, and those whose objects may be late."""
    first = max(dataset.grain.key(now - LATE - timedelta(days=1)), dataset.start)
    return dataset.grain.keys(first, dataset.grain.key(now)) if first <= dataset.grain.key(now) else []


def last_month(dataset: Dataset, now: datetime) -> list[str]:
    """The date key of the month that has ended last, if the dataset has it."""
    last = dataset.grain.key(now.replace(day=1) - timedelta(days=1))
    return [last] if last >= dataset.start else []


def daily(catalog: Catalog) -> list[dg.ScheduleDefinition]:
    """The daily schedules."""
    words = "Refreshes the open partitions and the newly published days of all symbols of"
    return [
        _refresh(one, refresh_dates, Settings().daily_at, f"{words} {one.words}.")
        for one in served(catalog, Automation.DAILY)
    ]


def monthly(catalog: Catalog) -> list[dg.ScheduleDefinition]:
    """The monthly schedules."""
    return [
        _refresh(
            one,
            last_month,
            Settings().monthly_at,
            f"Runs the last month of {one.words}, which read months first, through all zones.",
        )
        for one in served(catalog, Automation.MONTHLY)
    ]


def _refresh(some: Served, dates: Dates, cron: str, description: str) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=some.name, job_name=some.job, cron_schedule=cron, execution_timezone="UTC", description=description
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        known, now = context.instance.get_dynamic_partitions(symbol_set(some.market, some.grain)), clock.now()
        # Datasets with the same symbols and dates go together: what one of them joins is made once.
        runs: dict[RangeRun, list[Dataset]] = {}
        for dataset in some.datasets:
            if keys := dates(dataset, now):
                for group in stretches(universe(dataset, known), known):
                    runs.setdefault(RangeRun(group, tuple(keys)), []).append(dataset)
        yield from (some.request(context, datasets, run, _TAG) for run, datasets in runs.items())
        if not runs:
            yield dg.SkipReason("no symbols yet: turn on the sensor discover_symbols, or name some to a command")

    return schedule
