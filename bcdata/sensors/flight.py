"""Which partitions runs are at work on, or will be: nothing is asked for twice. And which runs died without a word."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg

from bcdata.assets.heal import healed_by
from bcdata.catalog import Catalog, Dataset
from bcdata.jobs import heal_job_name, job_name
from bcdata.partitions import symbol_set
from bcdata.store.alive import forget, gone
from bcdata.store.requests import Cell

ACTIVE = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_START, _END, _ONE = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end", "dagster/partition"


def in_flight(instance: dg.DagsterInstance, catalog: Catalog, dataset: Dataset) -> set[Cell]:
    """The (symbol, date) of the dataset that queued and running runs are about, whatever has launched them."""
    known = instance.get_dynamic_partitions(symbol_set(dataset.market, dataset.grain))
    runs = instance.get_runs(dg.RunsFilter(statuses=ACTIVE))
    return {cell for run in runs for cell in _cells(run, catalog, dataset, known)}


def bury(instance: dg.DagsterInstance, root: Path) -> list[str]:
    """Reports runs as failed whose process has ended without finishing them; Dagster's retries then see to them.

    Dagster's local launcher has no way to notice: a killed run would hold its place in the queue, and its partitions,
    for a day.
    """
    buried = []
    for run_id in gone(root):
        run = instance.get_run_by_id(run_id)
        if run is not None and run.status in {dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING}:
            instance.report_run_failed(run, "its process has ended without finishing it")
            buried.append(run_id)
        forget(root, run_id)
    return buried


def _cells(run: dg.DagsterRun, catalog: Catalog, dataset: Dataset, known: Sequence[str]) -> Iterator[Cell]:
    if run.job_name.startswith(heal_job_name("")):
        for assets, cells in healed_by(run.run_config):
            if any(name.rpartition("/")[2] == dataset.name for name in assets):
                yield from cells
    elif dataset.name in _datasets(run, catalog):
        yield from _range(run, dataset, known)


def _datasets(run: dg.DagsterRun, catalog: Catalog) -> set[str]:
    """The datasets whose assets a run over assets makes."""
    if run.asset_selection:
        return {key.path[-1] for key in run.asset_selection}
    own = next((one for one in catalog if job_name(one.name) == run.job_name), None)
    funding = catalog.funding(own.market) if own else None
    return {one.name for one in (own, funding) if one}


def _range(run: dg.DagsterRun, dataset: Dataset, known: Sequence[str]) -> Iterator[Cell]:
    """The partitions of a run over assets, by its tags. What cannot be read is no partition of this dataset."""
    first, last = run.tags.get(_START, run.tags.get(_ONE)), run.tags.get(_END, run.tags.get(_ONE))
    if not first or not last:
        return
    (start, _, one), (end, _, other) = first.partition("|"), last.partition("|")
    if one not in known or other not in known or len(start) != len(dataset.start):
        return
    symbols = known[known.index(one) : known.index(other) + 1]
    for date in dataset.grain.keys(start, end) if start <= end else []:
        yield from ((symbol, date) for symbol in symbols)
