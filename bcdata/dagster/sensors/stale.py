"""What reads bars, or a feature set, that have changed since is rebuilt: just that, and nothing above it."""

import dagster as dg

from bcdata import clock
from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.jobs import heal_job_name
from bcdata.dagster.resources import StoreResource
from bcdata.dagster.sensors.requester import HealRequester, Parts, SymbolCursor
from bcdata.pipeline.zones import Step, Zone
from bcdata.settings import Settings
from bcdata.store.state.requests import Cell


def stale_sensors(catalog: Catalog) -> list[dg.SensorDefinition]:
    """One sensor for each dataset of bars."""
    return [_stale(catalog, dataset) for dataset in catalog if dataset.frame_type.derived]


def _stale(catalog: Catalog, dataset: Dataset) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"stale_{dataset.name}",
        job_name=heal_job_name(dataset.name),
        minimum_interval_seconds=Settings().heal_every,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            f"Rebuilds what of {dataset.name} was made of other bars, or another feature set, than are there now;"
            " fetches nothing."
        ),
    )
    def sensor(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult:
        from bcdata.healing.backoff import is_due
        from bcdata.healing.stale import KIND, CurrentInputs, stale
        from bcdata.pipeline.records.footer_cache import open_footer_cache
        from bcdata.store.state.requests import Requests
        from bcdata.store.store import Store

        asker = HealRequester(context, catalog, dataset, store, KIND)
        if run := asker.working():
            return dg.SensorResult(skip_reason=f"run {run} is still at work", cursor=context.cursor)
        symbols = SymbolCursor(asker.symbols(), context.cursor or "")
        steps: dict[Cell, list[Step]] = {}
        causes: dict[Cell, str] = {}
        with open_footer_cache(Store(store.path())) as footers:
            present = CurrentInputs(footers)
            for symbol in symbols:
                for step, date, cause in stale(present, catalog, dataset, symbol):
                    steps.setdefault((symbol, date), []).append(step)
                    causes[symbol, date] = f"{causes.get((symbol, date), '')}{cause}"
        noted, now = Requests(store.path()).of(KIND, dataset.name), clock.now()
        due = {cell: cause for cell, cause in causes.items() if is_due(noted.get(cell), cause, now)}
        runs = asker.ask(due, lambda cells: _parts(steps, cells))
        said = f"{len(causes)} partitions of {symbols.seen} symbols are out of date; none is due"
        return dg.SensorResult(run_requests=runs, skip_reason=None if runs else said, cursor=symbols.cursor)

    return sensor


def _parts(steps: dict[Cell, list[Step]], cells: list[Cell]) -> Parts:
    """The partitions of each asset, in the order in which data flows."""
    by_step: dict[Step, list[Cell]] = {}
    for cell in cells:
        for step in steps[cell]:
            by_step.setdefault(step, []).append(cell)
    order = list(Zone)
    return [([step], by_step[step]) for step in sorted(by_step, key=lambda one: order.index(one.zone))]
