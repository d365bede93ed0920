"""The exchange's own day bars: what days are compared with that no coarser file of the archive covers."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

from bcdata.catalog import Dataset
from bcdata.evidence.remembered import Once
from bcdata.interval import Interval
from bcdata.pipeline.context import RunContext, series_of
from bcdata.providers.base import Page, Series
from bcdata.providers.registry import page_format
from bcdata.store.layout import Partition
from bcdata.windows import Window

DAY_INTERVAL = Interval.parse("1d")
REACH = timedelta(days=33)
"""So far around their partitions day bars are asked for: they are tried with days of other partitions."""


class DayBars:
    """Asks once for each symbol of a run: a thousand days cost as much as one."""

    def __init__(self, context: RunContext, dataset: Dataset, partitions: Sequence[Partition]) -> None:
        self._context = context
        self._spans: dict[Series, Window] = {}
        for one in partitions:
            series, window = _days_of(dataset, one.symbol), _around(dataset.grain.window(one.date))
            known = self._spans.get(series, window)
            self._spans[series] = Window(min(known.start, window.start), max(known.end, window.end))
        self._pages = Once[Series, list[Page]]()

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
        pages = await self._pages.get(series, partial(self._ask, series))
        closed = DAY_INTERVAL.floor(self._context.now)
        window = dataset.grain.window(partition.date).until(closed)
        others = {datetime(day.year, day.month, day.day, tzinfo=UTC) for day in also if day < closed.date()}
        return page_format(series.market).excerpt(pages, window, others), window.end

    async def _ask(self, series: Series) -> list[Page]:
        await self._context.exchange_info(series.market)  # its limits are learnt before the first question
        return await self._context.clients.repair(series.market).klines(
            series, self._spans[series], now=self._context.now
        )


def _days_of(dataset: Dataset, symbol: str) -> Series:
    return replace(series_of(dataset, symbol), interval="1d")


def _around(window: Window) -> Window:
    return Window(window.start - REACH, window.end + REACH)
