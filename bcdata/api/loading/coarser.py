"""Coarser bars that are computed when they are asked for: the same, bit for bit, as the zone resampled keeps."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import polars as pl

from bcdata.bars.resample import Resampling, resampled_bar
from bcdata.catalog import Dataset
from bcdata.pipeline.resampled import FinerBars, coarser_bars
from bcdata.reading.verified_files import over, standing
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window


def coarser_rows(
    store: Store,
    dataset: Dataset,
    symbol: str,
    partitions: Sequence[Partition],
    *,
    grid: Resampling,
    window: Window,
    tell: Callable[[str], None],
    change: FinerBars | None = None,
) -> pl.DataFrame:
    """The coarser bars of one symbol that open in the window and in a partition that is published.

    Args:
        store: the lake.
        dataset: whose merged bars they are made of.
        symbol: whose.
        partitions: the published ones of it, ascending.
        grid: where windows lie.
        window: half-open, UTC.
        tell: takes what there is to say of a partition that is left out.
        change: what is done to the merged bars before.

    Raises:
        StoreError: a file is damaged.
    """
    published = standing(store, over(dataset, partitions, window), dataset.name, tell=tell)
    parts = _joined_up(dataset.grain.window(one.date) for one in published)
    cut = (Window(max(one.start, window.start), min(one.end, window.end)) for one in parts)
    frames = [coarser_bars(store, dataset, symbol, grid, one, change=change) for one in cut if not one.is_empty]
    return pl.concat(
        [pl.DataFrame(schema=resampled_bar(funding=dataset.has_funding, sessions=dataset.hours.are_sessions)), *frames]
    )


def _joined_up(windows: Iterable[Window]) -> Iterator[Window]:
    """Ascending windows, those that meet as one."""
    last: Window | None = None
    for one in windows:
        if last is not None and last.end == one.start:
            last = Window(last.start, one.end)
            continue
        if last is not None:
            yield last
        last = one
    if last is not None:
        yield last
