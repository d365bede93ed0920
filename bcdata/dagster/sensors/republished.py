"""What the archive publishes again, or late, is fetched again, and what depends on it is rebuilt."""

from collections.abc import Mapping, Sequence

import dagster as dg

from bcdata import clock
from bcdata.catalog import Automation, Catalog, Dataset
from bcdata.dagster.resources import STORE, store_of, urls_of
from bcdata.dagster.sensors.requester import HealRequester, SymbolCursor
from bcdata.dagster.sensors.turns import Turn, take_turns
from bcdata.pipeline.zones import steps
from bcdata.settings import Settings

NAME = Automation.REPUBLISHED.value
SYMBOLS_A_TICK = 40
"""Some 250 pages of listings, were they all years old: an hour and more for a universe."""
SECONDS = 12.0
"""A symbol whose listing takes longer is left to the next round: with a turn that begins late, a tick has 27 s."""


def republished_sensor(
    catalog: Catalog, datasets: Sequence[Dataset], jobs: Sequence[dg.JobDefinition]
) -> dg.SensorDefinition:
    """The sensor over these datasets."""

    @dg.sensor(
        name=NAME,
        jobs=jobs,
        required_resource_keys={STORE, *(dataset.bulk for dataset in datasets if dataset.bulk)},
        minimum_interval_seconds=Settings().heal_every,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=(
            f"Compares the archive's listing with what raw has, {SYMBOLS_A_TICK} symbols of a dataset a tick,"
            " and has changed objects fetched and what depends on them rebuilt."
        ),
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        store, urls = store_of(context.resources), urls_of(context.resources)

        def look(name: str, cursor: str, _seconds: float) -> Turn:
            return _republished(HealRequester(context, catalog, catalog[name], store, NAME), urls, cursor)

        return take_turns(context, [one.name for one in datasets], look)

    return sensor


def _republished(asker: HealRequester, urls: Mapping[str, Mapping[str, str]], cursor: str) -> Turn:
    from bcdata.errors import BcdataError
    from bcdata.healing import refill
    from bcdata.healing.backoff import is_due
    from bcdata.healing.republished import look
    from bcdata.store.state.requests import Requests
    from bcdata.store.store import Store

    dataset = asker.dataset
    if run := asker.working():
        return Turn(f"run {run} is still at work", cursor)
    lake, now = Store(asker.store.path()), clock.now()
    requests, part = Requests(lake.root), SymbolCursor(asker.symbols(), cursor, most=SYMBOLS_A_TICK)
    symbols = list(part)
    found = look(lake, dataset, symbols, now, urls=urls, seconds=SECONDS)
    if found.errors and not found.answered:
        raise BcdataError(found.errors[0])
    for error in found.errors:
        asker.context.log.warning(error)
    noted = requests.of(NAME, dataset.name)
    due = {cell: cause for cell, cause in found.cells.items() if is_due(noted.get(cell), cause, now)}
    # Whoever gave up on a hole may hope again.
    requests.forget(refill.KIND, dataset.name, due)
    runs = asker.ask(due, lambda cells: [(steps(dataset), cells)])
    said = f"{len(found.cells)} partitions of {len(symbols)} symbols have other objects in the archive; none is due"
    return Turn(said, part.cursor, runs)
