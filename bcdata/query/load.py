"""Bars, features or labels of some symbols as one polars frame."""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path

import polars as pl

from bcdata import clock
from bcdata.bars.fill import FILLED, Fill
from bcdata.bars.segments import MIN_DAYS, MIN_PRICE_CHANGE
from bcdata.bars.segments import split as split_bars
from bcdata.catalog import Catalog, Dataset, load_catalog, no_parser
from bcdata.errors import UsageError
from bcdata.intervals import Interval
from bcdata.pipeline.lake import require_none_lost
from bcdata.query import arguments
from bcdata.query.joined import JoinedDataset, datasets_to_join, joined_columns
from bcdata.query.lacking import Missing, tell_of_lacking
from bcdata.query.root import require_lake
from bcdata.query.spans import fillable, filled
from bcdata.query.verified_files import as_known, chosen, over, overlaps, read_groups
from bcdata.query.views import schema_of
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
    join: str | Iterable[str] | None = None,
    missing: str = "warn",
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
        missing: what becomes of a range that was never published, or is held back: `raise` (`MissingDataError`), `warn`
            (`MissingDataWarning`, with the command that fetches it) or `ignore`. Bars that a ledger explains are none.
        root: the lake; BCDATA_ROOT if None.
        catalog: the one in force if None.

    Returns:
        `symbol`, then the zone's columns, also where there are no rows; by symbol and time. A bar is labelled by its
        open, in UTC. `known_at` is from when on a row may be used.

    Raises:
        UsageError: a dataset, zone, symbol, column, policy or instant that there is not, or a root that is no folder.
        MissingDataError: `missing` is `raise`, and something is.
        StoreError: a file is damaged.
    """
    known, named = arguments.catalog(catalog) or load_catalog(), arguments.columns(columns)
    only = None if symbols is None else arguments.symbols(symbols)
    days, change = arguments.number("min_days", min_days), arguments.number("min_price_change", min_price_change)
    arguments.flag("split", split)
    source, interval = _source(known, dataset, zone)
    policy, reaction = _policy(fill), _reaction(missing)
    if (policy is not Fill.NONE or split) and (zone != "merged" or interval is None):
        raise UsageError("only merged bars can be filled and split; leave `fill` and `split` out")
    if split and source.frame_type.is_signed:
        raise UsageError(f"{source.kind} have prices below zero, whose ratio says nothing; leave `split` out")
    joins = datasets_to_join(known, source, zone, join)
    asked = (None if start is None else _instant(start), None if end is None else _instant(end))
    window = Window(asked[0] or _BEGINNING, asked[1] or _END)
    if window.is_empty:
        raise UsageError(f"the range {start} .. {end} is empty or reversed; put the earlier instant first")
    store = Store(arguments.folder("root", root) if root else Settings().root)
    require_lake(store.root)
    wanted = _own_columns(named, joined_columns(joins)) if policy is Fill.NONE and not split else None
    where = pl.col(source.frame_type.time).is_between(window.start, window.end, closed="left") if any(asked) else None
    found_of = chosen(store, source, zone, dataset, only)
    for symbol, there in found_of.items():
        is_wanted = partial(overlaps, source, window)
        require_none_lost(store, there, zone, dataset, source=source.name, wanted=is_wanted, symbol=symbol)
    tell_of_lacking(source, dataset, found_of, asked, now=clock.now(), missing=reaction)
    groups = [over(source, there, window) for there in found_of.values()]
    joined = [JoinedDataset.of(store, one) for one in joins]
    finish = _Finish(store, source, interval, policy, asked, (days, change) if split else None, joined)
    read = read_groups(store, source, interval, groups, columns=wanted, where=where)
    nothing = as_known(pl.DataFrame(schema=schema_of(source, zone, dataset)), interval)
    frames = [
        finish(rows if rows.height else nothing, symbol, found_of[symbol])
        for symbol, rows in zip(found_of, read, strict=True)
    ]
    store.remember()
    some = [one for one in frames if one.height] or [finish(nothing, "", [])]
    return _columns(pl.concat(some, how="diagonal"), named)


@dataclass(frozen=True, slots=True)
class _Finish:
    """What is done with the rows of each symbol after they were read.

    Attributes:
        store: the lake.
        source: the dataset that they are made of.
        interval: the length of the bars; None where rows are none.
        policy: what becomes of missing bars.
        asked: the first instant, and the one before which rows were asked for.
        split: where series break, in days and as a share of the price; None where they are not split.
        joined: what is joined.
    """

    store: Store
    source: Dataset
    interval: Interval | None
    policy: Fill
    asked: tuple[datetime | None, datetime | None]
    split: tuple[float, float] | None
    joined: Sequence[JoinedDataset]

    def __call__(self, rows: pl.DataFrame, symbol: str, partitions: Sequence[Partition]) -> pl.DataFrame:
        found = rows.clone() if self.interval is None else self._bars(rows, symbol, partitions, self.interval)
        return found.insert_column(0, pl.repeat(symbol, found.height, eager=True, dtype=pl.String).alias("symbol"))

    def _bars(
        self, rows: pl.DataFrame, symbol: str, partitions: Sequence[Partition], interval: Interval
    ) -> pl.DataFrame:
        found = rows.clone()
        if self.split:  # it looks at real bars, so before any are filled
            found = split_bars(found, interval, min_days=self.split[0], min_price_change=self.split[1])
        start, end = self.asked
        if self.policy is not Fill.NONE and (found.height or (start and end)):
            reach = Window(start or found["open_time"][0], end or interval.next(found["open_time"][-1]))
            parts = fillable(self.store, self.source, partitions, reach, clock.now())
            found = filled(found, self.policy, self.source, interval, parts)
        elif self.policy is Fill.FLAT:
            found = found.with_columns(pl.lit(None, pl.Boolean).alias(FILLED))
        for one in self.joined:
            found = one.joined(found, symbol, interval)
        return found


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


def _reaction(missing: str) -> Missing:
    if arguments.text("missing", missing, f"one of {', '.join(Missing)}") not in set(Missing):
        raise UsageError(f"`missing` is {missing!r}; it is one of {', '.join(Missing)}")
    return Missing(missing)


def _instant(value: str | date) -> datetime:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC)
    if isinstance(value, datetime):
        return clock.in_utc(value)
    if not isinstance(value, str):
        raise UsageError(f"{value!r} is no instant; write a datetime, a date, or ISO text such as 2023-01-05T12:00")
    return clock.parse_instant(f"{value}-01" if _MONTH.fullmatch(value) else value)


def _own_columns(named: Sequence[str] | None, joined: Sequence[str]) -> list[str] | None:
    """The columns to read of bars, by those that are wanted; None for all. By `known_at` others are joined to them."""
    if named is None or not joined:
        return named if named is None else list(named)
    return [*(name for name in named if name not in joined), "known_at"]


def _columns(rows: pl.DataFrame, columns: Sequence[str] | None) -> pl.DataFrame:
    if columns is None:
        return rows
    absent = [name for name in columns if name not in rows.columns]
    if absent:
        raise UsageError(f"there is no column {', '.join(absent)}; there are {', '.join(rows.columns)}")
    keys = [name for name in ("symbol", "open_time", "time") if name in rows.columns]
    names = [*keys, *(name for name in columns if name not in keys)]
    return pl.DataFrame([rows.get_column(name) for name in dict.fromkeys(names)])  # select would copy
