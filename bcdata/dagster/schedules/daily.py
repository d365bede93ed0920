"""The daily refresh: the open partitions, and those whose objects may still come."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import dagster as dg

from bcdata import clock
from bcdata.catalog import Dataset
from bcdata.dagster.jobs import job_name
from bcdata.dagster.partitions import symbol_set
from bcdata.runs.plan import RangeRun, stretches
from bcdata.settings import Settings

LATE = timedelta(days=3)
"""Objects of a closed day may come so much later; its partition is refreshed for as long."""


def universe(dataset: Dataset, known: Sequence[str]) -> list[str]:
    """The dataset's symbols among the partitions that are there, in Dagster's order."""
    chosen = set(dataset.select(known))
    return [symbol for symbol in known if symbol in chosen]


def refresh_dates(dataset: Dataset, now: datetime) -> list[str]:
    """The date keys whose partitions may still gain bars: the open one, and those whose objects may be late."""
    first = max(dataset.grain.key(now - LATE - timedelta(days=1)), dataset.start)
    return dataset.grain.keys(first, dataset.grain.key(now)) if first <= dataset.grain.key(now) else []


def daily(dataset: Dataset) -> dg.ScheduleDefinition:
    """The schedule of one dataset."""

    @dg.schedule(
        name=f"daily_{dataset.name}",
        job_name=job_name(dataset.name),
        cron_schedule=Settings().daily_at,
        execution_timezone="UTC",
        description=f"Refreshes the open partitions and the newly published days of all symbols of {dataset.name}.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        yield from refresh_requests(context, dataset, refresh_dates(dataset, clock.now()))

    return schedule


def refresh_requests(
    context: dg.ScheduleEvaluationContext, dataset: Dataset, dates: Sequence[str]
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Runs over all of the dataset's symbols and these neighbouring dates: one for each stretch of symbols."""
    known = context.instance.get_dynamic_partitions(symbol_set(dataset.market, dataset.grain))
    symbols = universe(dataset, known)
    if not symbols or not dates:
        yield dg.SkipReason("no symbols yet: turn on the discovery sensor, or name symbols on the command line")
        return
    for group in stretches(symbols, known):
        run = RangeRun(group, tuple(dates))
        # Several requests of a tick need keys, and keys de-duplicate for ever: the tick's time makes them new.
        key = f"{context.scheduled_execution_time.isoformat()} {' '.join(run.tags.values())}"
        yield dg.RunRequest(run_key=key, tags={**run.tags, "bcdata/refresh": dataset.name})
