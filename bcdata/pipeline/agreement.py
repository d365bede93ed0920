"""Does a coarser dataset agree with the aggregate of the finer one? Asked of the coarser, and only warned about."""

from collections.abc import Iterator
from datetime import timedelta

import polars as pl

from bcdata.bars.resample import disagree
from bcdata.catalog import Catalog, Dataset
from bcdata.errors import UsageError
from bcdata.pipeline.context import RunContext
from bcdata.pipeline.lake import read_over
from bcdata.quality.rules import sample
from bcdata.quality.verdict import Finding, Severity
from bcdata.windows import Window


def finer_dataset(catalog: Catalog, dataset: Dataset) -> Dataset | None:
    """The finest dataset of the same market whose bars tile those of this one; None where there is none."""
    finer = [
        other
        for other in catalog
        if (other.market, other.kind) == (dataset.market, dataset.kind) and _tiles(other, dataset)
    ]
    return min(finer, key=_length, default=None)


def finer_disagreement(
    context: RunContext, dataset: Dataset, symbol: str, window: Window, bars: pl.DataFrame
) -> Iterator[Finding]:
    """A warning where bars differ from the aggregate of complete finer ones (semantics, "Bars")."""
    finer = finer_dataset(context.catalog, dataset)
    if finer is None or dataset.interval is None or dataset.interval.length is None or bars.is_empty():
        return
    reach = Window(window.start, window.end + dataset.interval.length)
    fine = read_over(context.store, finer, symbol, reach)
    if fine.is_empty():
        return
    complete = dataset.interval.length // _length(finer)
    differ = disagree(bars, fine, dataset.interval, complete=complete)
    if differ.height:
        words = f"differs from the aggregate of {finer.name}; both are kept as they are"
        columns = [name for name in differ.columns if name == "open_time" or name.endswith("_sum")]
        yield Finding("interval_disagree", Severity.WARN, differ.height, words, sample(differ.select(columns)))


def _tiles(finer: Dataset, coarser: Dataset) -> bool:
    if finer.interval is None or coarser.interval is None:
        return False
    short, long = finer.interval.length, coarser.interval.length
    return short is not None and long is not None and short < long and long % short == timedelta(0)


def _length(dataset: Dataset) -> timedelta:
    length = dataset.bar_interval.length
    if length is None:
        raise UsageError(f"{dataset.name}: months have no fixed length")
    return length
