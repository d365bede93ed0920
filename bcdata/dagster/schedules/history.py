"""History, worked off in bounded ranges, one run of a dataset at a time."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import dagster as dg

from bcdata import clock
from bcdata.catalog import Automation, Catalog, Dataset
from bcdata.dagster.partitions import symbol_set
from bcdata.dagster.resources import StoreResource
from bcdata.dagster.schedules.daily import universe
from bcdata.dagster.schedules.served import Served, served
from bcdata.pipeline.zones import final_step
from bcdata.runs.backfill import next_rectangle
from bcdata.runs.plan import RangeRun, stretches
from bcdata.settings import Settings

MOST_PARTITIONS = 600
"""A history run of so many symbol-months takes some minutes: long enough to be worth a process, short to lose."""
TRY_AGAIN = timedelta(days=1)
TICK_SECONDS = 15.0
"""After so long the datasets that are left wait for the next tick; Dagster ends one at 60 s."""
_ACTIVE = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
_TAG = "bcdata/history"


def history(catalog: Catalog) -> list[dg.ScheduleDefinition]:
    """The schedules."""
    return [_history(one) for one in served(catalog, Automation.HISTORY)]


def _history(some: Served) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=some.name,
        job_name=some.job,
        cron_schedule=Settings().history_every,
        execution_timezone="UTC",
        description=(
            f"Works off what was never materialized of {some.words}, {MOST_PARTITIONS} partitions a run,"
            " one run of a dataset at a time."
        ),
    )
    def schedule(
        context: dg.ScheduleEvaluationContext, store: StoreResource
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        known = context.instance.get_dynamic_partitions(symbol_set(some.market, some.grain))
        until = time.monotonic() + TICK_SECONDS
        requests: list[dg.RunRequest] = []
        said: list[str] = []
        for dataset in _in_turn(some.datasets, context.scheduled_execution_time):
            if said and time.monotonic() > until:
                break
            if run := _working(context.instance, dataset):
                said.append(f"{dataset.name}: run {run} is still at work")
            elif found := _next(dataset, store, stretches(universe(dataset, known), known), clock.now()):
                requests.append(some.request(context, [dataset], found, _TAG))
                said.append(f"{dataset.name}: one more run")
            else:
                said.append(f"{dataset.name}: nothing is left to do")
        yield from requests
        if not requests:
            yield dg.SkipReason(" | ".join(said))

    return schedule


def _in_turn(datasets: Sequence[Dataset], at: datetime) -> list[Dataset]:
    """Another order at each tick: schedules have no cursor, and a tick may have no time for all."""
    return sorted(datasets, key=lambda one: hashlib.sha256(f"{at.isoformat()} {one.name}".encode()).digest())


def _working(instance: dg.DagsterInstance, dataset: Dataset) -> str | None:
    """A history run of the dataset that is queued or running, whatever the name of its job."""
    runs = instance.get_runs(dg.RunsFilter(tags={_TAG: dataset.name}, statuses=_ACTIVE), limit=1)
    return runs[0].run_id if runs else None


def _next(dataset: Dataset, store: StoreResource, groups: Sequence[Sequence[str]], now: datetime) -> RangeRun | None:
    """The next rectangle of closed partitions that are not published and were not tried lately."""
    from bcdata.reporting.status import published, tried_since

    present = dataset.grain.key(now)
    dates = dataset.grain.keys(dataset.start, present)[:-1] if dataset.start <= present else []
    done = published(store.path(), final_step(dataset)) | tried_since(store.path(), dataset.name, now - TRY_AGAIN)
    rectangles = (next_rectangle(group, dates, done, most=MOST_PARTITIONS) for group in groups)
    return next((run for run in rectangles if run is not None), None)
