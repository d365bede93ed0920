"""What looks after the lake by the clock: the scrub, halts and providers."""

from collections.abc import Iterator

import dagster as dg

from bcdata.catalog import Automation, Catalog
from bcdata.dagster.upkeep.halts import JOB as HALTS
from bcdata.dagster.upkeep.halts import OP as HALTS_OP
from bcdata.dagster.upkeep.providers import JOB as PROVIDERS
from bcdata.dagster.upkeep.scrub import JOB as SCRUB
from bcdata.dagster.upkeep.scrub import OP as SCRUB_OP
from bcdata.settings import Settings


def upkeep_schedules(catalog: Catalog) -> Iterator[dg.ScheduleDefinition]:
    """One for each job, over the datasets that take part."""
    settings = Settings()
    if datasets := catalog.served_by(Automation.VERIFY):
        yield dg.ScheduleDefinition(
            name=SCRUB,
            job_name=SCRUB,
            cron_schedule=settings.verify_at,
            execution_timezone="UTC",
            run_config=_config(SCRUB_OP, [one.name for one in datasets]),
            description="Checks the whole lake against its digests, and raw against the archive's listing.",
        )
    if datasets := catalog.served_by(Automation.FIND_HALTS):
        yield dg.ScheduleDefinition(
            name=HALTS,
            job_name=HALTS,
            cron_schedule=settings.halts_at,
            execution_timezone="UTC",
            default_status=dg.DefaultScheduleStatus.RUNNING,
            run_config=_config(HALTS_OP, [one.name for one in datasets]),
            description="Looks for halts where merged bars have changed.",
        )
    yield dg.ScheduleDefinition(
        name=PROVIDERS,
        job_name=PROVIDERS,
        cron_schedule=settings.providers_at,
        execution_timezone="UTC",
        description="Notes every hour how providers stand, for the UI to plot.",
    )


def _config(op: str, datasets: list[str]) -> dict[str, object]:
    return {"ops": {op: {"config": {"datasets": datasets}}}}
