"""What reads bars, or a feature set, that have changed since is rebuilt: just that, and nothing above it."""

from collections.abc import Sequence

import dagster as dg

from bcdata import clock
from bcdata.catalog import Automation, Catalog, Dataset
from bcdata.dagster.resources import StoreResource
from bcdata.dagster.sensors.requester import HealRequester, Parts, SymbolCursor
from bcdata.dagster.sensors.turns import Turn, take_turns
from bcdata.pipeline.zones import Step, Zone
from bcdata.settings import Settings
from bcdata.store.state.requests import Cell

NAME = Automation.STALE.value


def stale_sensor(
    catalog: Catalog, datasets: Sequence[Dataset], jobs: Sequence[dg.JobDefinition]
) -> dg.SensorDefinition:
    """The sensor over these datasets."""

    @dg.sensor(
        name=NAME,
        jobs=jobs,
        minimum_interval_seconds=Settings().heal_every,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            "Rebuilds what was made of other bars, or another feature set, than are there now; fetches nothing."
        ),
    )
    def sensor(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult:
        def look(name: str, cursor: str, seconds: float) -> Turn:
            return _stale(HealRequester(context, catalog, catalog[name], store, NAME), cursor, seconds)

        return take_turns(context, [one.name for one in datasets], look)

    return sensor


def _stale(asker: HealRequester, cursor: str, seconds: float) -> Turn:
    from bcdata.healing.backoff import is_due
    from bcdata.healing.stale import CurrentInputs, stale
    from bcdata.pipeline.records.footer_cache import open_footer_cache
    from bcdata.store.state.requests import Requests
    from bcdata.store.store import Store

    dataset, lake = asker.dataset, Store(asker.store.path())
    if run := asker.working():
        return Turn(f"run {run} is still at work", cursor)
    symbols = SymbolCursor(asker.symbols(), cursor, seconds)
    steps: dict[Cell, list[Step]] = {}
    causes: dict[Cell, str] = {}
    with open_footer_cache(lake) as footers:
        present = CurrentInputs(footers)
        for symbol in symbols:
            for step, date, cause in stale(present, asker.catalog, dataset, symbol):
                steps.setdefault((symbol, date), []).append(step)
                causes[symbol, date] = f"{causes.get((symbol, date), '')}{cause}"
    noted, now = Requests(lake.root).of(NAME, dataset.name), clock.now()
    due = {cell: cause for cell, cause in causes.items() if is_due(noted.get(cell), cause, now)}
    runs = asker.ask(due, lambda cells: _parts(steps, cells))
    said = f"{len(causes)} partitions of {symbols.seen} symbols are out of date; none is due"
    return Turn(said, symbols.cursor, runs)


def _parts(steps: dict[Cell, list[Step]], cells: list[Cell]) -> Parts:
    """The partitions of each asset, in the order in which data flows."""
    by_step: dict[Step, list[Cell]] = {}
    for cell in cells:
        for step in steps[cell]:
            by_step.setdefault(step, []).append(cell)
    order = list(Zone)
    return [([step], by_step[step]) for step in sorted(by_step, key=lambda one: order.index(one.zone))]
