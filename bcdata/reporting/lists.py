"""What there is to ask for: the datasets of the catalog, and the symbols of each in the lake."""

import polars as pl

from bcdata.catalog import Catalog, Dataset
from bcdata.frames.schema import Type
from bcdata.pipeline.own import is_own
from bcdata.pipeline.zones import final_step
from bcdata.reporting.status import published
from bcdata.store.layout import Partition
from bcdata.store.store import Store

_DATASET: dict[str, Type] = {
    "dataset": pl.String, "type": pl.String, "market": pl.String, "interval": pl.String, "grain": pl.String,
    "start": pl.String, "symbols": pl.List(pl.String), "sources": pl.List(pl.String),
    "resampled": pl.List(pl.String), "features": pl.Boolean,
}  # fmt: skip
_SYMBOL: dict[str, Type] = {"symbol": pl.String, "first": pl.String, "last": pl.String, "partitions": pl.Int64}


def datasets(catalog: Catalog) -> pl.DataFrame:
    """A row for each dataset of the catalog, in its order.

    `dataset` its name; `type` what its rows are; `market`; `interval`, the length of its bars, null where its rows are
    none; `grain` and `start` of its partitions; `symbols` that it names, null where a universe chooses them; `sources`;
    `resampled`, the coarser bars that are made of it; `features`, whether some are computed.
    """
    rows = [
        (one.name, one.kind, one.market, one.interval.name if one.interval else None, one.grain.value, one.start,
         None if one.symbols is None else list(one.symbols), list(one.sources), list(one.resampled()),
         one.features is not None)
        for one in catalog
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=_DATASET, orient="row")


def symbols(store: Store, dataset: Dataset) -> pl.DataFrame:
    """A row for each symbol of a dataset of which the lake has rows (of types that nothing parses, files), by name.

    `first` and `last` are date keys of its partitions, `partitions` their number.
    """
    found: dict[str, list[str]] = {}
    for symbol, date in published(store.root, final_step(dataset)):
        if is_own(Partition("merged", dataset.name, symbol, date)):
            found.setdefault(symbol, []).append(date)
    rows = [(name, min(dates), max(dates), len(dates)) for name, dates in sorted(found.items())]
    return pl.DataFrame(rows, schema=_SYMBOL, orient="row")
