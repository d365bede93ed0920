"""What other files of the archive tell about a symbol: since when it was listed, on which days it traded.

Asked only for symbols with days that have no object of their own. "The first file we have" proves nothing about
listing: a file may have been deleted. A first file, of whatever interval, that begins inside its day does.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Literal

from bcdata.bars.gaps import Reason, Status
from bcdata.errors import NotFoundError
from bcdata.intervals import Interval
from bcdata.providers.binance.archive import ArchiveObject, BinanceArchive, Series
from bcdata.providers.binance.names import DAILY_INTERVALS, GRAINS, INTERVALS
from bcdata.providers.binance.peek import content_bound, coverage
from bcdata.store.attempts import Attempts
from bcdata.windows import Grain, Window

_OTHERS = ("1h", "1d", "1m")
"""Intervals that nearly every symbol has; asking all sixteen would cost five times the calls and tell no more."""

Held = tuple[Series, ArchiveObject]


@dataclass(frozen=True, slots=True)
class Testimony:
    """What is known of one symbol: the days that other intervals have, and the first bar if it is proven to be one."""

    days: dict[str, frozenset[date]]
    listed_from: datetime | None
    listed_words: str
    ended: datetime | None
    ended_words: str
    known_by: datetime | None = None
    """The end of the first file of any interval: the symbol was listed before, whoever says otherwise."""
    lasts: tuple[Held, ...] = ()
    """The last file of each other interval."""

    def not_listed(self, window: Window) -> Reason | None:
        """The part of the window before the listing, if that is known."""
        if self.listed_from is None or self.listed_from <= window.start:
            return None
        return Reason(window.until(self.listed_from), Status.NOT_LISTED, self.listed_words)

    def gone(self, window: Window) -> Reason | None:
        """The part of the window after the last file of any interval. It is a hint, not a proof, of a delisting."""
        if self.ended is None or self.ended > window.end:
            return None
        return Reason(Window(max(self.ended, window.start), window.end), Status.DELISTED, self.ended_words)

    def traded(self, days: Sequence[date]) -> Iterator[Reason]:
        """Windows among these days for which the archive has files of another interval."""
        for interval, run in groupby(days, key=self._holder):
            inside = list(run)
            window = Window(_day(inside[0]).start, _day(inside[-1]).end)
            if interval is not None and self.listed_from is not None:
                # A file of the listing's month names days before it; a bar of a day does not tell the hour.
                listed = self.listed_from
                since = _day(listed.date()).end if interval == "1d" else listed
                window = Window(max(window.start, since), window.end)
            if interval is not None and not window.is_empty:
                yield Reason(window, Status.OPEN, f"the archive has {interval} files of these days")

    def _holder(self, day: date) -> str | None:
        return next((interval for interval, days in self.days.items() if day in days), None)


class Witness:
    """Asks once per series and remembers for the length of a run; what first files hold it remembers for good."""

    def __init__(self, archive: BinanceArchive, memory: Attempts, now: datetime) -> None:
        self._archive = archive
        self._memory = memory
        self._now = now
        self._asked: dict[Series, asyncio.Task[Testimony]] = {}

    async def testimony(self, series: Series) -> Testimony:
        """What the archive tells of the series' symbol.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        if series not in self._asked:
            self._asked[series] = asyncio.create_task(self._ask(series))
        return await asyncio.shield(self._asked[series])

    async def _ask(self, series: Series) -> Testimony:
        names = dict.fromkeys((*_OTHERS, series.interval or ""))
        every = [Series(series.market, series.kind, series.symbol, name) for name in names if name]
        asked = [
            (one, period)
            for one in every
            for period in ("daily", "monthly")
            if period == "monthly" or one.interval in DAILY_INTERVALS
        ]
        listings = await asyncio.gather(*(self._archive.objects(one, period) for one, period in asked))
        held = [(one, found) for (one, _), objects in zip(asked, listings, strict=True) for found in objects]
        days = {
            one.interval or "": frozenset(day for other, found in held if other == one for day in _days(found))
            for one in every
            if one != series
        }
        ended, ended_words = _ended(held)
        known_by = min((_window(one).end for _, one in held), default=None)
        lasts = {one: (one, found) for one, found in sorted(held, key=_by_end) if one != series}
        return Testimony(days, *await self._listing(held), ended, ended_words, known_by, tuple(lasts.values()))

    async def last_seen(self, testimony: Testimony) -> Window | None:
        """The last bar in the last files of other intervals: who ends before it was cut short.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        seen = await asyncio.gather(*(self._edge("ends", series, one) for series, one in testimony.lasts))
        bars = [
            Window(opened, Interval.parse(series.interval or "1m").next(opened))
            for opened, (series, _) in zip(seen, testimony.lasts, strict=True)
            if opened is not None
        ]
        return max(bars, key=lambda bar: (bar.start, -(bar.end - bar.start)), default=None)

    async def _listing(self, held: Sequence[Held]) -> tuple[datetime | None, str]:
        """The symbol's first bar, if some interval's first file proves it by beginning inside its day or month."""
        firsts: dict[Series, ArchiveObject] = {}
        for series, one in sorted(held, key=lambda each: (_window(each[1]).start, each[1].period)):
            firsts.setdefault(series, one)
        seen = await asyncio.gather(*(self._edge("begins", series, one) for series, one in firsts.items()))
        both = zip(seen, firsts.items(), strict=True)
        begun = [(opened, series, one) for opened, (series, one) in both if opened is not None]
        if not begun:
            return None, ""
        first_day = min(opened for opened, _, _ in begun).date()
        same_day = [each for each in begun if each[0].date() == first_day]
        if not any(opened > _window(one).start for opened, _, one in same_day):
            return None, ""
        opened, _, one = min(same_day, key=lambda each: INTERVALS.index(each[1].interval or "1m"))
        return (
            opened,
            f"the archive's first files of all intervals begin that day, {one.name} at {opened:%Y-%m-%d %H:%M}",
        )

    async def _edge(self, edge: Literal["begins", "ends"], series: Series, one: ArchiveObject) -> datetime | None:
        """The first or the last open in an object; None where it cannot be had or read."""
        key = f"{edge}/{one.key}/{one.size}/{one.etag}/{one.last_modified}"
        known = self._memory.detail(key)
        if known is None:
            try:
                fetched = await self._archive.fetch(one)
            except NotFoundError:
                return None
            bound = content_bound(_window(one), Interval.parse(series.interval or "1m"))
            seen = await asyncio.to_thread(coverage, fetched.body, one.name, bound)
            opened = seen.first if edge == "begins" else seen.last
            known = opened.isoformat() if opened else ""
            self._memory.note([key], self._now, known)
        return datetime.fromisoformat(known) if known else None


def _ended(held: Sequence[Held]) -> tuple[datetime | None, str]:
    if not held:
        return None, ""
    _, last = max(held, key=lambda one: (_window(one[1]).end, one[1].name))
    return _window(last).end, f"the archive's last file of any interval is {last.name}"


def _by_end(held: Held) -> datetime:
    return _window(held[1]).end


def _window(one: ArchiveObject) -> Window:
    return GRAINS[one.period].window(one.date_key)


def _days(one: ArchiveObject) -> Iterator[date]:
    return _window(one).days()


def _day(day: date) -> Window:
    return Grain.DAY.window(day.isoformat())
