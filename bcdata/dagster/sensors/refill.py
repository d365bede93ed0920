"""What is missing is asked for again, later and later: what is open or overdue, and labels that are contradicted."""

from collections.abc import Sequence

import dagster as dg

from bcdata import clock
from bcdata.catalog import Automation, Catalog, Dataset
from bcdata.dagster.resources import StoreResource
from bcdata.dagster.sensors.requester import HealRequester, SymbolCursor
from bcdata.dagster.sensors.turns import Turn, take_turns
from bcdata.pipeline.zones import steps
from bcdata.settings import Settings

NAME = Automation.REFILL.value


def refill_sensor(
    catalog: Catalog, datasets: Sequence[Dataset], jobs: Sequence[dg.JobDefinition]
) -> dg.SensorDefinition:
    """The sensor over these datasets."""

    @dg.sensor(
        name=NAME,
        jobs=jobs,
        minimum_interval_seconds=Settings().heal_every,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks again for what datasets lack and may yet come, with longer and longer pauses.",
    )
    def sensor(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult:
        def look(name: str, cursor: str, seconds: float) -> Turn:
            return _refill(HealRequester(context, catalog, catalog[name], store, NAME), cursor, seconds)

        return take_turns(context, [one.name for one in datasets], look)

    return sensor


def _refill(asker: HealRequester, cursor: str, seconds: float) -> Turn:
    from bcdata.healing.refill import Tables, refills
    from bcdata.pipeline.records.footer_cache import open_footer_cache
    from bcdata.store.store import Store

    dataset = asker.dataset
    if run := asker.working():
        return Turn(f"run {run} is still at work", cursor)
    lake, now = Store(asker.store.path()), clock.now()
    tables = Tables.read(lake.root, dataset)
    symbols = SymbolCursor(asker.symbols(), cursor, seconds)
    with open_footer_cache(lake) as footers:
        found = {cell: one for symbol in symbols for cell, one in refills(footers, tables, symbol, now).items()}
    due = {cell: one.cause for cell, one in found.items() if one.due is not None and one.due <= now}
    runs = asker.ask(due, lambda cells: [(steps(dataset), cells)])
    gave_up = sum(one.gave_up for one in found.values())
    lack = f"{len(found)} partitions of {symbols.seen} symbols lack {dataset.frame_type.rows}"
    return Turn(f"{lack}; {len(due)} are due, {gave_up} given up", symbols.cursor, runs)
