"""Runs that put files of a user into raw: healing runs over the partitions found, with a client on the folder."""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import dagster as dg

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.assets.heal import heal_config
from bcdata.dagster.build import build_defs
from bcdata.dagster.jobs import heal_job_name
from bcdata.dagster.launch import FOLDER_TAG, Report, execute
from bcdata.dagster.partitions import COMMAND_TAG, symbol_set, with_symbols
from bcdata.pipeline.zones import Step, Zone
from bcdata.runs.progress import Listener, listening


@dataclass(frozen=True, slots=True)
class Adoption:
    """What a run puts into raw of a dataset: (symbol, date) partitions, out of the client of its files."""

    dataset: Dataset
    cells: tuple[tuple[str, str], ...]

    @property
    def step(self) -> Step:
        """Raw of the dataset's files."""
        return Step(Zone.RAW, self.dataset.name, self.dataset.bulk)


def adopt(
    instance: dg.DagsterInstance,
    catalog: Catalog,
    adoptions: Iterable[Adoption],
    clients: Mapping[str, Any],
    *,
    folder: str,
    listener: Listener | None = None,
) -> Report:
    """Runs them, one Dagster run for each market and grain, and reports on every partition.

    Args:
        instance: where the runs are noted.
        catalog: the one in force.
        adoptions: what to put into raw.
        clients: those that stand in for sources of files, by the source's name.
        folder: for the tag of the runs.
        listener: hears of what happens meanwhile.

    Raises:
        KeyboardInterrupt: Ctrl-C came while a step was at work.
    """
    report, defs, command = Report(), build_defs(catalog), uuid.uuid4().hex[:12]
    with listening(report), listening(listener) if listener else nullcontext():
        for some in _sharing(adoptions):
            market, grain = some[0].dataset.market, some[0].dataset.grain
            symbols = {symbol for one in some for symbol, _ in one.cells}
            with_symbols(instance, symbol_set(market, grain), symbols)
            execute(
                instance,
                defs.resolve_job_def(heal_job_name(market, grain)),
                report,
                tags={COMMAND_TAG: command, FOLDER_TAG: folder},
                run_config=heal_config(((one.step,), one.cells) for one in some),
                resources=clients,
            )
    return report


def _sharing(adoptions: Iterable[Adoption]) -> Iterator[list[Adoption]]:
    """Those whose datasets share their partitions."""

    def of(one: Adoption) -> tuple[str, str]:
        return one.dataset.market, one.dataset.grain.value

    for _, some in groupby(sorted(adoptions, key=of), key=of):
        yield list(some)
