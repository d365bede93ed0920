"""What a scrub found damaged or lost is fetched or made again, and what depends on it is looked at again."""

import dagster as dg

from bcdata import clock
from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.jobs import heal_job_name
from bcdata.dagster.resources import StoreResource
from bcdata.dagster.sensors.requester import HealRequester
from bcdata.pipeline.zones import steps
from bcdata.settings import Settings

KIND = "mend"


def repair_sensors(catalog: Catalog) -> list[dg.SensorDefinition]:
    """One sensor for each dataset."""
    return [_mend(catalog, dataset) for dataset in catalog]


def _mend(catalog: Catalog, dataset: Dataset) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"mend_{dataset.name}",
        job_name=heal_job_name(dataset.name),
        minimum_interval_seconds=Settings().heal_every,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Has files of {dataset.name} fetched or made again that a scrub found damaged or lost.",
    )
    def sensor(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult:
        from bcdata.healing.backoff import is_due
        from bcdata.healing.scrub_raw import corrupted
        from bcdata.store.state.requests import Requests
        from bcdata.store.store import Store

        asker = HealRequester(context, catalog, dataset, store, KIND)
        if run := asker.working():
            return dg.SensorResult(skip_reason=f"run {run} is still at work")
        now, noted = clock.now(), Requests(store.path()).of(KIND, dataset.name)
        known = set(asker.symbols())
        found = {
            cell: at.isoformat() for cell, at in corrupted(Store(store.path()), dataset).items() if cell[0] in known
        }
        due = {cell: cause for cell, cause in found.items() if is_due(noted.get(cell), cause, now)}
        runs = asker.ask(due, lambda cells: [(steps(dataset), cells)])
        said = f"{len(found)} partitions are corrupted; none is due" if found else "no partition is corrupted"
        return dg.SensorResult(run_requests=runs, skip_reason=None if runs else said)

    return sensor
