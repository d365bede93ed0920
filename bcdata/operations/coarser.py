"""What files of a coarser interval tell about missing bars, where REST could not tell or is no source.

The finest coarser interval that the archive lists for a day is read: the fewer bars a coarse one stands for, the
more of a hole it can prove. What was read of an object is remembered; losing that costs requests.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from bcdata.bars.gaps import Reason, Status
from bcdata.bars.negatives import against_coarser, silences
from bcdata.bars.schema import TIME
from bcdata.errors import NotFoundError
from bcdata.intervals import Interval
from bcdata.providers.binance.archive import ArchiveObject, BinanceArchive, Series
from bcdata.providers.binance.names import DAILY_INTERVALS, GRAINS, INTERVALS
from bcdata.providers.binance.peek import content_bound, read_opens
from bcdata.store.attempts import Attempts
from bcdata.windows import Grain, Window

_MOST_OBJECTS = 40
"""Objects read for one partition in one run: a month's days and their neighbours. What is left is read by the next."""
_MANY_DAYS = 3
"""Above this a listed monthly object is read in the place of daily ones."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Read:
    """The coarse opens of one object, and the window that it names."""

    window: Window
    opens: pl.Series


class Coarser:
    """Asks for listings once per series and run; what objects hold it remembers for good."""

    def __init__(self, archive: BinanceArchive, memory: Attempts, now: datetime) -> None:
        self._archive = archive
        self._memory = memory
        self._now = now
        self._folders: dict[tuple[Series, str], asyncio.Task[list[str]]] = {}

    async def testimony(self, series: Series, missing: pl.Series) -> list[Reason]:
        """What the archive's coarser files say of missing bars (opens, UTC): absent there too, or there.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        fine = Interval.parse(series.interval or "")
        left = set(missing.dt.date())
        reasons: list[Reason] = []
        budget = _MOST_OBJECTS
        for name in await self._coarser_intervals(series, fine):
            if not left or budget <= 0:
                break
            coarse = replace(series, interval=name)
            read = await self._read(coarse, left, budget)
            budget -= len(read)
            covered = {day for one in read for day in one.window.days()} & left
            left -= covered
            reasons += _said(missing.filter(missing.dt.date().is_in(list(covered))), fine, Interval.parse(name), read)
        return sorted(reasons, key=lambda reason: reason.window.start)

    async def _coarser_intervals(self, series: Series, fine: Interval) -> list[str]:
        """The intervals that the archive has of the symbol and that bars of this one tile, finest first."""
        for period in GRAINS:
            if (series, period) not in self._folders:
                asking = self._archive.intervals(series.market, series.kind, series.symbol, period)
                self._folders[series, period] = asyncio.create_task(asking)
        listed = await asyncio.gather(*(asyncio.shield(self._folders[series, period]) for period in GRAINS))
        return [name for name in INTERVALS if name in set().union(*listed) and _tiles(fine, Interval.parse(name))]

    async def _read(self, coarse: Series, days: set[date], most: int) -> list[_Read]:
        """The objects that cover these days or their neighbours: a hole at midnight has its other side there."""
        around = {day + at * _DAY for day in days for at in (-1, 0, 1)}
        first, last = Grain.DAY.key(_midnight(min(around))), Grain.DAY.key(_midnight(max(around)))
        daily, monthly = await asyncio.gather(
            self._archive.objects(coarse, "daily", first=first, last=last),
            self._archive.objects(coarse, "monthly", first=first[:7], last=last[:7]),
        )
        chosen = _chosen(daily, monthly, days, around)[:most]
        read = await asyncio.gather(*(self._opens(coarse, one) for one in chosen))
        return [one for one in read if one is not None]

    async def _opens(self, coarse: Series, one: ArchiveObject) -> _Read | None:
        """What an object holds; None where it cannot be had, is damaged, or came before its window had ended."""
        window, interval = GRAINS[one.period].window(one.date_key), Interval.parse(coarse.interval or "")
        key = f"holds/{one.key}/{one.size}/{one.etag}/{one.last_modified}"
        known = self._memory.detail(key)
        if known is None:
            known = json.dumps(await self._look(one, window, interval))
            self._memory.note([key], self._now, known)
        told = json.loads(known)
        return _Read(window, _restored(told, interval)) if told else None

    async def _look(self, one: ArchiveObject, window: Window, interval: Interval) -> dict[str, Any]:
        if one.last_modified is not None and one.last_modified < window.end:
            return {}
        try:
            fetched = await self._archive.fetch(one)
        except NotFoundError:
            return {}
        if fetched.checksum == "mismatch" or fetched.size_differs:
            return {}
        opens = await asyncio.to_thread(read_opens, fetched.body, one.name, content_bound(window, interval))
        if opens is None or opens.is_empty():
            return {}
        stamps = opens.sort().to_list()
        gaps = [[gap.start.isoformat(), gap.end.isoformat()] for gap in silences(stamps, interval)]
        return {"first": stamps[0].isoformat(), "last": stamps[-1].isoformat(), "gaps": gaps}


def _chosen(
    daily: Sequence[ArchiveObject], monthly: Sequence[ArchiveObject], days: set[date], around: set[date]
) -> list[ArchiveObject]:
    """Daily objects for a few days, the month's for many; either where there is no other."""
    by_day = {date.fromisoformat(one.date_key): one for one in daily}
    by_month = {one.date_key: one for one in monthly}
    chosen: dict[str, ArchiveObject] = {}
    for day in sorted(around, key=lambda day: (day not in days, day)):
        month = f"{day:%Y-%m}"
        is_busy = sum(f"{one:%Y-%m}" == month for one in days) > _MANY_DAYS
        found = by_month.get(month) if is_busy or day not in by_day else None
        found = found or by_day.get(day)
        if found is not None:
            chosen.setdefault(found.key, found)
    return list(chosen.values())


def _said(missing: pl.Series, fine: Interval, coarse: Interval, read: Sequence[_Read]) -> list[Reason]:
    opens = pl.concat([pl.Series("open_time", [], dtype=TIME), *(one.opens for one in read)]).unique().sort()
    word = against_coarser(missing, fine, opens, coarse, [one.window for one in read])
    absent = f"the archive's {coarse.name} files have bars on both sides and none here"
    present = f"the archive's {coarse.name} files have a bar here, all of whose {fine.name} bars are missing"
    return [
        *(Reason(window, Status.UPSTREAM, absent) for window in word.absent),
        *(Reason(window, Status.OPEN, present) for window in word.present),
    ]


def _restored(told: dict[str, Any], interval: Interval) -> pl.Series:
    """The opens of an object out of what was remembered of it."""
    first, last = (datetime.fromisoformat(told[edge]) for edge in ("first", "last"))
    opens = pl.datetime_range(first, last, interval.length or "1mo", time_unit="us", eager=True).cast(TIME)
    opens = opens.alias("open_time")
    for start, end in told["gaps"]:
        inside = opens.is_between(datetime.fromisoformat(start), datetime.fromisoformat(end), closed="left")
        opens = opens.filter(~inside)
    return opens


def _tiles(fine: Interval, coarse: Interval) -> bool:
    """Whether bars of the one make up bars of the other, and whether days hold whole ones of these."""
    if fine.length is None or coarse.length is None or coarse.name not in DAILY_INTERVALS:
        return False
    return fine.length < coarse.length and coarse.length % fine.length == timedelta(0)


def _midnight(day: date) -> datetime:
    return Grain.DAY.window(day.isoformat()).start
