"""What the archive lists for the symbols of a run: asked once a symbol, in as few pages as the range needs."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

from bcdata.catalog import Dataset
from bcdata.catalog.dataset import Period
from bcdata.providers.binance.archive import ArchiveObject, BinanceArchive, Series
from bcdata.windows import Grain, Window


class Listings:
    """The daily and monthly objects of a dataset's symbols over the time that a run covers."""

    def __init__(self, archive: BinanceArchive, dataset: Dataset, windows: Iterable[Window]) -> None:
        ordered = sorted(windows, key=lambda window: window.start)
        self._archive = archive
        self._dataset = dataset
        # A settlement may stand in the file of the month before, by some milliseconds.
        early = timedelta(days=1) if dataset.kind == "funding" else timedelta(0)
        self._first = Grain.DAY.key(ordered[0].start - early)
        self._last = Grain.DAY.key(ordered[-1].start if dataset.grain is Grain.DAY else _last_instant(ordered[-1]))
        self._asked: dict[str, asyncio.Task[tuple[list[ArchiveObject], list[ArchiveObject]]]] = {}

    async def objects(self, symbol: str, window: Window) -> tuple[list[ArchiveObject], ArchiveObject | None]:
        """The daily objects inside the window and the monthly one that covers it.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        if symbol not in self._asked:
            self._asked[symbol] = asyncio.create_task(self._ask(symbol))
        daily, monthly = await asyncio.shield(self._asked[symbol])
        first, last = Grain.DAY.key(window.start), Grain.DAY.key(_last_instant(window))
        month = Grain.MONTH.key(window.start)
        return (
            [one for one in daily if first <= one.date_key <= last],
            next((one for one in monthly if one.date_key == month), None),
        )

    async def before(self, symbol: str, window: Window) -> ArchiveObject | None:
        """The monthly object of the month before the window.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        return (await self.objects(symbol, Grain.MONTH.window(Grain.MONTH.key(window.start - timedelta(days=1)))))[1]

    async def _ask(self, symbol: str) -> tuple[list[ArchiveObject], list[ArchiveObject]]:
        interval = self._dataset.interval.name if self._dataset.interval else None
        series = Series(self._dataset.market, self._dataset.kind, symbol, interval)
        daily, monthly = await asyncio.gather(
            self._list(series, "daily", self._first, self._last),
            self._list(series, "monthly", self._first[:7], self._last[:7]),
        )
        return daily, monthly

    async def _list(self, series: Series, period: Period, first: str, last: str) -> list[ArchiveObject]:
        if period not in self._dataset.archive:
            return []
        return await self._archive.objects(series, period, first=first, last=last)


def _last_instant(window: Window) -> datetime:
    return window.end - timedelta(microseconds=1)
