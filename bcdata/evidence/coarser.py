"""What files of a coarser interval tell about missing bars: that they have none there either, or what was traded there.

The finest coarser interval that the archive lists for a day is read: the fewer bars a coarse one stands for, the
more of a hole it can prove. What was read of an object is remembered; losing that costs requests.
"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import polars as pl

from bcdata.evidence.remembered import ObjectLooks, Once
from bcdata.frames.schema import TIME
from bcdata.interval import Interval
from bcdata.ledger.ledger import Reason, Status
from bcdata.ledger.negatives import absent_too, empty_windows
from bcdata.ledger.residuals import CoarseBar
from bcdata.providers.base import PERIODS, BulkObject, Series
from bcdata.providers.formats import BulkFormat, PublishedFile
from bcdata.providers.registry import bulk_format
from bcdata.providers.roles import BulkSource
from bcdata.store.state.attempts import Attempts
from bcdata.windows import Grain, Window

_MOST_OBJECTS = 40
"""Objects read for one partition in one run: a month's days and their neighbours. What is left is read by the next."""
_MANY_DAYS = 3
"""Above this a listed monthly object is read in the place of daily ones."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Read:
    """The coarse bars of one object (`open_time`, UTC, ascending; `trades`), and the window that it names."""

    window: Window
    bars: pl.DataFrame


class CoarserBars:
    """Asks for listings once per series and run; what objects hold it remembers for good."""

    def __init__(self, archive: BulkSource, memory: Attempts, now: datetime) -> None:
        self._archive = archive
        self._looks = ObjectLooks(archive, memory, now)
        self._folders = Once[tuple[Series, str], list[str]]()

    async def evidence(self, series: Series, missing: pl.Series) -> list[Reason | CoarseBar]:
        """What the archive's coarser files say of missing bars (opens, UTC).

        Returns:
            Windows in which they have no bars either, between bars of theirs, as reasons; and the bars of theirs in
            which some are missing. By time.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        fine = Interval.parse(series.interval or "")
        left = set(missing.dt.date())
        found: list[Reason | CoarseBar] = []
        budget = _MOST_OBJECTS
        for name in await self._coarser_intervals(series, fine):
            if not left or budget <= 0:
                break
            coarse = replace(series, interval=name)
            read = await self._read(coarse, left, budget)
            budget -= len(read)
            covered = {day for one in read for day in one.window.days()} & left
            left -= covered
            found += _said(missing.filter(missing.dt.date().is_in(list(covered))), fine, Interval.parse(name), read)
        return sorted(found, key=_start)

    async def _coarser_intervals(self, series: Series, fine: Interval) -> list[str]:
        """The intervals that the archive has of the symbol and that bars of this one tile, finest first."""
        ask = partial(self._archive.intervals, series.market, series.kind, series.symbol)
        listed = await asyncio.gather(
            *(self._folders.get((series, period), partial(ask, period)) for period in PERIODS)
        )
        every = (Interval.parse(name) for name in set().union(*listed))
        return [one.name for one in sorted((one for one in every if _tiles(fine, one)), key=_length)]

    async def _read(self, coarse: Series, days: set[date], most: int) -> list[_Read]:
        """The objects that cover these days or their neighbours: a hole at midnight has its other side there."""
        around = {day + at * _DAY for day in days for at in (-1, 0, 1)}
        first, last = Grain.DAY.key(_midnight(min(around))), Grain.DAY.key(_midnight(max(around)))
        daily, monthly = await asyncio.gather(
            self._archive.objects(coarse, "daily", first=first, last=last),
            self._archive.objects(coarse, "monthly", first=first[:7], last=last[:7]),
        )
        chosen = _chosen(daily, monthly, days, around)[:most]
        read = await asyncio.gather(*(self._bars(coarse, one) for one in chosen))
        return [one for one in read if one is not None]

    async def _bars(self, coarse: Series, one: BulkObject) -> _Read | None:
        """What an object holds; None where it cannot be had, is damaged, or came before its window had ended."""
        window, interval = PERIODS[one.period].window(one.date_key), Interval.parse(coarse.interval or "")
        if one.last_modified is not None and one.last_modified < window.end:
            return None
        text = await self._looks.look("coarse", one, partial(_summary, bulk_format(coarse.market), interval))
        bars = json.loads(text) if text else None
        return _Read(window, _restored(bars, interval)) if bars else None


def _summary(files: BulkFormat, interval: Interval, file: PublishedFile) -> str:
    """The bars of a file in few words, as JSON; an empty object where it cannot be used."""
    bars = _read_bars(files, file, interval)
    if bars is None or bars.is_empty():
        return "{}"
    stamps = bars["open_time"].to_list()
    gaps = [[gap.start.isoformat(), gap.end.isoformat()] for gap in empty_windows(stamps, interval)]
    first, last = stamps[0].isoformat(), stamps[-1].isoformat()
    return json.dumps({"first": first, "last": last, "gaps": gaps, "trades": bars["trades"].to_list()})


def _read_bars(files: BulkFormat, file: PublishedFile, interval: Interval) -> pl.DataFrame | None:
    """The opens (UTC, ascending) and trades of a file of bars; None where it cannot be used as a whole.

    Bars off the grid (early 2018) cover other time than their slot of it.
    """
    opens = files.opens(file, interval)
    if opens is None:
        return None
    rows = files.bars_as_sent(file, interval)
    if len(opens) != rows.height or rows.select("open_time", "trades").null_count().row(0) != (0, 0):
        return None
    bars = rows.select(pl.col("open_time").cast(TIME), "trades").sort("open_time")
    is_off = any(interval.floor(at) != at for at in bars["open_time"])
    return None if is_off or bars["open_time"].is_duplicated().any() else bars


def _chosen(
    daily: Sequence[BulkObject], monthly: Sequence[BulkObject], days: set[date], around: set[date]
) -> list[BulkObject]:
    """Daily objects for a few days, the month's for many; either where there is no other."""
    by_day = {date.fromisoformat(one.date_key): one for one in daily}
    by_month = {one.date_key: one for one in monthly}
    chosen: dict[str, BulkObject] = {}
    for day in sorted(around, key=lambda day: (day not in days, day)):
        month = f"{day:%Y-%m}"
        is_busy = sum(f"{one:%Y-%m}" == month for one in days) > _MANY_DAYS
        found = by_month.get(month) if is_busy or day not in by_day else None
        found = found or by_day.get(day)
        if found is not None:
            chosen.setdefault(found.key, found)
    return list(chosen.values())


def _said(missing: pl.Series, fine: Interval, coarse: Interval, read: Sequence[_Read]) -> Iterator[Reason | CoarseBar]:
    empty = pl.DataFrame(schema={"open_time": TIME, "trades": pl.Int64})
    bars = pl.concat([empty, *(one.bars for one in read)]).unique("open_time", keep="first").sort("open_time")
    words = f"the archive's {coarse.name} files have bars on both sides and none here"
    for window in absent_too(missing, fine, bars["open_time"], coarse, [one.window for one in read]):
        yield Reason(window, Status.UPSTREAM, words)
    slots = missing.dt.truncate(coarse.name).unique()
    for at, trades in bars.filter(pl.col("open_time").is_in(slots.implode())).iter_rows():
        yield CoarseBar(at, coarse.name, trades)


def _start(one: Reason | CoarseBar) -> tuple[datetime, str]:
    return (one.window.start, "") if isinstance(one, Reason) else (one.start, one.interval)


def _restored(told: dict[str, Any], interval: Interval) -> pl.DataFrame:
    """The bars of an object out of what was remembered of it."""
    first, last = (datetime.fromisoformat(told[edge]) for edge in ("first", "last"))
    opens = pl.datetime_range(first, last, interval.length or "1mo", time_unit="us", eager=True).cast(TIME)
    opens = opens.alias("open_time")
    for start, end in told["gaps"]:
        inside = opens.is_between(datetime.fromisoformat(start), datetime.fromisoformat(end), closed="left")
        opens = opens.filter(~inside)
    return opens.to_frame().with_columns(pl.Series("trades", told["trades"], dtype=pl.Int64))


def _tiles(fine: Interval, coarse: Interval) -> bool:
    """Whether bars of the one make up bars of the other, and whether days hold whole ones of these."""
    if fine.length is None or coarse.length is None or not coarse.fills(_DAY):
        return False
    return fine.length < coarse.length and coarse.length % fine.length == timedelta(0)


def _length(interval: Interval) -> timedelta:
    return interval.length or timedelta.max


def _midnight(day: date) -> datetime:
    return Grain.DAY.window(day.isoformat()).start
