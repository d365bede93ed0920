"""Bars, features or labels of some symbols as one polars frame."""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path

import polars as pl

from bcdata import clock
from bcdata.bars.fill import Fill
from bcdata.bars.resample import resampled_bar
from bcdata.bars.segments import MIN_DAYS, MIN_PRICE_CHANGE
from bcdata.bars.segments import split as split_bars
from bcdata.catalog import Catalog, Dataset, load_catalog, no_parser, rows_of
from bcdata.errors import UsageError
from bcdata.frames.schema import merged_schema
from bcdata.intervals import Interval
from bcdata.pipeline.lake import require_none_lost
from bcdata.query import arguments
from bcdata.query.filled import filled
from bcdata.query.joined import Lent, lenders, lent_columns
from bcdata.query.root import require_lake
from bcdata.query.spans import fillable
from bcdata.query.verified_files import as_known, chosen, over, overlaps, read_groups
from bcdata.settings import Settings
from bcdata.store.store import Store
from bcdata.windows import Grain, Window

ZONES = ("merged", "features", "seasonality", "labels", "resampled")
_BEGINNING, _END = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_MONTH = re.compile(r"\d{4}-\d{2}", re.ASCII)


def load(
    dataset: str,
    symbols: str | Iterable[str] | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
    *,
    zone: str = "merged",
    fill: str = "none",
    split: bool = False,
    min_days: float = MIN_DAYS,
    min_price_change: float = MIN_PRICE_CHANGE,
    columns: Iterable[str] | None = None,
    join: str | Iterable[str] | None = None,
    root: str | Path | None = None,
    catalog: Catalog | None = None,
) -> pl.DataFrame:
    """Reads published rows of some symbols between two instants.

    Args:
        dataset: its name; in the zone `resampled` that of the coarser bars (`spot_klines_1h`).
        symbols: one, several, or None for all that are there.
        start: the first instant, included: a datetime, a date (its midnight), or ISO text (`2023-01`, `2023-01-05`,
            `2023-01-05T12:00`); UTC where it has no offset. From the beginning if None.
        end: the instant before which bars open, itself left out; to the end if None.
        zone: `merged`, `features`, `seasonality`, `labels` or `resampled`.
        fill: what becomes of missing bars: `none`, `null` or `flat` (`bcdata.bars.fill`); merged bars only. Never
            beyond now, after a delisting, or in a month that was not materialized (`bcdata.query.spans`).
        split: adds `segment`, a number that rises where the series breaks (`bcdata.bars.segments`); merged bars only.
            It looks at the real bars; filled ones belong to the segment before them.
        min_days: where it breaks: the shorter length of a gap, in days.
        min_price_change: where it breaks: the change of price over a gap, as a share.
        columns: only these, in this order, beside `symbol` and `open_time`. Of the files no other bytes are read, and
            verified, unless bars are filled or split.
        join: datasets (`um_metrics`) of the same market whose rows are joined to merged bars: each bar has the newest
            row of its contract that was known when the bar was (`known_at`), and with it the time of that row as
            `metrics_time`, which tells how old it is. Null before the first one. Not to bars of indices, which are of
            pairs.
        root: the lake; BCDATA_ROOT if None.
        catalog: the one in force if None.

    Returns:
        `symbol`, then the zone's columns; by symbol and time. A bar is labelled by its open, in UTC. `known_at` is from
        when on a row may be used.

    Raises:
        UsageError: a dataset, zone, symbol, column, policy or instant that there is not, or a root that is no folder.
        StoreError: a file is damaged.
    """
    known, named = arguments.catalog(catalog) or load_catalog(), arguments.columns(columns)
    only = None if symbols is None else arguments.symbols(symbols)
    days, change = arguments.number("min_days", min_days), arguments.number("min_price_change", min_price_change)
    arguments.flag("split", split)
    source, interval = _source(known, dataset, zone)
    policy = _policy(fill)
    if (policy is not Fill.NONE or split) and (zone != "merged" or interval is None):
        raise UsageError("only merged bars can be filled and split; leave `fill` and `split` out")
    if split and source.frame_type.is_signed:
        raise UsageError(f"{source.kind} have prices below zero, whose ratio says nothing; leave `split` out")
    joins = lenders(known, source, zone, join)
    asked = (None if start is None else _instant(start), None if end is None else _instant(end))
    window = Window(asked[0] or _BEGINNING, asked[1] or _END)
    if window.is_empty:
        raise UsageError(f"the range {start} .. {end} is empty or reversed; put the earlier instant first")
    store = Store(arguments.folder("root", root) if root else Settings().root)
    require_lake(store.root)
    wanted = _own_columns(named, lent_columns(joins)) if policy is Fill.NONE and not split else None
    where = pl.col(source.frame_type.time).is_between(window.start, window.end, closed="left") if any(asked) else None
    found_of = chosen(store, source, zone, dataset, only)
    for symbol, there in found_of.items():
        is_wanted = partial(overlaps, source, window)
        require_none_lost(store, there, zone, dataset, source=source.name, wanted=is_wanted, symbol=symbol)
    groups = [over(source, there, window) for there in found_of.values()]
    frames, lent = [], [Lent.of(store, one) for one in joins]
    read = read_groups(store, source, interval, groups, columns=wanted, where=where)
    for symbol, rows in zip(found_of, read, strict=True):
        found = rows if rows.height or rows.width > 1 else _none(rows, source, zone, interval)
        if interval is not None and split:  # it looks at real bars, so before any are filled
            found = split_bars(found, interval, min_days=days, min_price_change=change)
        if interval is not None and (found.height or all(asked)) and policy is not Fill.NONE:
            reach = Window(asked[0] or found["open_time"][0], asked[1] or interval.next(found["open_time"][-1]))
            parts = fillable(store, source, found_of[symbol], reach, clock.now())
            found = filled(found, policy, source, interval, parts)
        if interval is not None:
            for one in lent:
                found = one.joined(found, symbol, interval)
        frames.append(found.insert_column(0, pl.repeat(symbol, found.height, eager=True).alias("symbol")))
    store.remember()
    return _columns(pl.concat(frames, how="diagonal"), named) if frames else pl.DataFrame(schema={"symbol": pl.String})


def after(key: str) -> datetime:
    """The end of a date key (`2023-01`, `2023-01-05`), or the instant itself where the text is one.

    Raises:
        UsageError: the text is neither.
    """
    for grain in Grain:
        with suppress(UsageError):
            return grain.window(key).end
    return _instant(key)


def _source(catalog: Catalog, dataset: str, zone: str) -> tuple[Dataset, Interval | None]:
    """The dataset that partitions are made of, and the length of the bars."""
    arguments.text("dataset", dataset, "the name of a dataset")
    if arguments.text("zone", zone, f"one of {', '.join(ZONES)}") not in ZONES:
        raise UsageError(f"there is no zone {zone!r} to load; it is one of {', '.join(ZONES)}")
    if zone != "resampled":
        found = catalog[dataset]
        if found.ends_at_raw:
            raise UsageError(no_parser(dataset))
        return found, found.interval
    for one in catalog:
        if dataset in one.resampled():
            return one, one.resampled()[dataset].bar_interval
    names = ", ".join(name for one in catalog for name in one.resampled()) or "none"
    raise UsageError(f"no dataset is resampled to {dataset!r} in {catalog.path}; there are {names}")


def _none(rows: pl.DataFrame, source: Dataset, zone: str, interval: Interval | None) -> pl.DataFrame:
    """No rows, where a symbol has no file in the range: with the columns that files of the zone have."""
    schemas = {
        "merged": merged_schema(rows_of(source.name), funding=source.has_funding),
        "resampled": resampled_bar(funding=source.has_funding),
    }
    return as_known(pl.DataFrame(schema=schemas[zone]), interval) if zone in schemas else rows


def _policy(fill: str) -> Fill:
    if arguments.text("fill", fill, f"one of {', '.join(Fill)}") not in set(Fill):
        raise UsageError(f"there is no fill policy {fill!r}; it is one of {', '.join(Fill)}")
    return Fill(fill)


def _instant(value: str | date) -> datetime:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC)
    if isinstance(value, datetime):
        return clock.in_utc(value)
    if not isinstance(value, str):
        raise UsageError(f"{value!r} is no instant; write a datetime, a date, or ISO text such as 2023-01-05T12:00")
    return clock.parse_instant(f"{value}-01" if _MONTH.fullmatch(value) else value)


def _own_columns(named: Sequence[str] | None, lent: Sequence[str]) -> list[str] | None:
    """The columns to read of bars, by those that are wanted; None for all. By `known_at` others are joined to them."""
    if named is None or not lent:
        return named if named is None else list(named)
    return [*(name for name in named if name not in lent), "known_at"]


def _columns(rows: pl.DataFrame, columns: Sequence[str] | None) -> pl.DataFrame:
    if columns is None:
        return rows
    absent = [name for name in columns if name not in rows.columns]
    if absent:
        raise UsageError(f"there is no column {', '.join(absent)}; there are {', '.join(rows.columns)}")
    keys = [name for name in ("symbol", "open_time", "time") if name in rows.columns]
    names = [*keys, *(name for name in columns if name not in keys)]
    return pl.DataFrame([rows.get_column(name) for name in dict.fromkeys(names)])  # select would copy
