"""What a scrub found damaged or lost is fetched or made again, and what depends on it is looked at again."""

from collections.abc import Sequence

import dagster as dg

from bcdata import clock
from bcdata.catalog import Automation, Catalog, Dataset
from bcdata.dagster.resources import StoreResource
from bcdata.dagster.sensors.requester import HealRequester
from bcdata.dagster.sensors.turns import Turn, take_turns
from bcdata.pipeline.zones import steps
from bcdata.settings import Settings

KIND = "mend"
"""As it stands in tags and in the table of requests, since before the sensor had its name."""


def repair_sensor(
    catalog: Catalog, datasets: Sequence[Dataset], jobs: Sequence[dg.JobDefinition]
) -> dg.SensorDefinition:
    """The sensor over these datasets."""

    @dg.sensor(
        name=Automation.REPAIR.value,
        jobs=jobs,
        minimum_interval_seconds=Settings().heal_every,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Has files fetched or made again that a scrub found damaged or lost.",
    )
    def sensor(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult:
        def look(name: str, _cursor: str, _seconds: float) -> Turn:
            return _repair(HealRequester(context, catalog, catalog[name], store, KIND))

        return take_turns(context, [one.name for one in datasets], look)

    return sensor


def _repair(asker: HealRequester) -> Turn:
    from bcdata.healing.backoff import is_due
    from bcdata.healing.scrub_raw import corrupted
    from bcdata.store.state.requests import Requests
    from bcdata.store.store import Store

    dataset = asker.dataset
    if run := asker.working():
        return Turn(f"run {run} is still at work")
    lake, now = Store(asker.store.path()), clock.now()
    noted, known = Requests(lake.root).of(KIND, dataset.name), set(asker.symbols())
    found = {cell: at.isoformat() for cell, at in corrupted(lake, dataset).items() if cell[0] in known}
    due = {cell: cause for cell, cause in found.items() if is_due(noted.get(cell), cause, now)}
    runs = asker.ask(due, lambda cells: [(steps(dataset), cells)])
    said = f"{len(found)} partitions are corrupted; none is due" if found else "no partition is corrupted"
    return Turn(said, runs=runs)
