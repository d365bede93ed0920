"""Numbers that tell at a glance whether bars are what one expects: one row a symbol."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from bcdata import clock
from bcdata.api.lake import catalog_of
from bcdata.api.loading.lacking import teller
from bcdata.api.loading.request import request_of
from bcdata.api.loading.rows import Request
from bcdata.bars.resample import EXPLAINED
from bcdata.catalog import Catalog
from bcdata.errors import UsageError
from bcdata.frames.schema import TIME, Type
from bcdata.interval import Interval
from bcdata.pipeline.features.splits import Splits
from bcdata.reporting.ledgers import ledger_files, ledger_rows
from bcdata.store.layout import Partition
from bcdata.venues.calendar import bar_end, calendar, closed_window, next_open
from bcdata.windows import Window

SHARE = "share_"
"""What the columns begin with that tell which part of the rows a source has."""
_COLUMNS = ("high", "low", "close", "volume", "source")
STATS: dict[str, Type] = {
    "symbol": pl.String, "rows": pl.Int64, "expected": pl.Int64, "explained": pl.Int64,
    "first": TIME, "last": TIME, "minimum": pl.Float64, "maximum": pl.Float64,
    "mean_return": pl.Float64, "std_return": pl.Float64, "volume": pl.Float64,
}  # fmt: skip


def stats(
    dataset: str,
    symbols: str | Iterable[str] | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
    *,
    missing: str = "warn",
    root: str | Path | None = None,
    catalog: Catalog | None = None,
) -> pl.DataFrame:
    """Counts, prices, returns and sources of merged bars, one row a symbol.

    Args:
        dataset: its name; its rows are bars.
        symbols: one, several, or None for all that are there.
        start: the first instant, included, as in `load`; from each symbol's first partition if None.
        end: the instant before which bars open, itself left out; to the end of each symbol's last partition if None.
        missing: as in `load`.
        root: the lake; BCDATA_ROOT if None.
        catalog: the one in force if None.

    Returns:
        `symbol`; `rows`; `expected`, the bars of the range that have closed by now; `explained`, those that will never
        come (`upstream`, `no_trades`, `not_listed`, `delisted`): rows + explained = expected where nothing is open;
        `first` and `last` open (UTC); `minimum` and `maximum` price (lowest low, highest high); `mean_return` and
        `std_return` of close ÷ close before - 1, of bars that follow each other without a gap (standard deviation with
        n - 1), in the same shares where these were split in between; `volume`, the sum; and for each source
        `share_<source>`, its part of the rows, 0 to 1.

    Raises:
        UsageError: a dataset, symbol or instant that there is not, or rows that are no bars.
        MissingDataError: as in `load`.
        StoreError: a file is damaged.

    Examples:
        >>> bcdata.stats("spot_klines_1m", ["BTCUSDT", "ETHUSDT"], "2023-01", "2023-04")
    """
    request = request_of(dataset, symbols, start, end, missing=missing, root=root, catalog=catalog)
    if not request.of.are_bars or request.of.interval is None:
        raise UsageError(f"the rows of {dataset} are no bars; their numbers are asked for with query")
    source, found = request.of.source, request.found()
    splits = Splits.of(request.store, catalog_of(catalog), source)
    frames = {one["symbol"][0]: one for one in request.frames(found, _COLUMNS)}
    sources = sorted({name for one in frames.values() for name in one["source"].unique()})
    runs = ledger_rows(ledger_files(request.store, source, symbols=set(found), tell=_told_already))
    explained = runs.filter(pl.col("status").is_in(EXPLAINED)).partition_by("symbol", as_dict=True)
    rows = [
        {
            "symbol": symbol,
            **_counted(request, there, explained.get((symbol,), runs.clear())),
            **_numbers(frames.get(symbol), request.of.interval, sources, shares, is_signed=source.frame_type.is_signed),
        }
        for symbol, there in found.items()
        for shares in [_shares(splits, request, frames.get(symbol))]
    ]
    request.store.remember()
    return pl.DataFrame(rows, schema={**STATS, **{f"{SHARE}{name}": pl.Float64 for name in sources}})


def _told_already(_text: str) -> None:
    """Of what is held back the bars were left out, too, which has been said."""


def _shares(splits: Splits, request: Request, bars: pl.DataFrame | None) -> pl.Expr:
    """What one share from before the bars of a symbol has become by the end of each; what is not known is told."""
    shares, interval = pl.lit(1.0), request.of.source.bar_interval
    if bars is None or not interval.has_sessions:
        return shares
    symbol, first, last = bars["symbol"][0], bars["open_time"][0], bars["open_time"][-1]
    window = Window(first, request.of.interval.end(last) if request.of.interval else last)
    for finding in splits.findings(symbol, window):
        teller(request.missing)(f"{symbol}: {finding.message}")
    for split in splits.within(symbol, window):
        shares *= pl.when(bar_end(request.of.interval or interval) > split.at).then(split.ratio).otherwise(1.0)
    return shares


def _numbers(
    bars: pl.DataFrame | None, interval: Interval, sources: Iterable[str], shares: pl.Expr, *, is_signed: bool
) -> dict[str, object]:
    """What the bars of one symbol say; no rows, and null for all else, where there are none."""
    if bars is None:
        return {"rows": 0}
    follows = pl.col("open_time") == next_open(interval).shift(1)
    close = pl.col("close") * shares
    change = pl.when(follows).then(close / close.shift(1) - 1)
    no_number = pl.lit(None, pl.Float64)
    told = bars.select(
        rows=pl.len(),
        first=pl.col("open_time").min(),
        last=pl.col("open_time").max(),
        minimum=pl.col("low").min(),
        maximum=pl.col("high").max(),
        mean_return=no_number if is_signed else change.mean(),
        std_return=no_number if is_signed else change.std(),
        volume=pl.col("volume").sum() if bars["volume"].count() else no_number,
        **{f"{SHARE}{name}": (pl.col("source") == name).mean() for name in sources},
    )
    return told.row(0, named=True)


def _counted(request: Request, partitions: Sequence[Partition], runs: pl.DataFrame) -> dict[str, int]:
    """How many bars the range of a symbol should have by now, and how many of them, by these runs, will never come."""
    source, (start, end) = request.of.source, request.asked
    if start is None or end is None:
        if not partitions:
            return {"expected": 0, "explained": 0}
        start = start or source.grain.window(partitions[0].date).start
        end = end or source.grain.window(partitions[-1].date).end
    earliest = min(
        [source.start, *(one.date for one in partitions)]
    )  # the lake may have more than the catalog asks for
    begin = max(start, source.grain.window(earliest).start)
    window = closed_window(Window(begin, max(begin, end)), source.bar_interval, clock.now())
    days = calendar(source.hours)
    explained = 0
    for first, last in runs.select("start", "end").iter_rows():
        inside = Window(max(first, window.start), min(source.bar_interval.end(last), window.end))
        explained += 0 if inside.is_empty else days.opens(source.bar_interval, inside).len()
    return {"expected": days.opens(source.bar_interval, window).len(), "explained": explained}
