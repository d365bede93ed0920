"""Bars, features or labels of some symbols: as one polars frame, as a lazy one, or in another library's form."""

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack, overload

import polars as pl
import pyarrow as pa

from bcdata.api import arguments
from bcdata.api.loading.beside import columns_of_bars, parts_beside
from bcdata.api.loading.collector import without_collector
from bcdata.api.loading.forms import Form, converted, form_of, wide_by_symbol
from bcdata.api.loading.request import request_of
from bcdata.api.loading.rows import KEYS, Request, in_order, named
from bcdata.api.loading.scanned import scanned
from bcdata.api.options import LoadOptions
from bcdata.bars.segments import MIN_DAYS, MIN_PRICE_CHANGE
from bcdata.catalog import Catalog
from bcdata.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd


@overload
def load(
    dataset: str, symbols: str | Iterable[str] | None = ..., start: str | date | None = ...,
    end: str | date | None = ..., *, to: Literal["pandas"], wide: str | None = ..., **options: Unpack[LoadOptions],
) -> "pd.DataFrame": ...  # fmt: skip
@overload
def load(
    dataset: str, symbols: str | Iterable[str] | None = ..., start: str | date | None = ...,
    end: str | date | None = ..., *, to: Literal["arrow"], wide: str | None = ..., **options: Unpack[LoadOptions],
) -> pa.Table: ...  # fmt: skip
@overload
def load(
    dataset: str, symbols: str | Iterable[str] | None = ..., start: str | date | None = ...,
    end: str | date | None = ..., *, lazy: Literal[True], **options: Unpack[LoadOptions],
) -> pl.LazyFrame: ...  # fmt: skip
@overload
def load(
    dataset: str, symbols: str | Iterable[str] | None = ..., start: str | date | None = ...,
    end: str | date | None = ..., *, wide: str | None = ..., **options: Unpack[LoadOptions],
) -> pl.DataFrame: ...  # fmt: skip
def load(
    dataset: str,
    symbols: str | Iterable[str] | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
    *,
    zone: str = "merged",
    interval: str | None = None,
    columns: Iterable[str] | None = None,
    features: str | Iterable[str] | bool | None = None,
    labels: str | Iterable[str] | bool | None = None,
    join: str | Iterable[str] | None = None,
    wide: str | None = None,
    fill: str = "none",
    adjusted: str = "none",
    adjusted_as_of: str | date | None = None,
    unit: str = "raw",
    split: bool = False,
    min_days: float = MIN_DAYS,
    min_price_change: float = MIN_PRICE_CHANGE,
    missing: str = "warn",
    to: str = "polars",
    lazy: bool = False,
    root: str | Path | None = None,
    catalog: Catalog | None = None,
) -> Any:
    """Reads published rows of some symbols between two instants.

    Args:
        dataset: its name; in the zone `resampled` that of the coarser bars (`spot_klines_1h`).
        symbols: one, several, or None for all that are there.
        start: the first instant, included: a datetime, a date (its midnight), or ISO text (`2023-01`, `2023-01-05`,
            `2023-01-05T12:00`); UTC where it has no offset. From the beginning if None.
        end: the instant before which bars open, itself left out; to the end if None. Commands take the last date key,
            included.
        zone: `merged`, `features`, `seasonality`, `labels` or `resampled`.
        interval: coarser merged bars (`15m`, `1h`, `1d`), computed now: equal to those that the zone `resampled` keeps.
        columns: only these, in this order, beside `symbol` and `open_time`. Of the files no other bytes are read, and
            verified, unless bars are filled or split.
        features: columns of the zone `features` beside merged bars: one, several, or True for all. `known_at` is then
            when both are known.
        labels: the same of labels, which look ahead: they may be used from `labels_known_at` on, not from `known_at`.
        join: datasets (`um_metrics`) of the same market whose rows are joined to merged bars: each bar has the newest
            row of its contract that was known when the bar was (`known_at`), and with it the time of that row as
            `metrics_time`, which tells how old it is. Null before the first one. Not to bars of indices, which are of
            pairs.
        wide: one column for each symbol, with the values of this one: `open_time`, then `BTCUSDT`, `ETHUSDT`, ...
        fill: what becomes of missing bars: `none`, `null` or `flat` (`bcdata.bars.fill`); merged bars only. Never
            beyond now, after a delisting, or in a month that was not materialized (`bcdata.api.loading.spans`).
        adjusted: of stocks: `none` (as traded on the day), `splits` (prices and volumes before a split in shares of
            today), or `all` (prices before a payment less its share of the close before, too; volumes for splits only).
            Needs the dataset of the market's actions (`us_equity_actions`). `features` beside bars stay as they are.
        adjusted_as_of: the instant as of which: what was known, or takes effect, later changes nothing. Now if None.
        unit: of stocks: `raw` (prices as they were sent: pence in London) or `major` (whole units of the currency:
            those in hundredths, and `quote_volume`, are divided by 100). What they are in is told by the catalog
            (`instruments`), the source, or the symbol's suffix, of which there is a warning; else it is an error.
        split: adds `segment`, a number that rises where the series breaks (`bcdata.bars.segments`); merged bars only.
            It looks at the real bars; filled ones belong to the segment before them.
        min_days: where it breaks: the shorter length of a gap, in days.
        min_price_change: where it breaks: the change of price over a gap, as a share.
        missing: what becomes of a range that was never published, or is held back: `raise` (`MissingDataError`), `warn`
            (`MissingDataWarning`, with the command that fetches it) or `ignore`. Bars that a ledger explains are none.
        to: `polars`, `pandas` or `arrow`.
        lazy: a LazyFrame, which reads when it is collected, and no columns that are not used (`bcdata.scan`).
        root: the lake; BCDATA_ROOT if None.
        catalog: the one in force if None.

    Returns:
        `symbol`, then the zone's columns, also where there are no rows; by symbol and time. A bar is labelled by its
        open, in UTC. `known_at` is from when on a row may be used.

    Raises:
        UsageError: a dataset, zone, symbol, column, policy or instant that there is not, or a root that is no folder.
        MissingDataError: `missing` is `raise`, and something is.
        StoreError: a file is damaged.

    Examples:
        >>> bars = bcdata.load("spot_klines_1m", ["BTCUSDT", "ETHUSDT"], "2023-01", "2023-02", interval="1h")
        >>> closes = bcdata.load("spot_klines_1m", start="2023-01", wide="close", interval="1h")
    """
    form, names = form_of(to), arguments.columns(columns)
    symbols = None if symbols is None else arguments.symbols(symbols)  # once: of an iterator nothing is left then
    if arguments.flag("lazy", lazy) and (wide is not None or form is not Form.POLARS):
        raise UsageError("a lazy frame has its rows below each other, in polars; leave `wide` and `to` out")
    if wide is not None:
        if arguments.text("wide", wide, "the name of a column") in KEYS:
            raise UsageError(f"`wide` takes a column of values; {wide} is in every row's key")
        names = [wide]
    request = request_of(
        dataset, symbols, start, end, zone=zone, interval=interval, join=join, fill=fill, adjusted=adjusted,
        adjusted_as_of=adjusted_as_of, unit=unit, split=split,
        min_days=min_days, min_price_change=min_price_change, missing=missing, root=root, catalog=catalog,
    )  # fmt: skip
    parts = parts_beside(request.of, features=features, labels=labels)
    own = columns_of_bars(names, parts)
    others = [
        (one, request_of(dataset, symbols, start, end, zone=one.zone, missing=missing, root=root, catalog=catalog))
        for one in parts
    ]
    bars_known = own is None or "known_at" in own
    if lazy:
        plan = scanned(request, own)
        for part, other in others:
            plan = part.beside(plan, scanned(other, part.to_read), bars_known=bars_known)
        return plan if names is None or not others else plan.select(in_order(names, plan.collect_schema().names()))
    found = _read(request, own)
    for part, other in others:
        found = part.beside(found.lazy(), _read(other, part.to_read).lazy(), bars_known=bars_known).collect()
    if others and names is not None:
        found = found.select(in_order(names, found.columns))
    if wide is not None:
        return converted(wide_by_symbol(found, wide, _symbols(request, found)), form)
    return converted(found, form)


def scan(
    dataset: str,
    symbols: str | Iterable[str] | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
    **options: Unpack[LoadOptions],
) -> pl.LazyFrame:
    """The rows that `load` reads, as a LazyFrame: read and verified when it is collected.

    Columns that a query does not use are not read. Symbols and times are chosen by the arguments: a filter on them
    reads the rows first. What is wrong with the arguments, and what is missing, is said at once.

    Args:
        dataset: as in `load`.
        symbols: as in `load`.
        start: as in `load`.
        end: as in `load`.
        options: as in `load`, but for `wide` and `to`.

    Raises:
        UsageError: as `load` does.
        MissingDataError: as `load` does.
        StoreError: a file is lost; a damaged one is an error when the rows are collected.

    Examples:
        >>> bars = bcdata.scan("spot_klines_1m", "BTCUSDT", "2023-01", "2023-04")
        >>> daily = bars.group_by_dynamic("open_time", every="1d").agg(pl.col("volume").sum()).collect()
    """
    return load(dataset, symbols, start, end, lazy=True, **options)


def _read(request: Request, columns: Sequence[str] | None) -> pl.DataFrame:
    with without_collector():
        found = list(request.frames(request.found(), columns))
    request.store.remember()
    return named(pl.concat(found, how="diagonal") if found else request.empty(None), columns)


def _symbols(request: Request, rows: pl.DataFrame) -> Sequence[str]:
    return rows["symbol"].unique(maintain_order=True).to_list() if request.symbols is None else request.symbols
