"""What looks after the lake by the clock: the sweep, halts, providers, and months of datasets that read them first."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from bcdata import clock
from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.jobs import job_name
from bcdata.dagster.schedules.daily import refresh_requests
from bcdata.dagster.upkeep.halts import JOB as HALTS
from bcdata.dagster.upkeep.providers import JOB as PROVIDERS
from bcdata.dagster.upkeep.scrub import JOB as SWEEP
from bcdata.settings import Settings


def upkeep_schedules(catalog: Catalog) -> list[dg.ScheduleDefinition]:
    """One for each job, and one for each dataset that reads months first."""
    settings = Settings()
    return [
        dg.ScheduleDefinition(
            name=SWEEP,
            job_name=SWEEP,
            cron_schedule=settings.verify_at,
            execution_timezone="UTC",
            description="Checks all of raw against its digests and the archive's listing.",
        ),
        dg.ScheduleDefinition(
            name=HALTS,
            job_name=HALTS,
            cron_schedule=settings.halts_at,
            execution_timezone="UTC",
            default_status=dg.DefaultScheduleStatus.RUNNING,
            description="Looks for halts where merged bars have changed.",
        ),
        dg.ScheduleDefinition(
            name=PROVIDERS,
            job_name=PROVIDERS,
            cron_schedule=settings.providers_at,
            execution_timezone="UTC",
            description="Notes every hour how providers stand, for the UI to plot.",
        ),
        *(_monthly(dataset) for dataset in catalog if dataset.monthly_replaces_daily),
    ]


def _monthly(dataset: Dataset) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"monthly_{dataset.name}",
        job_name=job_name(dataset.name),
        cron_schedule=Settings().monthly_at,
        execution_timezone="UTC",
        description=f"Runs the last month of {dataset.name}, which reads months first, through all zones.",
    )
    def schedule(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        last = dataset.grain.key(clock.now().replace(day=1) - timedelta(days=1))
        yield from refresh_requests(context, dataset, [last] if last >= dataset.start else [])

    return schedule
