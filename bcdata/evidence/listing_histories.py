"""What other files of the archive tell about a symbol: since when it was listed, on which days it traded.

Asked only for symbols with days that have no object of their own. "The first file we have" proves nothing about
listing: a file may have been deleted. A first file, of whatever interval, that begins inside its day does.

Intervals that nearly every symbol has are asked first. What they leave open is said only after every interval that the
archive lists was asked: a symbol may have 15m files alone.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Literal

from bcdata.evidence.listing_history import (
    Ending,
    Held,
    ListingHistory,
    ListingRequest,
    day_window,
    days_of,
    first_bar,
    tells_days,
    window_of_object,
)
from bcdata.evidence.remembered import ObjectLooks, Once
from bcdata.interval import Interval
from bcdata.providers.base import PERIODS, BulkObject, Series
from bcdata.providers.formats import PublishedFile
from bcdata.providers.registry import bulk_format
from bcdata.providers.roles import BulkSource
from bcdata.store.state.attempts import Attempts
from bcdata.windows import Window

_OTHERS = ("1h", "1d", "1m")
"""Intervals that nearly every symbol has; asking all sixteen costs five times the calls, and mostly tells no more."""
_HEAVY = "1s"
"""Its files are a thousand times as large as others: read only where their names say what no other file does."""
_AT_ONCE = 6
"""Folders that are listed at once."""
_NEVER = datetime.min.replace(tzinfo=UTC)
Edge = Literal["begins", "ends"]


class ListingHistories:
    """Asks once per series and remembers for the length of a run; what files begin and end with, for good."""

    def __init__(self, archive: BulkSource, memory: Attempts, now: datetime) -> None:
        self._archive = archive
        self._looks = ObjectLooks(archive, memory, now)
        self._now = now
        self._told = Once[tuple[Series, bool], ListingHistory]()
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def history(self, series: Series, question: ListingRequest | None = None) -> ListingHistory:
        """What the archive tells of the series' symbol: by every listed interval, unless fewer answer the question.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        if question is not None:
            found = await self._once(series, complete=False)
            if not found.leaves_open(question):
                return found
        return await self._once(series, complete=True)

    async def _once(self, series: Series, *, complete: bool) -> ListingHistory:
        return await self._told.get((series, complete), partial(self._ask_all if complete else self._ask_most, series))

    async def _ask_most(self, series: Series) -> ListingHistory:
        names = dict.fromkeys((*_OTHERS, series.interval or ""))
        held = await self._objects(series, [(name, period) for name in names if name for period in _periods(name)])
        return await self._tell(series, held, complete=False)

    async def _ask_all(self, series: Series) -> ListingHistory:
        most = await self._once(series, complete=False)
        asking = [self._archive.intervals(series.market, series.kind, series.symbol, period) for period in PERIODS]
        listed = zip(PERIODS, await asyncio.gather(*asking), strict=True)
        known = {*_OTHERS, series.interval}
        more = [(name, period) for period, names in listed for name in names if name not in known]
        return await self._tell(series, [*most.held, *await self._objects(series, more)], complete=True)

    async def _objects(self, series: Series, folders: Sequence[tuple[str, str]]) -> list[Held]:
        asked = [(Series(series.market, series.kind, series.symbol, name), period) for name, period in folders]

        async def listed(one: Series, period: str) -> list[BulkObject]:
            async with self._turns:
                return await self._archive.objects(one, period)

        listings = await asyncio.gather(*(listed(one, period) for one, period in asked))
        both = zip(asked, listings, strict=True)
        held = [(one, found) for (one, _), objects in both for found in objects]
        # What is dated in the future tells nothing: nobody can have its bars.
        return [(one, found) for one, found in held if window_of_object(found).start <= self._now]

    async def _tell(self, series: Series, held: Sequence[Held], *, complete: bool) -> ListingHistory:
        short = [each for each in held if tells_days(each[0])]
        lasts = {one: (one, found) for one, found in sorted(short, key=_by_end)}
        ordered = tuple(sorted(lasts.values(), key=_by_end))
        ends = dict(await self._last_opens(ordered)) if complete else {}
        days: dict[str, set[date]] = {}
        for one, found in short:
            if one != series:
                until = ends.get(found.key)
                some = (day for day in days_of(found) if until is None or day <= until.date())
                days.setdefault(one.interval or "", set()).update(some)
        known_by = min((window_of_object(one).end for _, one in held), default=None)
        known_to = max((day_window(window_of_object(one).start.date()).end for _, one in held), default=None)
        return ListingHistory(
            {name: frozenset(some) for name, some in days.items()},
            *await self._listing(held),
            known_by,
            ordered,
            known_to,
            tuple(held),
            complete,
        )

    async def ending(self, history: ListingHistory, window: Window, due: datetime) -> Ending | None:
        """Where the symbol's files end, if that is in the window or before it and the next file is overdue.

        What a monthly file holds tells where: by its name alone no day of the month comes after it.

        Args:
            history: of one symbol.
            window: the time of which bars are missing.
            due: before this instant (UTC) all daily files are due.

        Raises:
            ProviderError: the archive cannot be asked.
        """

        def is_over(since: datetime) -> bool:
            return since <= window.end and since < due

        if history.known_to is None or not history.lasts or not is_over(history.known_to):
            return None
        read = await self._last_bars(history.lasts)
        last = history.lasts[-1][1]
        files_to = window_of_object(last).end
        is_told = any(window_of_object(one).end == files_to for one, _ in read)
        days = (day_window(bar.start.date()).end for _, bar in read)
        since = max(history.known_to, *days) if is_told else files_to
        if not is_over(since):
            return None
        words = f"the archive's last file of any interval is {last.name}"
        if since < files_to:
            words += f", without a bar after {since - timedelta(days=1):%Y-%m-%d}"
        last_bar = max((bar for _, bar in read), key=lambda bar: (bar.start, bar.start - bar.end), default=None)
        return Ending(since, files_to, last_bar, words)

    async def _last_bars(self, lasts: Sequence[Held]) -> list[tuple[BulkObject, Window]]:
        """The last bar in each of these files, of those that can be had and read."""
        seen = dict(await self._last_opens(lasts))
        return [
            (one, Window(seen[one.key], Interval.parse(series.interval or "1m").next(seen[one.key])))
            for series, one in lasts
            if one.key in seen
        ]

    async def _last_opens(self, lasts: Sequence[Held]) -> list[tuple[str, datetime]]:
        """The key and the last open of each of these files, of those that can be had and read."""
        others = max((window_of_object(one).end for series, one in lasts if series.interval != _HEAVY), default=_NEVER)
        chosen = [each for each in lasts if each[0].interval != _HEAVY or window_of_object(each[1]).end > others]
        seen = await asyncio.gather(*(self._edge("ends", series, one) for series, one in chosen))
        return [
            (one.key, opened)
            for opened, (_, one) in zip(seen, chosen, strict=True)
            if opened is not None and opened in window_of_object(one)
        ]

    async def _listing(self, held: Sequence[Held]) -> tuple[datetime | None, str]:
        """The symbol's first bar, if some interval's first file proves it by beginning inside its day or month."""
        firsts: dict[Series, BulkObject] = {}
        for series, one in sorted(held, key=lambda each: (window_of_object(each[1]).start, each[1].period)):
            firsts.setdefault(series, one)
        others = min(
            (window_of_object(one).start for series, one in firsts.items() if series.interval != _HEAVY), default=None
        )
        chosen = [
            each
            for each in firsts.items()
            if each[0].interval != _HEAVY or others is None or window_of_object(each[1]).start < others
        ]
        seen = await asyncio.gather(*(self._edge("begins", series, one) for series, one in chosen))
        both = zip(seen, chosen, strict=True)
        return first_bar([(opened, series, one) for opened, (series, one) in both if opened is not None])

    async def _edge(self, edge: Edge, series: Series, one: BulkObject) -> datetime | None:
        """The first or the last open in an object; None where it cannot be had or read."""
        text = await self._looks.look_for(edge, one, partial(_edges, series))
        return datetime.fromisoformat(text) if text else None


def _edges(series: Series, file: PublishedFile) -> dict[str, str]:
    """The first and the last open in a file, as texts; empty ones where it cannot be used."""
    seen = bulk_format(series.market).coverage(file, Interval.parse(series.interval or "1m"))
    edges: dict[Edge, datetime | None] = {"begins": seen.first, "ends": seen.last}
    return {edge: opened.isoformat() if opened else "" for edge, opened in edges.items()}


def _periods(interval: str) -> Iterator[str]:
    """The periods in which the archive has objects of an interval."""
    return (period for period in PERIODS if period == "monthly" or Interval.parse(interval).fits_a_day)


def _by_end(held: Held) -> tuple[datetime, str]:
    return window_of_object(held[1]).end, held[1].name
