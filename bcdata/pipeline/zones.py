"""Which assets a dataset has and what each of them does: the table that Dagster's factories are driven by."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from bcdata.catalog import Dataset
from bcdata.interval import QUARTER_HOUR
from bcdata.providers.capabilities import Role
from bcdata.providers.registry import SOURCES, role_of
from bcdata.store.layout import Partition

if TYPE_CHECKING:
    from bcdata.pipeline.context import RunContext
    from bcdata.pipeline.outcome import Outcome


class Zone(StrEnum):
    """The zones, in the order in which data flows. Labels look ahead, so nothing flows out of them."""

    RAW = "raw"
    PARSED = "parsed"
    MERGED = "merged"
    FEATURES = "features"
    REPORTS = "reports"
    SEASONALITY = "seasonality"
    LABELS = "labels"
    RESAMPLED = "resampled"


_ORDER = (Role.BULK, Role.REPAIR, Role.WINDOW)
Operation = Callable[["RunContext", Dataset, Sequence[Partition]], Iterator["Outcome"]]


@dataclass(frozen=True, slots=True)
class Step:
    """One asset of a dataset: its zone and, in raw and parsed, its provider; coarser bars have a name of their own."""

    zone: Zone
    dataset: str
    provider: str | None = None
    name: str | None = None

    @property
    def asset(self) -> str:
        """The last part of the key: the dataset, or the coarser bars that are made of it."""
        return self.name or self.dataset

    @property
    def key(self) -> tuple[str, ...]:
        """The asset key: `[zone, dataset]`, or `[zone, provider, dataset]` in raw and parsed."""
        return (self.zone.value, *((self.provider,) if self.provider else ()), self.asset)

    def partition(self, symbol: str, date: str) -> Partition:
        """The store's name of one partition of the asset."""
        return Partition(self.zone.value, self.asset, symbol, date, self.provider)


def steps(dataset: Dataset) -> list[Step]:
    """The assets of a dataset in the order in which they are made; raw alone where nothing parses its type."""
    if dataset.ends_at_raw:
        return [Step(Zone.RAW, dataset.name, name) for name in in_order(dataset)]
    found = [Step(zone, dataset.name, name) for name in in_order(dataset) for zone in (Zone.RAW, Zone.PARSED)]
    found.append(Step(Zone.MERGED, dataset.name))
    if dataset.features:
        found += [Step(zone, dataset.name) for zone in (Zone.FEATURES, Zone.REPORTS)]
        if dataset.bar_interval.fills(QUARTER_HOUR):
            found.append(Step(Zone.SEASONALITY, dataset.name))
    if dataset.labels:
        found.append(Step(Zone.LABELS, dataset.name))
    found += [Step(Zone.RESAMPLED, dataset.name, name=name) for name in dataset.resampled()]
    return found


def final_step(dataset: Dataset) -> Step:
    """The asset with which a partition is done, whatever may be derived from it: merged, or raw where that ends it."""
    return steps(dataset)[-1] if dataset.ends_at_raw else Step(Zone.MERGED, dataset.name)


def in_order(dataset: Dataset) -> list[str]:
    """The sources of a dataset in the order in which they are asked: what has files first, the others for the rest."""
    return sorted(dataset.sources, key=lambda name: _ORDER.index(SOURCES[name].role))


def upstream(step: Step, dataset: Dataset, joined: Dataset | None) -> list[Step]:
    """What a step reads, partition by partition.

    A source is asked for what those before it lack. Bars join the settlements of their market (`Catalog.joined`), where
    both have the same partitions.
    """
    match step.zone:
        case Zone.RAW:
            order = in_order(dataset)
            return [Step(Zone.PARSED, step.dataset, name) for name in order[: order.index(step.provider or "")]]
        case Zone.PARSED:
            return [Step(Zone.RAW, step.dataset, step.provider)]
        case Zone.MERGED:
            sources = [one for one in steps(dataset) if one.zone is Zone.PARSED]
            is_read = joined is not None and joined.grain is dataset.grain
            return [*sources, *([Step(Zone.MERGED, joined.name)] if joined and is_read else [])]
        case Zone.REPORTS:
            return [Step(Zone.FEATURES, step.dataset)]
        case Zone.FEATURES | Zone.SEASONALITY | Zone.LABELS | Zone.RESAMPLED:
            return [Step(Zone.MERGED, step.dataset)]


def closure(dataset: Dataset, joined: Dataset | None) -> list[Step]:
    """The assets of a dataset and, before them, those of the settlements that its bars join."""
    own = steps(dataset)
    is_read = any(one.dataset != dataset.name for step in own for one in upstream(step, dataset, joined))
    return [*steps(joined), *own] if joined and is_read else own


def operation(step: Step) -> Operation:
    """What makes the step's partitions; it is noted which were tried of those that are done then, whoever asked."""
    return partial(_noted, step, _operation(step))


def tried_prefix(dataset: str) -> str:
    """What keys of the side table begin with that tell of partitions that were tried; symbol and date follow."""
    return f"tried/{dataset}/"


def _noted(
    step: Step, made: Operation, context: "RunContext", dataset: Dataset, partitions: Sequence[Partition]
) -> Iterator["Outcome"]:
    if step != final_step(dataset):
        yield from made(context, dataset, partitions)
        return
    tried = []
    try:
        for outcome in made(context, dataset, partitions):
            tried.append(f"{tried_prefix(dataset.name)}{outcome.partition.symbol}/{outcome.partition.date}")
            yield outcome
    finally:
        context.attempts.note(tried, context.now, step.zone.value)


def _operation(step: Step) -> Operation:
    """Imported when asked for: definitions load without polars."""
    from bcdata.pipeline import merged, resampled
    from bcdata.pipeline.features import labels, reports, seasonality, table
    from bcdata.pipeline.parsed import archive as parsed_archive
    from bcdata.pipeline.parsed import rest as parsed_rest
    from bcdata.pipeline.parsed import windows as parsed_windows
    from bcdata.pipeline.raw import archive as raw_archive
    from bcdata.pipeline.raw import repair as raw_repair
    from bcdata.pipeline.raw import windows as raw_windows

    made: dict[tuple[Zone, Role | None], Operation] = {
        (Zone.RAW, Role.BULK): raw_archive.materialize,
        (Zone.RAW, Role.REPAIR): raw_repair.materialize,
        (Zone.RAW, Role.WINDOW): raw_windows.materialize,
        (Zone.PARSED, Role.BULK): parsed_archive.materialize,
        (Zone.PARSED, Role.REPAIR): parsed_rest.materialize,
        (Zone.PARSED, Role.WINDOW): parsed_windows.materialize,
        (Zone.MERGED, None): merged.materialize,
        (Zone.FEATURES, None): table.materialize,
        (Zone.REPORTS, None): reports.materialize,
        (Zone.SEASONALITY, None): seasonality.materialize,
        (Zone.LABELS, None): labels.materialize,
        (Zone.RESAMPLED, None): resampled.materialize,
    }
    return made[step.zone, role_of(step.provider)]
