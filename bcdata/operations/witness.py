"""What other files of the archive tell about a symbol: since when it was listed, on which days it traded.

Asked only for symbols with days that have no object of their own. "The first file we have" proves nothing about
listing: a file may have been deleted. A first file, of whatever interval, that begins inside its day does.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Literal

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
Edge = Literal["begins", "ends"]


@dataclass(frozen=True, slots=True)
class Testimony:
    """What is known of one symbol: the days that other intervals have, and the first bar if it is proven to be one."""

    days: dict[str, frozenset[date]]
    listed_from: datetime | None
    listed_words: str
    known_by: datetime | None = None
    """The end of the first file of any interval: the symbol was listed before, whoever says otherwise."""
    lasts: tuple[Held, ...] = ()
    """The last file of each interval, the last of all at the end."""
    known_to: datetime | None = None
    """The end of the last day that has bars by the names of files alone; a monthly one has some, on whichever day."""

    def not_listed(self, window: Window) -> Reason | None:
        """The part of the window before the listing, if that is known."""
        if self.listed_from is None or self.listed_from <= window.start:
            return None
        return Reason(window.until(self.listed_from), Status.NOT_LISTED, self.listed_words)

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


@dataclass(frozen=True, slots=True)
class Ending:
    """Where the archive's files of a symbol end. It is a hint, not a proof, of a delisting.

    Attributes:
        since: the end of the last day of which a file has bars.
        files_to: the end of the time that the last file names; a monthly one may name days that it has no bars of.
        last_bar: the last bar that was read in the last files: who ends before it was cut short.
        evidence: how that is known.
    """

    since: datetime
    files_to: datetime
    last_bar: Window | None
    evidence: str

    def to_record(self) -> dict[str, Any]:
        """As manifests keep it."""
        bar = self.last_bar
        return {
            "since": self.since.isoformat(),
            "files_to": self.files_to.isoformat(),
            "last_bar": [bar.start.isoformat(), bar.end.isoformat()] if bar else None,
            "evidence": self.evidence,
        }


class Witness:
    """Asks once per series and remembers for the length of a run; what files begin and end with, for good."""

    def __init__(self, archive: BinanceArchive, memory: Attempts, now: datetime) -> None:
        self._archive = archive
        self._memory = memory
        self._now = now
        self._asked: dict[Series, asyncio.Task[Testimony]] = {}
        self._looks: dict[str, asyncio.Task[datetime | None]] = {}

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
        known_by = min((_window(one).end for _, one in held), default=None)
        known_to = max((_day(_window(one).start.date()).end for _, one in held), default=None)
        lasts = {one: (one, found) for one, found in sorted(held, key=_by_end)}
        ordered = tuple(sorted(lasts.values(), key=_by_end))
        return Testimony(days, *await self._listing(held), known_by, ordered, known_to)

    async def ending(self, testimony: Testimony, window: Window, due: datetime) -> Ending | None:
        """Where the symbol's files end, if that is in the window or before it and the next file is overdue.

        What a monthly file holds tells where: by its name alone no day of the month comes after it.

        Args:
            testimony: of one symbol.
            window: the time of which bars are missing.
            due: before this instant (UTC) all daily files are due.

        Raises:
            ProviderError: the archive cannot be asked.
        """

        def is_over(since: datetime) -> bool:
            return since <= window.end and since < due

        if testimony.known_to is None or not is_over(testimony.known_to):
            return None
        read = await self._last_bars(testimony.lasts)
        last = testimony.lasts[-1][1]
        files_to = _window(last).end
        is_told = any(_window(one).end == files_to for one, _ in read)
        days = (_day(bar.start.date()).end for _, bar in read)
        since = max(testimony.known_to, *days) if is_told else files_to
        if not is_over(since):
            return None
        words = f"the archive's last file of any interval is {last.name}"
        if since < files_to:
            words += f", without a bar after {since - timedelta(days=1):%Y-%m-%d}"
        last_bar = max((bar for _, bar in read), key=lambda bar: (bar.start, bar.start - bar.end), default=None)
        return Ending(since, files_to, last_bar, words)

    async def _last_bars(self, lasts: Sequence[Held]) -> list[tuple[ArchiveObject, Window]]:
        """The last bar in each of these files, of those that can be had and read."""
        seen = await asyncio.gather(*(self._edge("ends", series, one) for series, one in lasts))
        return [
            (one, Window(opened, Interval.parse(series.interval or "1m").next(opened)))
            for opened, (series, one) in zip(seen, lasts, strict=True)
            if opened is not None and opened in _window(one)
        ]

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

    async def _edge(self, edge: Edge, series: Series, one: ArchiveObject) -> datetime | None:
        """The first or the last open in an object, looked for once; None where it cannot be had or read."""
        key = f"{edge}/{one.key}/{one.size}/{one.etag}/{one.last_modified}"
        if key not in self._looks:
            self._looks[key] = asyncio.create_task(self._look(key, edge, series, one))
        return await asyncio.shield(self._looks[key])

    async def _look(self, key: str, edge: Edge, series: Series, one: ArchiveObject) -> datetime | None:
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


def _by_end(held: Held) -> tuple[datetime, str]:
    return _window(held[1]).end, held[1].name


def _window(one: ArchiveObject) -> Window:
    return GRAINS[one.period].window(one.date_key)


def _days(one: ArchiveObject) -> Iterator[date]:
    return _window(one).days()


def _day(day: date) -> Window:
    return Grain.DAY.window(day.isoformat())
