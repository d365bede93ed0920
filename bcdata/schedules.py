"""What happens by the clock: the daily refresh of open partitions, and history worked off in bounded ranges.

Both are off until somebody turns them on: they fetch a whole universe.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import dagster as dg

from bcdata import clock
from bcdata.catalog import Catalog, Dataset
from bcdata.jobs import job_name
from bcdata.operations.history import next_rectangle
from bcdata.operations.plan import RangeRun, stretches
from bcdata.operations.zones import Step, Zone
from bcdata.partitions import symbol_set
from bcdata.resources import StoreResource
from bcdata.settings import Settings

MOST_PARTITIONS = 600
"""A history run of so many symbol-months takes some minutes: long enough to be worth a process, short to lose."""
LATE = timedelta(days=3)
"""Objects of a closed day may come so much later; its partition is refreshed for as long."""
TRY_AGAIN = timedelta(days=1)
_ACTIVE = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


def build_schedules(catalog: Catalog) -> list[dg.ScheduleDefinition]:
    """Two schedules a dataset."""
    return [schedule for dataset in catalog for schedule in (_daily(dataset), _history(dataset))]


def universe(dataset: Dataset, known: Sequence[str]) -> list[str]:
    """The dataset's symbols among the partitions that are there, in Dagster's order."""
    chosen = set(dataset.select(known))
    return [symbol for symbol in known if symbol in chosen]


def refresh_dates(dataset: Dataset, now: datetime) -> list[str]:
    """The date keys whose partitions may still gain bars: the open one, and those whose objects may be late."""
    first = max(dataset.grain.key(now - LATE - timedelta(days=1)), dataset.start)
    return dataset.grain.keys(first, dataset.grain.key(now)) if first <= dataset.grain.key(now) else []


def _daily(dataset: Dataset) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"daily_{dataset.name}",
        job_name=job_name(dataset.name),
        cron_schedule=Settings().daily_at,
        execution_timezone="UTC",
        description=f"Refreshes the open partitions and the newly published days of all symbols of {dataset.name}.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        known = context.instance.get_dynamic_partitions(symbol_set(dataset.market, dataset.grain))
        symbols, dates = universe(dataset, known), refresh_dates(dataset, clock.now())
        if not symbols or not dates:
            yield dg.SkipReason("no symbols yet: turn on the discovery sensor, or name symbols on the command line")
            return
        for group in stretches(symbols, known):
            run = RangeRun(group, tuple(dates))
            # Several requests of a tick need keys, and keys de-duplicate for ever: the tick's time makes them new.
            key = f"{context.scheduled_execution_time.isoformat()} {' '.join(run.tags.values())}"
            yield dg.RunRequest(run_key=key, tags={**run.tags, "bcdata/refresh": dataset.name})

    return schedule


def _history(dataset: Dataset) -> dg.ScheduleDefinition:
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
    from bcdata.operations.status import published, tried_since  # noqa: PLC0415

    present = dataset.grain.key(now)
    dates = dataset.grain.keys(dataset.start, present)[:-1] if dataset.start <= present else []
    step = Step(Zone.MERGED, dataset.name)
    done = published(store.path(), step) | tried_since(store.path(), dataset.name, now - TRY_AGAIN)
    rectangles = (next_rectangle(group, dates, done, most=MOST_PARTITIONS) for group in groups)
    return next((run for run in rectangles if run is not None), None)
