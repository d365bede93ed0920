"""The exchange's own day bars: what days are compared with that no coarser file of the archive covers."""

import asyncio
import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from bcdata.catalog import Dataset
from bcdata.intervals import EPOCH, Interval
from bcdata.pipeline.context import Workbench, series_of
from bcdata.providers.base import Page, Series
from bcdata.store.layout import Partition
from bcdata.windows import Window

DAY_INTERVAL = Interval.parse("1d")
REACH = timedelta(days=33)
"""So far around their partitions day bars are asked for: they are tried with days of other partitions."""


class DayBars:
    """Asks once for each symbol of a run: a thousand days cost as much as one."""

    def __init__(self, work: Workbench, dataset: Dataset, partitions: Sequence[Partition]) -> None:
        self._work = work
        self._spans: dict[Series, Window] = {}
        for one in partitions:
            series, window = _days_of(dataset, one.symbol), _around(dataset.grain.window(one.date))
            known = self._spans.get(series, window)
            self._spans[series] = Window(min(known.start, window.start), max(known.end, window.end))
        self._asked: dict[Series, asyncio.Task[list[Page]]] = {}

    async def of(self, dataset: Dataset, partition: Partition, also: Collection[date] = ()) -> tuple[Page, datetime]:
        """The rows, as sent, of the partition's closed days and of some others, and where the partition's end.

        Args:
            dataset: of the partition.
            partition: one of those that were named in the beginning.
            also: days within `REACH` of it.

        Raises:
            NotFoundError: the market has no such symbol.
            ProviderError: REST cannot be asked.
        """
        series = _days_of(dataset, partition.symbol)
        if series not in self._asked:
            self._asked[series] = asyncio.create_task(self._ask(series))
        pages = await asyncio.shield(self._asked[series])
        closed = DAY_INTERVAL.floor(self._work.now)
        window = dataset.grain.window(partition.date).until(closed)
        starts = {_ms(datetime(day.year, day.month, day.day, tzinfo=UTC)) for day in also if day < closed.date()}
        return _cut(pages, window, starts), window.end

    async def _ask(self, series: Series) -> list[Page]:
        await self._work.exchange_info(series.market)  # its limits are learnt before the first question
        return await self._work.clients.repair(series.market).klines(series, self._spans[series], now=self._work.now)


def _days_of(dataset: Dataset, symbol: str) -> Series:
    return replace(series_of(dataset, symbol), interval="1d")


def _around(window: Window) -> Window:
    return Window(window.start - REACH, window.end + REACH)


def _cut(pages: Sequence[Page], window: Window, also: Collection[int]) -> Page:
    """The rows that open in the window or at other instants, out of all pages; each row stays as it was sent."""
    start, end = (_ms(edge) for edge in (window.start, window.end))
    rows = [row for page in pages for row in json.loads(page.body) if start <= row[0] < end or row[0] in also]
    body = json.dumps(rows, separators=(",", ":")).encode()
    url = pages[0].url if pages else ""
    return Page(url, body, rows[0][0] if rows else None, rows[-1][0] if rows else None, rows=len(rows))


def _ms(instant: datetime) -> int:
    return (instant - EPOCH) // timedelta(milliseconds=1)
