"""What there is: datasets, symbols, intervals, the universe of a market, facts of the lake."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl

from bcdata import clock
from bcdata.api import arguments
from bcdata.api.instants import instant
from bcdata.api.lake import catalog_of, lake_of
from bcdata.api.loading.sources import intervals_of
from bcdata.catalog import Catalog
from bcdata.errors import UsageError
from bcdata.instruments.update import read_universe
from bcdata.interval import Interval
from bcdata.reporting import lists
from bcdata.reporting.status import status
from bcdata.settings import Settings

_COMMON = ("1m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w")
"""Intervals that people ask for; any other multiple of a dataset's own can be had as well."""


def datasets(*, catalog: Catalog | None = None) -> pl.DataFrame:
    """The datasets of the catalog, in its order.

    Returns:
        `dataset` its name; `type` what its rows are; `market`; `interval`, the length of its bars, null where its rows
        are none; `grain` and `start` of its partitions; `symbols` that it names, null where a universe chooses them;
        `sources`; `resampled`, the coarser bars that are kept of it; `features`, whether some are computed.

    Raises:
        UsageError: the catalog cannot be read.

    Examples:
        >>> bcdata.datasets()["dataset"].to_list()
    """
    return lists.datasets(catalog_of(catalog))


def symbols(dataset: str, *, root: str | Path | None = None, catalog: Catalog | None = None) -> pl.DataFrame:
    """The symbols of a dataset of which the lake has rows, by name.

    Returns:
        `symbol`; `first` and `last`, date keys of its partitions; `partitions`, their number.

    Raises:
        UsageError: there is no such dataset, or no lake.

    Examples:
        >>> bcdata.symbols("spot_klines_1m")
    """
    return lists.symbols(lake_of(root), catalog_of(catalog)[arguments.text("dataset", dataset, "a name")])


def intervals(dataset: str, *, catalog: Catalog | None = None) -> pl.DataFrame:
    """The lengths of bars in which `load` gives a dataset: its own, and the usual multiples of it.

    Returns:
        `interval`; `kept`, the name under which the lake has it (the dataset's own, or that of coarser bars in the zone
        `resampled`), null where it is computed when it is asked for. Any other multiple can be asked for as well.

    Raises:
        UsageError: there is no such dataset, or its rows are no bars.

    Examples:
        >>> bcdata.intervals("spot_klines_1m")
    """
    found = catalog_of(catalog)[arguments.text("dataset", dataset, "a name")]
    own = found.interval
    if own is None:
        raise UsageError(f"the rows of {dataset} are no bars: they have no intervals")
    kept = {own.name: dataset, **intervals_of(found)}
    usual = [name for name in _COMMON if Interval.parse(name).is_multiple_of(own)]
    names = sorted({*kept, *usual}, key=lambda name: Interval.parse(name).length or timedelta.max)
    rows = [(name, kept.get(name)) for name in names]
    return pl.DataFrame(rows, schema={"interval": pl.String, "kept": pl.String}, orient="row")


def universe(
    market: str, as_of: str | date | None = None, *, root: str | Path | None = None, catalog: Catalog | None = None
) -> pl.DataFrame:
    """The instruments of a market as they were known at an instant; delisted ones are among them.

    Args:
        market: a market of the catalog (`spot`, `um`, `us_equity`).
        as_of: the instant (UTC); now if None.
        root: the lake; BCDATA_ROOT if None.
        catalog: the one in force if None.

    Returns:
        `instrument_id`, `symbol`, `use`, `market`, `contract`, `first_seen`, `last_seen` (null while it trades),
        `status`, `status_source`, `renamed_from`, `evidence`, `known_from` (UTC); one row an instrument.

    Raises:
        UsageError: the catalog has no such market.
        StoreError: the table is damaged.

    Examples:
        >>> bcdata.universe("spot", "2024-01-01")
    """
    markets = sorted({one.market for one in catalog_of(catalog)})
    if arguments.text("market", market, "a market of the catalog") not in markets:
        raise UsageError(f"the catalog has no market {market!r}; it has {', '.join(markets)}")
    return read_universe(lake_of(root), market, clock.now() if as_of is None else instant(as_of))


@dataclass(frozen=True, slots=True)
class Info:
    """Facts, by their names; printed and shown as a table."""

    facts: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.facts[name]

    def __str__(self) -> str:
        width = max(map(len, self.facts), default=0)
        return "\n".join(f"{name:<{width}}  {_written(value)}" for name, value in self.facts.items())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        cells = (
            f"<tr><th style='text-align:left'>{html.escape(name)}</th><td>{html.escape(_written(value))}</td></tr>"
            for name, value in self.facts.items()
        )
        return f"<table>{''.join(cells)}</table>"


def info(dataset: str | None = None, *, root: str | Path | None = None, catalog: Catalog | None = None) -> Info:
    """Facts of the lake and its catalog, or of one dataset.

    Args:
        dataset: its name; None for the lake.
        root: the lake; BCDATA_ROOT if None.
        catalog: the one in force if None.

    Returns:
        Facts by name, which are shown as a table. Those of the lake are `version`, `root`, `catalog` and `datasets`;
        of a dataset they are what the catalog says of it, and as `zone <zone>` the symbols, partitions, first and last
        date key, and bytes.

    Raises:
        UsageError: there is no such dataset.

    Examples:
        >>> bcdata.info("spot_klines_1m")
    """
    known = catalog_of(catalog)
    if dataset is None:
        place = arguments.folder("root", root) if root is not None else Settings().root
        names = [one.name for one in known]
        facts = {"version": version("bcdata"), "root": str(place), "catalog": str(known.path), "datasets": names}
        return Info(facts)
    found = known[arguments.text("dataset", dataset, "a name")]
    facts = next(row for row in lists.datasets(known).to_dicts() if row["dataset"] == found.name)
    (there,) = status(lake_of(root), known, (found.name,), now=clock.now())
    zones = {
        f"zone {'/'.join(filter(None, (one.zone, one.provider, one.name)))}": {
            "symbols": one.symbols, "partitions": one.partitions, "first": one.first, "last": one.last,
            "bytes": one.bytes,
        }
        for one in there.zones
        if one.partitions
    }  # fmt: skip
    return Info({**facts, **zones})


def _written(value: Any) -> str:
    match value:
        case dict():
            return ", ".join(f"{name} {_written(one)}" for name, one in value.items())
        case list():
            return ", ".join(map(_written, value))
        case int() if not isinstance(value, bool):
            return f"{value:,}"
        case None:
            return ""
        case _:
            return str(value)
