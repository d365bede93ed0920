"""Which bars are missing and why, and how much of what was asked for is there."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from bcdata import clock
from bcdata.api import arguments
from bcdata.api.instants import Asked, asked_range
from bcdata.api.lake import catalog_of, lake_of
from bcdata.api.loading.lacking import Missing, teller
from bcdata.api.loading.sources import symbols_meant
from bcdata.catalog import Catalog, Dataset, no_parser
from bcdata.errors import UsageError
from bcdata.frames.schema import LEDGER, schema_of
from bcdata.pipeline.lake import keys_over
from bcdata.reporting.coverage import CELL
from bcdata.reporting.gap_report import DatasetGaps, GapRequest, ask
from bcdata.store.store import Store
from bcdata.venues.calendar import calendar, closed_window
from bcdata.windows import Grain, Window

GAP = schema_of({"symbol": pl.String, "date": pl.String, **LEDGER, "refill": pl.String})
NOT_MATERIALIZED = "not_materialized"
"""Expected bars of partitions that were never published."""
_NOTHING: dict[str, str | int] = dict.fromkeys(CELL, 0)
_INSTANT = timedelta(microseconds=1)


def gaps(
    dataset: str,
    symbols: str | Iterable[str] | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
    *,
    status: str | Iterable[str] | None = None,
    root: str | Path | None = None,
    catalog: Catalog | None = None,
) -> pl.DataFrame:
    """The gap ledger: runs of missing bars, why they are missing, and how that is known.

    Args:
        dataset: its name.
        symbols: one, several, or None for all that are there.
        start: the first instant, included, as in `load`.
        end: the instant before which missing bars open, itself left out.
        status: only these: `open`, `refilled`, `upstream`, `no_trades`, `not_listed`, `delisted`, `not_published`,
            `quarantined`.
        root: the lake; BCDATA_ROOT if None.
        catalog: the one in force if None.

    Returns:
        `symbol`, `date`, `start` and `end` (opens of the first and the last missing bar, UTC, both included), `bars`,
        `status`, `evidence`, `refill`; by symbol and time. Runs that reach over an end of the range are whole. What is
        held back between two publications has none, which is a `MissingDataWarning`.

    Raises:
        UsageError: a dataset, symbol, status or instant that there is not.
        StoreError: a ledger is damaged.

    Examples:
        >>> bcdata.gaps("spot_klines_1m", "BTCUSDT", "2023-03", "2023-04", status="upstream")
    """
    _, window = asked_range(start, end)
    store, known = lake_of(root), catalog_of(catalog)
    source = _with_ledger(known, dataset)
    statuses = None if status is None else arguments.texts("status", [status] if isinstance(status, str) else status,
                                                           "statuses of the ledger in a list, or None")  # fmt: skip
    found = _found(store, known, source, symbols, statuses)
    if found is None:
        return pl.DataFrame(schema=GAP)
    return found.runs.filter(pl.col("start") < window.end, pl.col("end") >= window.start)


def coverage(
    dataset: str,
    symbols: str | Iterable[str] | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
    *,
    by: str | None = None,
    root: str | Path | None = None,
    catalog: Catalog | None = None,
) -> pl.DataFrame:
    """Of the bars that each symbol should have in a month or day, how many are there, and why the others are not.

    Args:
        dataset: its name; its rows are bars, or others of a steady pace.
        symbols: one, several, or None for all that are there.
        start: from the partition on that holds this instant; from each symbol's first one if None.
        end: up to the partition that holds the instant before this one; to each symbol's last one if None.
        by: `month` or `day`; the dataset's own partitions if None.
        root: the lake; BCDATA_ROOT if None.
        catalog: the one in force if None.

    Returns:
        `symbol`, `date`, `expected`, `present`, one column for each status of the ledger, and `not_materialized`, bars
        of partitions that were never published, or are held back between two publications, as by `load` (which is a
        `MissingDataWarning`). `present`, the statuses but `refilled`, and `not_materialized` add up
        to `expected`. Only bars that have closed are expected.

    Raises:
        UsageError: a dataset, symbol or instant that there is not, or rows without a pace.
        StoreError: a ledger is damaged.

    Examples:
        >>> bcdata.coverage("spot_klines_1m", "BTCUSDT", "2023-01", "2023-04")
    """
    asked, window = asked_range(start, end)
    store, known = lake_of(root), catalog_of(catalog)
    source = _with_ledger(known, dataset)
    symbols = None if symbols is None else symbols_meant(source, symbols)  # once: of an iterator nothing is left then
    if not source.frame_type.is_regular:
        raise UsageError(f"the rows of {dataset} have no pace, so that none is expected at a time; use gaps")
    grain = _grain(source, by)
    found = _found(store, known, source, symbols, None)
    published: dict[str, dict[str, bool]] = {}
    for is_there, places in ((True, found.places), (False, found.held_back)) if found else ():
        for symbol, date_key in places:
            published.setdefault(symbol, {})[date_key] = is_there
    absent = [
        row
        for symbol in (sorted(published) if symbols is None else symbols)
        for row in _not_there(source, symbol, published.get(symbol, {}), asked, grain)
    ]
    cells = found.cells(grain) if found else pl.DataFrame(schema=CELL)
    lacking = pl.DataFrame(absent, schema={**CELL, NOT_MATERIALIZED: pl.Int64})
    every = pl.concat([cells.with_columns(pl.lit(0, pl.Int64).alias(NOT_MATERIALIZED)), lacking])
    first, last = grain.key(window.start), grain.key(window.end - _INSTANT)
    return every.filter(pl.col("date").is_between(pl.lit(first), pl.lit(last))).sort("symbol", "date")


def _with_ledger(catalog: Catalog, dataset: str) -> Dataset:
    found = catalog[arguments.text("dataset", dataset, "the name of a dataset")]
    if found.ends_at_raw:
        raise UsageError(no_parser(dataset))
    return found


def _found(
    store: Store,
    catalog: Catalog,
    dataset: Dataset,
    symbols: str | Iterable[str] | None,
    statuses: Iterable[str] | None,
) -> DatasetGaps | None:
    request = GapRequest(
        datasets=(dataset.name,),
        symbols=None if symbols is None else frozenset(symbols_meant(dataset, symbols)),
        statuses=None if statuses is None else frozenset(statuses),
    )
    return next(iter(ask(store, catalog, request, now=clock.now(), tell=teller(Missing.WARN))), None)


def _grain(dataset: Dataset, by: str | None) -> Grain:
    if by is None:
        return dataset.grain
    grain = arguments.option("by", by, Grain)
    if grain is not dataset.grain and dataset.grain is Grain.DAY:
        raise UsageError(f'{dataset.name} is partitioned by day; write by="day"')
    return grain


def _not_there(
    dataset: Dataset, symbol: str, published: Mapping[str, bool], asked: Asked, grain: Grain
) -> Iterator[dict[str, str | int]]:
    """The months or days of one symbol that were asked for, or lie between others, and are not there.

    Of the date keys that were published the mapping says whether they are, and not held back.
    """
    start = asked[0] or (dataset.grain.window(min(published)).start if published else None)
    end = asked[1] or (dataset.grain.window(max(published)).end if published else None)
    if start is None or end is None:
        return
    earliest = min([dataset.start, *published])  # the lake may have more than the catalog asks for
    start = max(start, dataset.grain.window(earliest).start)
    for key in keys_over(dataset, Window(start, min(end, clock.now()))):
        if published.get(key):
            continue
        whole = closed_window(dataset.grain.window(key), dataset.pace, clock.now())
        opens = calendar(dataset.hours).opens(dataset.pace, whole)
        counts = Counter(grain.key(at) for at in opens.to_list())
        for date_key, expected in counts.items():
            yield {**_NOTHING, "symbol": symbol, "date": date_key, "expected": expected, NOT_MATERIALIZED: expected}
