"""Rows of another type that `load` joins to bars where it is asked to: the newest of the contract that was known."""

from collections.abc import Iterable

import polars as pl

from bcdata.api import arguments
from bcdata.api.loading.known_rows import KnownRows
from bcdata.api.loading.lacking import Missing, teller
from bcdata.catalog import Catalog, Dataset
from bcdata.errors import UsageError
from bcdata.interval import Interval
from bcdata.store.store import Store
from bcdata.venues.calendar import bar_end


def datasets_to_join(catalog: Catalog, source: Dataset, zone: str, join: object) -> list[Dataset]:
    """The datasets whose rows are to be joined to bars of another.

    Args:
        catalog: all datasets.
        source: that of the bars.
        zone: of the bars.
        join: the name of a dataset, names of several, or None.

    Raises:
        UsageError: there is no such dataset, its rows cannot be joined, or nothing can be joined to such bars.
    """
    if join is None:
        return []
    takes = "the name of a dataset, or several in a list, or None"
    names = arguments.texts("join", [join] if isinstance(join, str) else join, takes)
    if names and (zone != "merged" or source.interval is None):
        raise UsageError("only to merged bars rows of other datasets can be joined; leave `join` out")
    if names and source.frame_type.names_pairs:
        raise UsageError(f"{source.kind} are of pairs, and what could be joined is of contracts; leave `join` out")
    able = {one.name: one for one in catalog if one.frame_type.joinable and one.market == source.market}
    for name in names:
        if name not in able:
            there = ", ".join(able) or f"no dataset of {source.market} in {catalog.path}"
            raise UsageError(f"{name!r} cannot be joined to {source.name}; what can be is {there}")
    return [able[name] for name in names]


def joined_columns(datasets: Iterable[Dataset]) -> list[str]:
    """The columns that bars have of datasets that are joined to them: values, and the time that they are of."""
    return [name for one in datasets for name in (*one.frame_type.joinable, one.frame_type.joined_time)]


def known_rows(store: Store, dataset: Dataset, missing: Missing) -> KnownRows:
    """The rows of a dataset that are joined to bars; `missing` says what becomes of those that are held back."""
    of = dataset.frame_type
    return KnownRows.of(
        store, dataset, "merged", dataset.name, columns=of.joinable, time_as=of.joined_time, interval=dataset.interval,
        tell=teller(missing),
    )  # fmt: skip


def joined_to_bars(bars: pl.DataFrame, rows: KnownRows, symbol: str, interval: Interval) -> pl.DataFrame:
    """The bars of a symbol, in their order, each with the newest row that was known when it was.

    Args:
        bars: with `open_time`, and `known_at` where that is not their end.
        rows: what is joined.
        symbol: whose they are.
        interval: their length.

    Raises:
        StoreError: a file is damaged or lost.
    """
    known = pl.coalesce("known_at", bar_end(interval)) if "known_at" in bars.columns else bar_end(interval)
    return rows.joined(bars, symbol, known)
