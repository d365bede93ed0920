"""Which datasets a schedule over partitions serves: those of one market and grain, in turn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import dagster as dg

from bcdata.catalog import Automation, Catalog, Dataset
from bcdata.dagster.jobs import asset_keys, job_name
from bcdata.runs.plan import RangeRun
from bcdata.windows import Grain


@dataclass(frozen=True, slots=True)
class Served:
    """The datasets that take part in one kind of schedule, of one market and grain."""

    catalog: Catalog
    kind: Automation
    market: str
    grain: Grain
    datasets: Sequence[Dataset]

    @property
    def name(self) -> str:
        """The schedule's name: market and grain are in it, also where there is but one of each."""
        return f"{self.kind.value}_{self.market}_{self.grain.value}"

    @property
    def job(self) -> str:
        """The job that it launches."""
        return job_name(self.market, self.grain)

    @property
    def words(self) -> str:
        """The datasets, for people."""
        return ", ".join(dataset.name for dataset in self.datasets)

    def request(
        self, context: dg.ScheduleEvaluationContext, datasets: Sequence[Dataset], run: RangeRun, tag: str
    ) -> dg.RunRequest:
        """A run over a range of partitions of some of the datasets, and of what they join."""
        names = ",".join(dataset.name for dataset in datasets)
        keys = [key for dataset in datasets for key in asset_keys(self.catalog, dataset)]
        # Several requests of a tick need keys, and keys de-duplicate for ever: the tick's time makes them new.
        when = context.scheduled_execution_time.isoformat()
        return dg.RunRequest(
            run_key=f"{when} {names} {' '.join(run.tags.values())}",
            asset_selection=list(dict.fromkeys(keys)),
            tags={**run.tags, tag: names},
        )


def served(catalog: Catalog, kind: Automation) -> Iterator[Served]:
    """One for each market and grain of which a dataset takes part."""
    for market, grain in catalog.shared():
        datasets = [one for one in catalog.served_by(kind) if (one.market, one.grain) == (market, grain)]
        if datasets:
            yield Served(catalog, kind, market, grain, datasets)
