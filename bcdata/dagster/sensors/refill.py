"""What is missing is asked for again, later and later: what is open or overdue, and labels that are contradicted."""

import dagster as dg

from bcdata import clock
from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.jobs import heal_job_name
from bcdata.dagster.resources import StoreResource
from bcdata.dagster.sensors.requester import HealRequester, SymbolCursor
from bcdata.pipeline.zones import steps
from bcdata.settings import Settings


def refill_sensors(catalog: Catalog) -> list[dg.SensorDefinition]:
    """One sensor for each dataset that has rows."""
    return [_refill(catalog, dataset) for dataset in catalog if not dataset.ends_at_raw]


def _refill(catalog: Catalog, dataset: Dataset) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"refill_{dataset.name}",
        job_name=heal_job_name(dataset.name),
        minimum_interval_seconds=Settings().heal_every,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Asks again for what {dataset.name} lacks and may yet come, with longer and longer pauses.",
    )
    def sensor(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult:
        from bcdata.healing.refill import KIND, Tables, refills
        from bcdata.pipeline.records.footer_cache import open_footer_cache
        from bcdata.store.store import Store

        asker = HealRequester(context, catalog, dataset, store, KIND)
        if run := asker.working():
            return dg.SensorResult(skip_reason=f"run {run} is still at work", cursor=context.cursor)
        lake, now = Store(store.path()), clock.now()
        tables = Tables.read(lake.root, dataset)
        symbols = SymbolCursor(asker.symbols(), context.cursor or "")
        with open_footer_cache(lake) as footers:
            found = {cell: one for symbol in symbols for cell, one in refills(footers, tables, symbol, now).items()}
        due = {cell: one.cause for cell, one in found.items() if one.due is not None and one.due <= now}
        runs = asker.ask(due, lambda cells: [(steps(dataset), cells)])
        gave_up = sum(one.gave_up for one in found.values())
        lack = f"{len(found)} partitions of {symbols.seen} symbols lack {dataset.frame_type.rows}"
        said = f"{lack}; {len(due)} are due, {gave_up} given up"
        return dg.SensorResult(run_requests=runs, skip_reason=None if runs else said, cursor=symbols.cursor)

    return sensor
