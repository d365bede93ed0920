"""What a change of merged bars reaches: other partitions that read them across their own borders. Pure.

Dagster's dependencies are by identity (docs/adr/0005-fingerprints.md); this is the rest of the truth.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from bcdata.catalog import Catalog, Dataset
from bcdata.operations.agreement import finer_dataset
from bcdata.operations.zones import Step, Zone, steps
from bcdata.windows import Grain, Window

_INSTANT = timedelta(microseconds=1)


class Cell(NamedTuple):
    """One partition of one asset."""

    step: Step
    symbol: str
    date: str


def affected(catalog: Catalog, dataset: str, symbol: str, date: str) -> list[Cell]:
    """The partitions that read these merged bars, directly or through others, in the order of their making.

    Features read bars of their warm-up, so later partitions are among them; bars of perpetuals read settlements,
    and coarser bars are compared with finer ones. The partition's own features come too.

    Args:
        catalog: all datasets.
        dataset: the one whose merged partition changes.
        symbol: the partition's symbol.
        date: its date key.

    Raises:
        UsageError: there is no such dataset, or the key is none of its grain.
    """
    found: dict[Cell, None] = {}
    for reader, window_of_change in _readers(catalog, catalog[dataset], date):
        for key in dates_that_read(catalog, reader, window_of_change):
            cell = Cell(reader, symbol, key)
            found[cell] = None
            if reader.zone is Zone.MERGED:
                found |= dict.fromkeys(affected(catalog, reader.dataset, symbol, key))
    order = list(Zone)
    return sorted(found, key=lambda cell: order.index(cell.step.zone))


def dates_that_read(catalog: Catalog, step: Step, changed: Window) -> Iterator[str]:
    """The date keys, ascending, of the step's partitions whose reads overlap the changed window."""
    dataset = catalog[step.dataset]
    key = dataset.grain.key(changed.start)
    while _overlap(reach(dataset, step, before := _step_back(dataset.grain, key)), changed):
        key = before
    while _overlap(reach(dataset, step, key), changed):
        if key >= dataset.start:
            yield key
        key = dataset.grain.key(dataset.grain.window(key).end)


def reach(dataset: Dataset, step: Step, date: str) -> Window:
    """The time (UTC) of the merged bars that a partition of the step reads."""
    window = dataset.grain.window(date)
    if step.zone is not Zone.FEATURES:
        return window
    from bcdata.features.compute import warm_up_window  # noqa: PLC0415 - numpy and polars

    return warm_up_window(window, dataset.bar_interval)


def _readers(catalog: Catalog, dataset: Dataset, date: str) -> Iterator[tuple[Step, Window]]:
    window = dataset.grain.window(date)
    for other in catalog:
        if other.name != dataset.name and dataset in _merged_reads(catalog, other):
            yield Step(Zone.MERGED, other.name), window
    for step in steps(dataset):
        if step.zone not in (Zone.RAW, Zone.PARSED, Zone.MERGED):
            yield step, window


def _merged_reads(catalog: Catalog, dataset: Dataset) -> Sequence[Dataset]:
    """The other datasets whose merged partitions a merged partition of this one reads."""
    if dataset.kind != "klines":
        return ()
    return [one for one in (catalog.funding(dataset.market), finer_dataset(catalog, dataset)) if one is not None]


def _overlap(left: Window, right: Window) -> bool:
    return left.start < right.end and right.start < left.end


def _step_back(grain: Grain, key: str) -> str:
    return grain.key(grain.window(key).start - _INSTANT)
