"""From when to when a symbol has objects in the archive, instrument by instrument: what the universe table is made of.

The days of a symbol are listed once and remembered; after that, only what is new. A symbol is looked for in every
interval that the archive lists when it is seen first, and again when it seems to have ended.
"""

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bcdata.evidence.listing_history import Held, days_of
from bcdata.evidence.reuse import TickerReuse, TickerReuses, absences
from bcdata.interval import Interval
from bcdata.pipeline.context import RunContext
from bcdata.providers.base import PERIODS, Series
from bcdata.windows import Grain

_DAY = timedelta(days=1)
_LATE = timedelta(days=60)
"""A day may be published so long after later ones: from that far back on days are listed again."""


@dataclass(frozen=True, slots=True)
class Span:
    """The days of an instrument's first and last object, and how its end is known where another one followed it."""

    first: date
    last: date
    evidence: str = ""


class Spans:
    """Asks the archive, and REST only where a ticker seems to have been used again."""

    def __init__(self, context: RunContext, market: str, intervals: Sequence[str]) -> None:
        self._context = context
        self._market = market
        self._intervals = intervals

    async def of(self, symbol: str, ended_by: date) -> tuple[Span, ...]:
        """The spans of the symbol's instruments, in order; none where no object is listed.

        Args:
            symbol: any that the archive lists.
            ended_by: a symbol without an object since this day seems to have ended.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        name, days = "", set[date]()
        for name in self._intervals:
            days = await self._days(symbol, name)
            if days:
                break
        days |= await self._other_days(symbol, name, days, ended_by)
        if not days:
            return ()
        reuses = await self._reuses(symbol, name, absences(days))
        return tuple(_spans(days, reuses))

    def _series(self, symbol: str, interval: str) -> Series:
        return Series(self._market, "klines", symbol, interval)

    async def _days(self, symbol: str, interval: str) -> set[date]:
        """The days that have an object; a month's file tells them only where no daily one of the month does."""
        series, archive = self._series(symbol, interval), self._context.clients.bulk(self._market)
        key, memory = f"days/{series}", self._context.attempts
        # What is dated in the future tells nothing: nobody can have its bars.
        today = self._context.now.date()
        known = {day for day in _from_runs(json.loads(memory.detail(key) or "[]")) if day <= today}
        if Interval.parse(interval).fits_a_day:
            begin = await archive.first(series, "daily") if known else None
            begins_there = begin is not None and min(days_of(begin)) >= min(known)
            first = str(max(known) - _LATE) if begins_there else None
            listed = await archive.objects(series, "daily", first=first)
            daily = {day for one in listed for day in days_of(one) if day <= today}
            if not daily <= known:
                memory.note([key], self._context.now, json.dumps(_runs(known | daily)))
            known |= daily
        monthly = [one for one in await archive.objects(series, "monthly") if min(days_of(one)) <= today]
        months = {(day.year, day.month) for day in known}
        return known | {day for one in monthly for day in days_of(one) if (day.year, day.month) not in months}

    async def _other_days(self, symbol: str, main: str, days: set[date], ended_by: date) -> set[date]:
        """The days of all other intervals, asked for when the symbol is new and when its main one has ended."""
        key, memory = f"all-days/{self._market}/{symbol}", self._context.attempts
        last = str(max(days)) if days else ""
        kept = json.loads(memory.detail(key) or "{}")
        if kept and (kept["last"] == last or last >= str(ended_by)):
            return _from_runs(kept["runs"])
        asking = [
            self._context.clients.bulk(self._market).intervals(self._market, "klines", symbol, period)
            for period in PERIODS
        ]
        listed = dict.fromkeys(name for names in await asyncio.gather(*asking) for name in names)
        others = [name for name in listed if name != main and Interval.parse(name).fits_a_day]
        found = set().union(*await asyncio.gather(*(self._days(symbol, name) for name in others)))
        memory.note([key], self._context.now, json.dumps({"last": last, "runs": _runs(found)}))
        return found

    async def _reuses(self, symbol: str, interval: str, missing: Iterable[tuple[date, date]]) -> list[TickerReuse]:
        context, series = self._context, self._series(symbol, interval)
        finder = TickerReuses(context.clients.bulk(self._market), context.has_bars, context.attempts, context.now)
        found = []
        for edges in missing:
            found += await finder.find(series, await self._at(symbol, edges), [edges])
        return found

    async def _at(self, symbol: str, days: Iterable[date]) -> list[Held]:
        """The objects of all listed intervals that cover these days."""
        asking = [
            self._context.clients.bulk(self._market).intervals(self._market, "klines", symbol, period)
            for period in PERIODS
        ]
        listed = zip(PERIODS.items(), await asyncio.gather(*asking), strict=True)
        asked = [
            (self._series(symbol, name), period, grain.key(Grain.DAY.window(str(day)).start))
            for (period, grain), names in listed
            for name in names
            if Interval.parse(name).fits_a_day
            for day in days
        ]
        objects = await asyncio.gather(
            *(self._context.clients.bulk(self._market).objects(one, p, first=k, last=k) for one, p, k in asked)
        )
        return [(series, one) for (series, _, _), some in zip(asked, objects, strict=True) for one in some]


def _spans(days: set[date], reuses: Sequence[TickerReuse]) -> Iterable[Span]:
    first = min(days)
    for one in reuses:
        # A bar that ends at midnight is of the day before.
        last = max(day for day in days if Grain.DAY.window(str(day)).start < one.between.start)
        yield Span(first, last, one.evidence)
        first = min(day for day in days if day > last)
    yield Span(first, max(days))


def _runs(days: set[date]) -> list[list[str]]:
    """Days as runs of consecutive ones, both ends included."""
    gaps = absences(days)
    starts = [min(days), *(after for _, after in gaps)] if days else []
    ends = [*(before for before, _ in gaps), max(days)] if days else []
    return [[str(one), str(other)] for one, other in zip(starts, ends, strict=True)]


def _from_runs(runs: Iterable[Sequence[str]]) -> set[date]:
    found = set()
    for one, other in runs:
        first, last = date.fromisoformat(one), date.fromisoformat(other)
        found |= {first + at * _DAY for at in range((last - first).days + 1)}
    return found
