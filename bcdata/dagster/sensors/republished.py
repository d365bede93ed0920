"""What the archive publishes again, or late, is fetched again, and what depends on it is rebuilt."""

import dagster as dg

from bcdata import clock
from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.jobs import heal_job_name
from bcdata.dagster.resources import STORE, store_of, urls_of
from bcdata.dagster.sensors.requester import HealRequester, SymbolCursor
from bcdata.pipeline.zones import steps
from bcdata.settings import Settings

SYMBOLS_A_TICK = 40
"""Some 250 pages of listings, were they all years old: an hour and more for a universe."""
SECONDS = 20.0


def republished_sensors(catalog: Catalog) -> list[dg.SensorDefinition]:
    """One sensor for each dataset that has the archive for a source."""
    return [_republished(catalog, dataset) for dataset in catalog if dataset.bulk]


def _republished(catalog: Catalog, dataset: Dataset) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"republished_{dataset.name}",
        job_name=heal_job_name(dataset.name),
        required_resource_keys={STORE, dataset.bulk or ""},
        minimum_interval_seconds=Settings().heal_every,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=(
            f"Compares the archive's listing with what raw has of {dataset.name}, {SYMBOLS_A_TICK} symbols a tick,"
            " and has changed objects fetched and what depends on them rebuilt."
        ),
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        from bcdata.errors import BcdataError
        from bcdata.healing import refill
        from bcdata.healing.backoff import is_due
        from bcdata.healing.republished import KIND, look
        from bcdata.store.state.requests import Requests
        from bcdata.store.store import Store

        store = store_of(context.resources)
        asker = HealRequester(context, catalog, dataset, store, KIND)
        if run := asker.working():
            return dg.SensorResult(skip_reason=f"run {run} is still at work", cursor=context.cursor)
        lake, now, requests = Store(store.path()), clock.now(), Requests(store.path())
        part = SymbolCursor(asker.symbols(), context.cursor or "", most=SYMBOLS_A_TICK)
        symbols = list(part)
        found = look(lake, dataset, symbols, now, urls=urls_of(context.resources), seconds=SECONDS)
        if found.errors and not found.answered:
            raise BcdataError(found.errors[0])
        for error in found.errors:
            context.log.warning(error)
        noted = requests.of(KIND, dataset.name)
        due = {cell: cause for cell, cause in found.cells.items() if is_due(noted.get(cell), cause, now)}
        # Whoever gave up on a hole may hope again.
        requests.forget(refill.KIND, dataset.name, due)
        runs = asker.ask(due, lambda cells: [(steps(dataset), cells)])
        said = f"{len(found.cells)} partitions of {len(symbols)} symbols have other objects in the archive; none is due"
        return dg.SensorResult(run_requests=runs, skip_reason=None if runs else said, cursor=part.cursor)

    return sensor
