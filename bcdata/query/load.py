"""Bars, features or labels of some symbols as one polars frame."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path

import polars as pl

from bcdata import clock
from bcdata.bars.fill import Fill
from bcdata.bars.known import with_known_at
from bcdata.bars.segments import MIN_DAYS, MIN_PRICE_CHANGE
from bcdata.bars.segments import split as split_bars
from bcdata.catalog import Catalog, Dataset, load_catalog, no_parser
from bcdata.errors import UsageError
from bcdata.frames.schema import TIME
from bcdata.intervals import SETTLEMENT_MINUTE, Interval
from bcdata.pipeline.lake import read_groups_sound, read_sound, require_none_lost
from bcdata.pipeline.own import is_own
from bcdata.query import arguments
from bcdata.query.filled import filled
from bcdata.query.root import require_lake
from bcdata.query.spans import fillable
from bcdata.query.verified_files import of_grain, standing
from bcdata.settings import Settings
from bcdata.store.layout import Partition
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
    asked = (None if start is None else _instant(start), None if end is None else _instant(end))
    window = Window(asked[0] or _BEGINNING, asked[1] or _END)
    if window.is_empty:
        raise UsageError(f"the range {start} .. {end} is empty or reversed; put the earlier instant first")
    store = Store(arguments.folder("root", root) if root else Settings().root)
    require_lake(store.root)
    wanted = named if policy is Fill.NONE and not split else None
    where = pl.col(source.frame_type.time).is_between(window.start, window.end, closed="left") if any(asked) else None
    chosen = _chosen(store, source, zone, dataset, only)
    for symbol, there in chosen.items():
        overlaps = partial(_overlaps, source, window)
        require_none_lost(store, there, zone, dataset, source=source.name, wanted=overlaps, symbol=symbol)
    groups = [_over(source, there, window) for there in chosen.values()]
    frames = []
    for symbol, rows in zip(chosen, _read(store, source, interval, groups, columns=wanted, where=where), strict=True):
        found = rows
        if interval is not None and split:  # it looks at real bars, so before any are filled
            found = split_bars(found, interval, min_days=days, min_price_change=change)
        if interval is not None and found.height and policy is not Fill.NONE:
            reach = Window(asked[0] or found["open_time"][0], asked[1] or interval.next(found["open_time"][-1]))
            parts = fillable(store, source, chosen[symbol], reach, clock.now())
            found = filled(found, policy, source, interval, parts)
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


def _chosen(
    store: Store, source: Dataset, zone: str, dataset: str, wanted: Sequence[str] | None
) -> dict[str, list[Partition]]:
    """The partitions of the symbols that are asked for, by symbol, ascending by date."""
    there: dict[str, list[Partition]] = {}
    for one in of_grain(store.partitions(zone, dataset), source.grain):
        there.setdefault(one.symbol, []).append(one)
    published = store.publications.symbols(zone, dataset)
    known = (symbol for symbol in published if is_own(Partition(zone, dataset, symbol, "")))
    there |= {symbol: [] for symbol in known if symbol not in there}  # of which all is lost, as is then said
    if wanted is None:
        return dict(sorted(there.items()))
    absent = [symbol for symbol in wanted if symbol not in there]
    if absent:
        where = f"{zone}/{dataset} under {store.root}"
        raise UsageError(f"there is nothing of {', '.join(absent)} in {where}; materialize {source.name} first")
    return {symbol: there[symbol] for symbol in wanted}


def _read(
    store: Store,
    source: Dataset,
    interval: Interval | None,
    groups: Iterable[Iterable[Partition]],
    *,
    columns: Sequence[str] | None,
    where: pl.Expr | None,
) -> Iterator[pl.DataFrame]:
    """The rows of each group, with these columns at least, out of files of which what is read is verified."""
    names = None if columns is None else list(dict.fromkeys([source.frame_type.time, *columns]))
    there = [list(standing(store, group, source.name)) for group in groups]
    together = iter(read_groups_sound(store, [group for group in there if group], source.name, names, where))
    for group in there:
        if not group:
            yield pl.DataFrame(schema={source.frame_type.time: TIME})
        elif (rows := next(together)) is not None:
            yield rows if names else _with_known_at(rows, interval)
        else:
            found = (_rows(store, one, source.name, names) for one in group)
            each = pl.concat((_with_known_at(one, interval) for one in found if one is not None), how="diagonal")
            yield each if where is None else each.filter(where)


def _over(source: Dataset, partitions: Iterable[Partition], window: Window) -> Iterator[Partition]:
    """The partitions that overlap the window."""
    return (one for one in partitions if _overlaps(source, window, one))


def _overlaps(source: Dataset, window: Window, one: Partition) -> bool:
    if not source.grain.is_key(one.date):
        return False
    held = source.grain.window(one.date)
    return held.end > window.start and held.start < window.end


def _rows(store: Store, one: Partition, source: str, names: Sequence[str] | None) -> pl.DataFrame | None:
    rows = read_sound(store, one, source, names, are_optional=True)
    if rows is None or names is None or set(names) <= {*rows.columns, "symbol", "known_at"}:
        return rows
    return read_sound(store, one, source)  # one that is not there: an error names all that are


def _with_known_at(rows: pl.DataFrame, interval: Interval | None) -> pl.DataFrame:
    """The rows with `known_at`.

    Of settlements it is the end of their minute; of bars that an earlier version of the code published, their end.
    """
    if "known_at" in rows.columns:
        return rows
    if interval is not None:
        return with_known_at(rows, interval)
    known = pl.col("time") + SETTLEMENT_MINUTE
    return rows.select("time", known.alias("known_at"), pl.exclude("time"))


def _columns(rows: pl.DataFrame, columns: Sequence[str] | None) -> pl.DataFrame:
    if columns is None:
        return rows
    absent = [name for name in columns if name not in rows.columns]
    if absent:
        raise UsageError(f"there is no column {', '.join(absent)}; there are {', '.join(rows.columns)}")
    keys = [name for name in ("symbol", "open_time", "time") if name in rows.columns]
    names = [*keys, *(name for name in columns if name not in keys)]
    return pl.DataFrame([rows.get_column(name) for name in dict.fromkeys(names)])  # select would copy
