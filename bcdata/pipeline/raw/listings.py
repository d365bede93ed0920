"""What the archive lists for the symbols of a run: asked once a series, in as few pages as the range needs."""

import asyncio
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import partial

from bcdata.catalog import Dataset
from bcdata.catalog.gate import Period
from bcdata.evidence.remembered import Once
from bcdata.interval import EPOCH
from bcdata.pipeline.raw.due import due_until
from bcdata.providers.base import PERIODS, BulkObject, ObjectListing, Series
from bcdata.providers.roles import BulkSource
from bcdata.windows import Grain, Window


class Listings:
    """The daily and monthly objects of a dataset's symbols over the time that a run covers.

    Args:
        archive: the archive's client.
        dataset: whose objects they are.
        windows: the time of each partition of the run.
        now: the present instant (UTC): what is due by now and has no object is looked for under names without their
            zeros. None: it is not, which saves some requests.
    """

    def __init__(self, archive: BulkSource, dataset: Dataset, windows: Iterable[Window], now: datetime | None) -> None:
        ordered = sorted(windows, key=lambda window: window.start)
        self._archive = archive
        self._dataset = dataset
        self._first = Grain.DAY.key(dataset.files_of(ordered[0]).start - dataset.frame_type.early)
        self._last = Grain.DAY.key(_last_instant(dataset.files_of(ordered[-1])))
        self._due = due_until(dataset, now) if now else EPOCH
        self._due_keys: dict[Period, str] = {}
        if now:
            month = Grain.MONTH.key(now - dataset.publication.monthly)
            self._due_keys = {"daily": Grain.DAY.key(self._due), "monthly": month}
        self._listed = Once[tuple[Series, Period], ObjectListing]()
        self._intervals = Once[tuple[str, Period], list[str]]()

    async def objects(self, symbol: str, window: Window) -> tuple[list[BulkObject], BulkObject | None]:
        """The daily objects inside the window and the monthly one that covers it.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        series = self._series(symbol)
        daily, monthly = await asyncio.gather(self._of(series, "daily"), self._of(series, "monthly"))
        return _inside(daily, window), _covering(monthly, window)

    async def not_understood(self, symbol: str, window: Window) -> list[str]:
        """The keys in the folders of a symbol that are about the window, it seems, and name none of its objects.

        Those without a date are about it, for all that is known, where it lacks an object that is due.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        series = self._series(symbol)
        daily, monthly = await asyncio.gather(self._of(series, "daily"), self._of(series, "monthly"))
        lacks_days = bool(uncovered_days(_inside(daily, window), window.until(self._due)))
        lacks_month = _covering(monthly, window) is None and Grain.MONTH.key(window.start) < self._due_keys.get(
            "monthly", ""
        )
        about = self._archive.is_about
        found = [key for key in monthly.not_understood if about(key, series, "monthly", window, lacks=lacks_month)]
        return found + [key for key in daily.not_understood if about(key, series, "daily", window, lacks=lacks_days)]

    async def beside(self, symbol: str, window: Window) -> list[BulkObject]:
        """The objects of other times that a window is made of: the month before it, the day before or after it.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        found: list[BulkObject] = []
        if early := self._dataset.frame_type.early:
            month = Grain.MONTH.window(Grain.MONTH.key(window.start - early))
            found += [one for one in [(await self.objects(symbol, month))[1]] if one]
        if (named := self._dataset.files_of(window)) != window:
            daily, _ = await self.objects(symbol, named)
            found += [one for one in daily if PERIODS[one.period].window(one.date_key).start not in window]
        return found

    async def coarser_days(self, symbol: str, interval: str, window: Window) -> list[BulkObject]:
        """The daily objects of another interval inside the window, whatever the catalog says of periods.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        return _inside(await self._ask_once(self._series(symbol, interval), "daily", ""), window)

    async def coarser_month(self, symbol: str, interval: str, window: Window) -> BulkObject | None:
        """The monthly object of another interval that covers the window, whatever the catalog says of periods.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        return _covering(await self._ask_once(self._series(symbol, interval), "monthly", ""), window)

    async def intervals(self, symbol: str) -> set[str]:
        """All intervals that the archive lists of a symbol, by day or by month.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        periods: tuple[Period, ...] = ("daily", "monthly")
        ask = partial(self._archive.intervals, self._dataset.market, self._dataset.kind, symbol)
        listed = await asyncio.gather(*(self._intervals.get((symbol, one), partial(ask, one)) for one in periods))
        return set().union(*listed)

    def _series(self, symbol: str, interval: str | None = None) -> Series:
        own = self._dataset.interval.name if self._dataset.interval else None
        return Series(self._dataset.market, self._dataset.kind, symbol, interval or own)

    async def _of(self, series: Series, period: Period) -> ObjectListing:
        if period not in self._dataset.archive:
            return ObjectListing()
        return await self._ask_once(series, period, self._due_keys.get(period, ""))

    async def _ask_once(self, series: Series, period: Period, due: str) -> ObjectListing:
        length = 10 if period == "daily" else 7
        first, last = self._first[:length], self._last[:length]
        ask = partial(self._archive.listed, series, period, first=first, last=last, due=due)
        return await self._listed.get((series, period), ask)


def uncovered_days(objects: Iterable[BulkObject], window: Window) -> list[date]:
    """The days of the window that none of the objects names."""
    covered: set[date] = set()
    for one in objects:
        covered.update(PERIODS[one.period].window(one.date_key).days())
    return [day for day in window.days() if day not in covered]


def _inside(daily: ObjectListing, window: Window) -> list[BulkObject]:
    first, last = Grain.DAY.key(window.start), Grain.DAY.key(_last_instant(window))
    return [one for one in daily.objects if first <= one.date_key <= last]


def _covering(monthly: ObjectListing, window: Window) -> BulkObject | None:
    month = Grain.MONTH.key(window.start)
    return next((one for one in monthly.objects if one.date_key == month), None)


def _last_instant(window: Window) -> datetime:
    return window.end - timedelta(microseconds=1)
