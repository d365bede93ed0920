"""What happens when the world changes. One module a sensor, one sensor a kind, over all datasets that take part.

Each tick is bounded, and idempotent over restarts. What is due is worked out in `bcdata.healing`, without Dagster; a
sensor turns it into requests.
"""

from collections.abc import Iterator, Sequence

import dagster as dg

from bcdata.catalog import Automation, Catalog, Dataset
from bcdata.dagster.jobs import heal_job_name
from bcdata.dagster.sensors.discovery import discovery_sensor
from bcdata.dagster.sensors.freshness import freshness_sensor
from bcdata.dagster.sensors.quality import quality_sensor
from bcdata.dagster.sensors.refill import refill_sensor
from bcdata.dagster.sensors.repair import repair_sensor
from bcdata.dagster.sensors.republished import republished_sensor
from bcdata.dagster.sensors.run_failure import run_failure_sensor
from bcdata.dagster.sensors.stale import stale_sensor
from bcdata.dagster.sensors.universe import universe_sensor

_HEALING = {
    Automation.REPAIR: repair_sensor,
    Automation.REFILL: refill_sensor,
    Automation.REPUBLISHED: republished_sensor,
    Automation.STALE: stale_sensor,
}


def build_sensors(catalog: Catalog, heal_jobs: Sequence[dg.JobDefinition]) -> list[dg.SensorDefinition]:
    """All sensors that the catalog calls for: none over no dataset."""
    return [*_sensors(catalog, heal_jobs), run_failure_sensor()]


def _sensors(catalog: Catalog, heal_jobs: Sequence[dg.JobDefinition]) -> Iterator[dg.SensorDefinition]:
    if named := catalog.served_by(Automation.DISCOVER_SYMBOLS):
        yield discovery_sensor(named)
    if listed := catalog.served_by(Automation.UNIVERSE):
        yield universe_sensor(catalog, listed)
    if bars := catalog.served_by(Automation.FRESHNESS):
        yield freshness_sensor(catalog, bars)
    for kind, build in _HEALING.items():
        if datasets := catalog.served_by(kind):
            yield build(catalog, datasets, _jobs_of(datasets, heal_jobs))
    if told := catalog.served_by(Automation.ALERT_QUALITY):
        yield quality_sensor(catalog, told)


def _jobs_of(datasets: Sequence[Dataset], jobs: Sequence[dg.JobDefinition]) -> list[dg.JobDefinition]:
    """The jobs that heal partitions of these datasets."""
    names = {heal_job_name(dataset.market, dataset.grain) for dataset in datasets}
    return [job for job in jobs if job.name in names]
