"""How the sources of a dataset compare."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from bcdata.api import arguments
from bcdata.api.instants import asked_range
from bcdata.api.lake import catalog_of, lake_of
from bcdata.api.loading.sources import symbols_meant
from bcdata.catalog import Catalog, no_parser
from bcdata.errors import UsageError
from bcdata.hints import choose
from bcdata.pipeline.own import symbols_in
from bcdata.pipeline.records.scores import PartitionQuality, qualities, sources_of

_INSTANT = timedelta(microseconds=1)


def sources(
    dataset: str,
    symbols: str | Iterable[str] | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
    *,
    root: str | Path | None = None,
    catalog: Catalog | None = None,
) -> pl.DataFrame:
    """How each two sources of a dataset compare, by partition of merged: what both have, and how far it differs.

    Args:
        dataset: its name.
        symbols: one, several, or None for all that are there.
        start: from the partition on that holds this instant.
        end: up to the partition that holds the instant before this one.
        root: the lake; BCDATA_ROOT if None.
        catalog: the one in force if None.

    Returns:
        A row for each pair of sources of a partition (`field` is `any`), and one for each column that differs, with
        `symbol`, `date`, `source` and `other` (by precedence), `in_both`, `only_source` and `only_other` (rows by who
        has them, in the pair's row), `differing` (rows that both have with other values), `first_at` and `first`,
        `largest_at` and `largest` (the first and the largest difference and their times, UTC). Differences are
        relative, |a - b| by the greater one of |a| and |b|. There is no row where only one source has a part, and where
        an earlier release published the partition, as there it is unknown.

    Raises:
        UsageError: a dataset, symbol or instant that there is not.
        StoreError: a manifest is damaged.

    Examples:
        >>> bcdata.sources("spot_klines_1m", "BTCUSDT", "2023-03", "2023-04")
    """
    return sources_of(compared(dataset, symbols, start, end, root=root, catalog=catalog))


def compared(
    dataset: str,
    symbols: str | Iterable[str] | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
    *,
    root: str | Path | None = None,
    catalog: Catalog | None = None,
) -> Iterator[PartitionQuality]:
    """The partitions of which `sources` tells; arguments and errors are its own."""
    _, window = asked_range(start, end)
    store, source = lake_of(root), catalog_of(catalog)[arguments.text("dataset", dataset, "the name of a dataset")]
    if source.ends_at_raw:
        raise UsageError(no_parser(dataset))
    wanted = None if symbols is None else symbols_meant(source, symbols)
    known = symbols_in(store, "merged", dataset)
    if unknown := [one for one in wanted or () if one not in known]:
        raise UsageError(f"the lake has nothing of {unknown[0]} in {dataset}; {choose(unknown[0], known)}")
    key = source.grain.key
    return qualities(
        store, dataset, source.grain, symbols=wanted, first=key(window.start), last=key(window.end - _INSTANT)
    )
