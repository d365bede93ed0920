"""Which rows a name means: a dataset's, those of a zone that is made of it, or coarser bars computed when asked for."""

from dataclasses import dataclass

import polars as pl

from bcdata.api import arguments
from bcdata.bars.resample import Resampling, resampled_bar
from bcdata.catalog import Catalog, Dataset, no_parser
from bcdata.errors import UsageError
from bcdata.hints import choose
from bcdata.interval import Interval
from bcdata.pipeline.resampled import joins_sessions
from bcdata.venues.session_interval import interval_of

ZONES = ("merged", "features", "seasonality", "labels", "resampled")


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a zone.

    Attributes:
        source: the dataset that they are made of.
        zone: where they are.
        name: of the dataset, or of the coarser bars that are made of it.
        interval: the length of the bars; None where rows are none.
        grid: where the windows of coarser bars lie that are computed out of the zone's; None where rows are read.
        hint: what else there is of this name, for texts that say that something is not there.
    """

    source: Dataset
    zone: str
    name: str
    interval: Interval | None
    grid: Resampling | None = None
    hint: str = ""

    @property
    def grid_schema(self) -> pl.Schema | None:
        """The columns of coarser bars that are computed; None where rows are read."""
        return (
            resampled_bar(funding=self.source.has_funding, sessions=self.source.hours.are_sessions)
            if self.grid
            else None
        )

    @property
    def are_bars(self) -> bool:
        """Whether these are merged bars as they stand, which can be filled, split and joined to."""
        return self.zone == "merged" and self.interval is not None and self.grid is None

    def to_be_adjusted(self) -> "Rows":
        """The same rows, those that are longer than a session made of adjusted ones when they are asked for."""
        if self.zone != "resampled" or self.interval is None or not self.interval.has_sessions:
            return self
        made = Rows(self.source, "merged", self.source.name, self.interval, Resampling(self.interval))
        return made if made.grid and joins_sessions(made.grid) else self


def rows_meant(catalog: Catalog, dataset: str, zone: str, interval: str | None = None) -> Rows:
    """The rows that a name means.

    Args:
        catalog: the one in force.
        dataset: its name; in the zone `resampled` that of coarser bars.
        zone: one of `ZONES`.
        interval: of merged bars: the length of those that are wanted. None, or the dataset's own, is as they stand.

    Raises:
        UsageError: there is no such dataset, zone or interval.
    """
    arguments.text("dataset", dataset, "the name of a dataset")
    if arguments.text("zone", zone, f"one of {', '.join(ZONES)}") not in ZONES:
        raise UsageError(f"there is no zone {zone!r} to load; it is one of {', '.join(ZONES)}")
    if zone == "resampled":
        if interval is not None:
            raise UsageError("bars of the zone resampled are as long as their name says; leave `interval` out")
        return _resampled(catalog, dataset)
    found = _named(catalog, dataset)
    if found.ends_at_raw:
        raise UsageError(no_parser(dataset))
    if interval is None:
        hint = _of_the_same_name(catalog, dataset) if zone == "merged" else ""
        return Rows(found, zone, dataset, found.interval, hint=hint)
    if zone != "merged":
        raise UsageError("only merged bars are resampled; leave `interval` out")
    return _coarser(found, interval)


def symbols_meant(dataset: Dataset, symbols: object) -> list[str]:
    """One symbol, or several, as the dataset's market writes them: `btcusdt` and `BTC/USDT` are BTCUSDT."""
    market = dataset.parsed.market
    return list(dict.fromkeys(market.as_written(one) for one in arguments.symbols(symbols)))


def intervals_of(dataset: Dataset) -> dict[str, str]:
    """The coarser bars that are kept of a dataset: their names by interval; those with an offset are left out."""
    return {one.interval: name for name, one in dataset.resampled().items() if not one.offset}


def _of_the_same_name(catalog: Catalog, dataset: str) -> str:
    finer = next((one.name for one in catalog if dataset in one.resampled()), None)
    return f'; bars of this name are also made of {finer}: load them with zone="resampled"' if finer else ""


def _named(catalog: Catalog, dataset: str) -> Dataset:
    kept = [one.name for one in catalog if dataset in one.resampled()]
    if kept and dataset not in {one.name for one in catalog}:
        raise UsageError(
            f'{dataset} are coarser bars that are made of {kept[0]}: load them with zone="resampled", '
            f"or {kept[0]} with interval={dataset.rpartition('_')[2]!r}"
        )
    return catalog[dataset]


def _resampled(catalog: Catalog, dataset: str) -> Rows:
    for one in catalog:
        if dataset in one.resampled():
            return Rows(one, "resampled", dataset, interval_of(one.resampled()[dataset].bar_interval, one.hours))
    names = [name for one in catalog for name in one.resampled()]
    own = "; it is a dataset of its own: leave `zone` out" if dataset in {one.name for one in catalog} else ""
    hint = own or f"; {choose(dataset, names)}"
    raise UsageError(f"no dataset is resampled to {dataset!r} in {catalog.path}{hint}")


def _coarser(dataset: Dataset, interval: str) -> Rows:
    arguments.text("interval", interval, "a length such as 15m, 1h or 1d")
    own, wanted = dataset.interval, Interval.parse(interval)
    if own is None:
        raise UsageError(f"the rows of {dataset.name} are no bars, and are not resampled; leave `interval` out")
    if interval == own.name:
        return Rows(dataset, "merged", dataset.name, own)
    if not wanted.is_multiple_of(own):
        raise UsageError(
            f"bars of {interval} cannot be made of {own.name}: it has to be a multiple of {own.name}, of weeks at most"
        )
    wanted = interval_of(wanted, dataset.hours)
    return Rows(dataset, "merged", dataset.name, wanted, Resampling(wanted))
