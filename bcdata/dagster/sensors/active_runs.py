"""Which partitions runs are at work on, or will be: nothing is asked for twice. And which runs died without a word."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.assets.heal import healed_by
from bcdata.dagster.jobs import HEAL_PREFIX, job_name
from bcdata.dagster.partitions import ONE, RANGE_END, RANGE_START, symbol_set
from bcdata.pipeline.zones import steps
from bcdata.store.state.liveness import dead_runs, forget
from bcdata.store.state.requests import Cell, Requests

_ACTIVE = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
KIND_TAG, DATASET_TAG = "bcdata/heal", "bcdata/dataset"
_RETRY_WITHIN = timedelta(minutes=5)
"""Dagster's daemon starts a failed run again within seconds of seeing that it failed, or never. One that comes later
finds the partitions locked, or made: nothing is done twice at once."""
_WILL_RETRY, _RETRY = "dagster/will_retry", "dagster/auto_retry_run_id"


def active(instance: dg.DagsterInstance, tags: Mapping[str, str] | None = None) -> list[dg.DagsterRun]:
    """The runs that are queued or running, or failed and are about to be started again."""
    own = dict(tags or {})
    runs = instance.get_runs(dg.RunsFilter(tags=own, statuses=_ACTIVE))
    lately = datetime.now(UTC) - _RETRY_WITHIN  # Dagster stamps runs by the real clock
    failed = dg.RunsFilter(
        tags={**own, _WILL_RETRY: "true"}, statuses=[dg.DagsterRunStatus.FAILURE], updated_after=lately
    )
    return [*runs, *(run for run in instance.get_runs(failed) if _RETRY not in run.tags)]


def in_flight(instance: dg.DagsterInstance, catalog: Catalog, dataset: Dataset) -> set[Cell]:
    """The (symbol, date) of the dataset that queued and running runs are about, whatever has launched them."""
    known = instance.get_dynamic_partitions(symbol_set(dataset.market, dataset.grain))
    return {cell for run in active(instance) for cell in _cells(run, catalog, dataset, known)}


def fail_dead_runs(instance: dg.DagsterInstance, root: Path) -> list[str]:
    """Reports runs as failed whose process has ended without finishing them; Dagster's retries then see to them.

    Dagster's local launcher has no way to notice: a killed run would hold its place in the queue, and its partitions,
    for a day.
    """
    buried = []
    for run_id in dead_runs(root):
        run = instance.get_run_by_id(run_id)
        if run is not None and run.status in {dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING}:
            instance.report_run_failed(run, "its process has ended without finishing it")
            _uncount(instance, root, run_id)
            buried.append(run_id)
        forget(root, run_id)
    return buried


def _uncount(instance: dg.DagsterInstance, root: Path, run_id: str) -> None:
    """Takes the request that a killed run answered to out of the count, unless the run is started again.

    Whoever killed it says nothing about its partitions: enough kills would make a sensor give up on them.
    """
    run = instance.get_run_by_id(run_id)
    if run is not None and KIND_TAG in run.tags and run.tags.get(_WILL_RETRY) != "true":
        asked = {cell for _, cells in healed_by(run.run_config) for cell in cells}
        Requests(root).uncount(run.tags[KIND_TAG], run.tags[DATASET_TAG], asked)


def _cells(run: dg.DagsterRun, catalog: Catalog, dataset: Dataset, known: Sequence[str]) -> Iterator[Cell]:
    own = {step.key for step in steps(dataset)}
    if run.job_name.startswith(HEAL_PREFIX):
        for assets, cells in healed_by(run.run_config):
            if own & {tuple(name.split("/")) for name in assets}:
                yield from cells
    elif own & assets_of(run, catalog):
        yield from range_of(run, dataset, known)


def assets_of(run: dg.DagsterRun, catalog: Catalog) -> set[tuple[str, ...]]:
    """The keys of the assets that a run over assets makes; those of its job where it does not say."""
    if run.asset_selection:
        return {tuple(key.path) for key in run.asset_selection}
    made = [one for one in catalog if job_name(one.market, one.grain) == run.job_name]
    return {step.key for dataset in made for step in steps(dataset)}


def range_of(run: dg.DagsterRun, dataset: Dataset, known: Sequence[str]) -> Iterator[Cell]:
    """The partitions of a run over assets, by its tags. What cannot be read is no partition of this dataset."""
    first, last = run.tags.get(RANGE_START, run.tags.get(ONE)), run.tags.get(RANGE_END, run.tags.get(ONE))
    if not first or not last:
        return
    (start, _, one), (end, _, other) = first.partition("|"), last.partition("|")
    if one not in known or other not in known or len(start) != len(dataset.start):
        return
    symbols = known[known.index(one) : known.index(other) + 1]
    for date in dataset.grain.keys(start, end) if start <= end else []:
        yield from ((symbol, date) for symbol in symbols)
