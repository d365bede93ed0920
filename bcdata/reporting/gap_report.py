"""What is missing, for the command line, Dagster's pages, a later server. Prints nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl

from bcdata.catalog import Catalog, Dataset
from bcdata.errors import UsageError
from bcdata.healing.refill import with_refill
from bcdata.hints import choose
from bcdata.ledger.ledger import Status
from bcdata.pictures.gaps_report import dataset_section
from bcdata.pictures.heatmap import heat_map
from bcdata.pipeline.own import symbols_in
from bcdata.pipeline.zones import tried_prefix
from bcdata.reporting.coverage import coverage
from bcdata.reporting.ledgers import ledger_files, ledger_rows, log
from bcdata.store.layout import Partition
from bcdata.store.state.attempts import Attempts
from bcdata.store.store import Store
from bcdata.windows import Grain

_NAMED = 5
"""Symbols that an error names."""
LONGEST = 200
"""So many runs does a report list; all of them are in the ledger."""
_MOST_SYMBOLS, _MOST_DATES = 24, 36
"""What a picture in Dagster's event log shows: under 100 kB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRequest:
    """Which part of which ledgers; None is all.

    Attributes:
        datasets: their names; all of the catalog if empty.
        symbols: as typed.
        statuses: of the ledger.
        first: the first year, month or day, included.
        last: the last one, included.
        least: bars that a run has at least.
    """

    datasets: tuple[str, ...] = ()
    symbols: frozenset[str] | None = None
    statuses: frozenset[str] | None = None
    first: str | None = None
    last: str | None = None
    least: int = 1


@dataclass(frozen=True, slots=True)
class DatasetGaps:
    """One dataset's ledgers.

    Attributes:
        runs: the rows asked for: `symbol`, `date`, the ledger's columns, then `refill`: how asking for what may yet
            come stands, in words; by symbol and time.
        all_runs: the rows of all statuses and lengths, which pictures show.
        places: symbol and date key of every ledger there is, also of empty ones.
        as_of: when each partition was merged last (UTC), where that is known.
        held_back: symbol and date key of partitions that are between two publications, and have no rows here.
    """

    dataset: Dataset
    runs: pl.DataFrame
    all_runs: pl.DataFrame
    places: list[tuple[str, str]]
    as_of: dict[tuple[str, str], datetime]
    now: datetime
    held_back: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """The dataset's name."""
        return self.dataset.name

    @property
    def has_bars(self) -> bool:
        """Whether there is a calendar of expected bars to draw; settlements have none."""
        return self.dataset.frame_type.is_regular

    def by_status(self) -> dict[str, int]:
        """Bars by status, of the runs asked for."""
        return dict(self.runs.group_by("status").agg(pl.col("bars").sum()).sort("status").iter_rows())

    def totals(self) -> pl.DataFrame:
        """Runs and bars by symbol and status."""
        counted = self.runs.group_by("symbol", "status").agg(
            pl.len().alias("runs"), pl.col("bars").sum(), pl.col("start").min(), pl.col("end").max()
        )
        return counted.sort("symbol", "status")

    def cells(self, grain: Grain) -> pl.DataFrame:
        """The coverage by month or day (`bcdata.ledger.coverage.CELL`).

        Raises:
            UsageError: months were asked for of partitions by day, or it holds no bars.
        """
        if grain is not self.dataset.grain and self.dataset.grain is Grain.DAY:
            raise UsageError(f"{self.name} is partitioned by day; write --by day")
        return coverage(self.dataset, self.places, self.all_runs, as_of=self.as_of, now=self.now, grain=grain)

    def picture(self, grain: Grain) -> str:
        """The heat map as SVG."""
        return heat_map(self.cells(grain).to_dicts(), title=f"{self.name}: bars that are there, and why others are not")

    def section(self, grain: Grain) -> str:
        """The dataset's part of the HTML report."""
        lasting = self.all_runs.filter(pl.col("status") != Status.REFILLED.value)
        longest = lasting.sort("bars", "symbol", "start", descending=[True, False, False]).head(LONGEST)
        shown = longest.select(
            "symbol",
            *(pl.col(name).dt.strftime("%Y-%m-%d %H:%M").alias(f"{name}_(UTC)") for name in ("start", "end")),
            "bars",
            "status",
            "evidence",
        )
        totals = dict(self.all_runs.group_by("status").agg(pl.col("bars").sum()).iter_rows())
        return dataset_section(self.name, self.picture(grain), totals, shown.to_dicts(), runs=lasting.height)


def ask(
    store: Store, catalog: Catalog, request: GapRequest, *, now: datetime, tell: Callable[[str], None] = log
) -> list[DatasetGaps]:
    """The gaps of the datasets asked for as of `now` (UTC), those without a ledger left out.

    `tell` takes what there is to say of ledgers that are left out.

    Raises:
        UsageError: a dataset, symbol, status or date key is none.
    """
    unknown = sorted((request.statuses or frozenset()) - set(Status))
    if unknown:
        raise UsageError(f"{', '.join(map(repr, unknown))} is no status; there are {', '.join(Status)}")
    request = replace(request, symbols=_known_symbols(store, catalog, request))
    chosen = catalog.chosen(request.datasets)
    return [found for dataset in chosen for found in _of(store, dataset, request, now, tell)]


def _known_symbols(store: Store, catalog: Catalog, request: GapRequest) -> frozenset[str] | None:
    """The symbols that are asked for, as their markets write them.

    Raises:
        UsageError: none of the datasets has a ledger of one: of a slip of the pen there would be no gaps.
    """
    if request.symbols is None:
        return None
    datasets = list(catalog.chosen(request.datasets))
    markets = [one.parsed.market for one in datasets]
    meant = {text: {text, *(market.as_written(text) for market in markets)} for text in request.symbols}
    known = sorted({one for each in datasets for one in symbols_in(store, "gaps", each.name)})
    unknown = sorted(text for text, names in meant.items() if not names & set(known))
    if unknown and known:
        more = f" and {len(unknown) - _NAMED:,} more" if len(unknown) > _NAMED else ""
        words = f"there is no ledger of {', '.join(unknown[:_NAMED])}{more}"
        raise UsageError(f"{words}; {choose(unknown[0], known)}")
    return frozenset().union(*meant.values())


def neighbourhood(store: Store, dataset: Dataset, partitions: Sequence[Partition], now: datetime) -> str | None:
    """The heat map around some partitions as SVG, of bounded size; None where there is nothing to show.

    Their symbols (the first so many) over the dates up to their last. Opens only these ledgers, whatever the lake
    holds beside them.
    """
    symbols = list(dict.fromkeys(one.symbol for one in partitions))[:_MOST_SYMBOLS]
    last = max((one.date for one in partitions), default="")
    if not dataset.frame_type.is_regular or not last:
        return None
    dates = dataset.grain.keys(min(dataset.start, last), last)[-_MOST_DATES:]
    wanted = [Partition("gaps", dataset.name, symbol, date) for symbol in symbols for date in dates]
    files = {path: (one.symbol, one.date) for one in wanted if (path := store.root / one.key()).is_file()}
    if not files:
        return None
    return _found(store, dataset, files, now).picture(dataset.grain)


def _of(
    store: Store, dataset: Dataset, request: GapRequest, now: datetime, tell: Callable[[str], None]
) -> Iterator[DatasetGaps]:
    held: list[tuple[str, str]] = []
    first, last = dataset.grain.ends(request.first, request.last)
    files = ledger_files(store, dataset, symbols=request.symbols, first=first, last=last, tell=tell, held_back=held)
    if not files and not held:
        return
    found = _found(store, dataset, files, now)
    runs = found.all_runs.filter(pl.col("bars") >= request.least)
    if request.statuses is not None:
        runs = runs.filter(pl.col("status").is_in(list(request.statuses)))
    runs = with_refill(store.root, dataset, runs, found.all_runs, now)
    yield replace(found, runs=runs, held_back=tuple(held))


def _found(store: Store, dataset: Dataset, files: dict[Path, tuple[str, str]], now: datetime) -> DatasetGaps:
    every = ledger_rows(files)
    as_of = Attempts(store.root).instants(tried_prefix(dataset.name))
    return DatasetGaps(dataset, every, every, list(files.values()), as_of, now)
