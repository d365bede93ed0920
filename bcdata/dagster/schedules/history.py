"""History, worked off in bounded ranges, one run at a time."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import dagster as dg

from bcdata import clock
from bcdata.catalog import Dataset
from bcdata.dagster.jobs import job_name
from bcdata.dagster.partitions import symbol_set
from bcdata.dagster.resources import StoreResource
from bcdata.dagster.schedules.daily import universe
from bcdata.pipeline.zones import last_in_common
from bcdata.runs.backfill import next_rectangle
from bcdata.runs.plan import RangeRun, stretches
from bcdata.settings import Settings

MOST_PARTITIONS = 600
"""A history run of so many symbol-months takes some minutes: long enough to be worth a process, short to lose."""
TRY_AGAIN = timedelta(days=1)
_ACTIVE = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


def history(dataset: Dataset) -> dg.ScheduleDefinition:
    """The schedule of one dataset."""
    tag = {"bcdata/history": dataset.name}

    @dg.schedule(
        name=f"history_{dataset.name}",
        job_name=job_name(dataset.name),
        cron_schedule=Settings().history_every,
        execution_timezone="UTC",
        description=f"Works off what of {dataset.name} was never materialized, {MOST_PARTITIONS} partitions a run.",
    )
    def schedule(
        context: dg.ScheduleEvaluationContext, store: StoreResource
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        running = context.instance.get_runs(
            dg.RunsFilter(job_name=job_name(dataset.name), tags=tag, statuses=_ACTIVE), limit=1
        )
        if running:
            yield dg.SkipReason(f"run {running[0].run_id} is still at work")
            return
        known = context.instance.get_dynamic_partitions(symbol_set(dataset.market, dataset.grain))
        now = clock.now()
        run = _next(dataset, store, stretches(universe(dataset, known), known), now)
        if run is None:
            yield dg.SkipReason("nothing is left to do")
            return
        yield dg.RunRequest(run_key=None, tags={**run.tags, **tag})

    return schedule


def _next(dataset: Dataset, store: StoreResource, groups: Sequence[Sequence[str]], now: datetime) -> RangeRun | None:
    """The next rectangle of closed partitions that are not published and were not tried lately."""
    from bcdata.reporting.status import published, tried_since

    present = dataset.grain.key(now)
    dates = dataset.grain.keys(dataset.start, present)[:-1] if dataset.start <= present else []
    done = published(store.path(), last_in_common(dataset)) | tried_since(store.path(), dataset.name, now - TRY_AGAIN)
    rectangles = (next_rectangle(group, dates, done, most=MOST_PARTITIONS) for group in groups)
    return next((run for run in rectangles if run is not None), None)
