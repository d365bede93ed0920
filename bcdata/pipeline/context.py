"""What every operation needs at hand: the store, the catalog, the present instant and the providers' clients."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from bcdata import clock
from bcdata.bars.arrays import load_numpy
from bcdata.catalog import Catalog, Dataset
from bcdata.errors import ProviderError
from bcdata.evidence.listing_histories import ListingHistories
from bcdata.evidence.remembered import Once
from bcdata.frames.columns import in_all, in_any
from bcdata.interval import Interval
from bcdata.net.client import HttpClient
from bcdata.net.loop import BackgroundLoop
from bcdata.net.settings import HttpSettings
from bcdata.net.skew import SKEWS, ClockSkews
from bcdata.net.state.sqlite import SqliteState
from bcdata.providers.base import Series
from bcdata.providers.clients import Clients
from bcdata.providers.registry import SOURCES
from bcdata.providers.roles import ExchangeInfo
from bcdata.settings import Settings
from bcdata.store.layout import Partition
from bcdata.store.state.attempts import Attempts
from bcdata.store.store import Store
from bcdata.windows import Window


@dataclass(slots=True)
class RunContext:
    """Tools of one run. What needs no network opens no connection."""

    store: Store
    catalog: Catalog
    now: datetime
    loop: BackgroundLoop
    clients: Clients
    attempts: Attempts
    now_back: bool = False
    """Whether to build as of `now` what was built as of a later instant."""
    skews: ClockSkews | None = None
    """What providers say of the time; None where the clock is pinned, and need not agree with theirs."""
    on_fetch: Callable[[int], None] = lambda _: None
    """Told of each object and page that raw keeps, in bytes, as soon as it is there."""
    _histories: dict[str, ListingHistories] = field(default_factory=dict)
    _infos: Once[str, ExchangeInfo | None] = field(default_factory=Once)
    _has_bars: Once[tuple[Series, Window], bool] = field(default_factory=Once)
    _first_opens: Once[Series, datetime | None] = field(default_factory=Once)
    _first_bars: Once[tuple[str, Series], datetime | None] = field(default_factory=Once)

    def listing_histories(self, market: str) -> ListingHistories:
        """What other files of a market tell of missing bars, asked once a run."""
        if market not in self._histories:
            self._histories[market] = ListingHistories(self.clients.bulk(market), self.attempts, self.now)
        return self._histories[market]

    async def exchange_info(self, market: str) -> ExchangeInfo | None:
        """A market's symbols as they are now, asked once a run; None without an answer.

        Asking also learns the market's rate limits; without an answer the known ones hold.
        """
        return await self._infos.get(market, partial(self._ask_info, market))

    async def _ask_info(self, market: str) -> ExchangeInfo | None:
        with suppress(ProviderError):
            return await self.clients.repair(market).exchange_info(market)
        return None

    async def first_open(self, series: Series) -> datetime | None:
        """REST's first bar of the series (its open, UTC): asked once for the length of a run.

        Raises:
            ProviderError: REST cannot be asked.
        """
        await self.exchange_info(series.market)
        return await self._first_opens.get(series, partial(self.clients.repair(series.market).first_open, series))

    async def first_bar(self, source: str, series: Series) -> datetime | None:
        """The first bar (its open, UTC) of a source that is asked by windows, asked once a run; None if it cannot tell.

        Raises:
            ProviderError: it cannot be asked.
        """
        ask = partial(self.clients.window(source).first_open, series, now=self.now)
        return await self._first_bars.get((source, series), ask)

    async def has_bars(self, series: Series, window: Window) -> bool:
        """Whether REST has a bar of the series in the window: asked once for the length of a run.

        The beginning is asked for alone: trading that went on shows at once, and costs no more pages.

        Raises:
            NotFoundError: the market has no such symbol.
            ProviderError: REST cannot be asked.
        """
        return await self._has_bars.get((series, window), partial(self._ask_for_bars, series, window))

    async def _ask_for_bars(self, series: Series, window: Window) -> bool:
        await self.exchange_info(series.market)
        step = Interval.parse(series.interval or "").length or timedelta(days=31)
        rest = self.clients.repair(series.market)
        begin = window.until(window.start + step * rest.rows_per_call(series.market))
        for part in (begin, Window(begin.end, window.end)):
            if any(page.rows for page in await rest.klines(series, part, now=self.now)):
                return True
        return False


def make_client() -> HttpClient:
    """An HTTP client whose budgets are shared by all processes of the machine."""
    settings = HttpSettings()
    path = Settings().state / "budgets.sqlite"
    return HttpClient(SqliteState(path, share=settings.http_budget_share), settings)


@asynccontextmanager
async def open_client() -> AsyncIterator[HttpClient]:
    """A client for the length of the block."""
    http = make_client()
    try:
        yield http
    finally:
        await http.close(for_good=True)


@contextmanager
def open_run_context(
    root: Path,
    catalog: Catalog,
    now: datetime,
    *,
    urls: Mapping[str, Mapping[str, str]] | None = None,
    given: Mapping[str, object] | None = None,
    now_back: bool = False,
) -> Iterator[RunContext]:
    """Everything an operation needs, for the length of the block; `urls` and `given` as for `Clients`."""
    skews = None if clock.is_pinned() else SKEWS
    load_numpy()
    store, attempts = Store(root), Attempts(root)
    with BackgroundLoop() as loop:
        http = make_client()
        loop.at_close(http.close)
        try:
            clients = Clients(http, urls, given, catalog.plans)
            yield RunContext(store, catalog, now, loop, clients, attempts, now_back, skews)
        finally:
            store.close()


@contextmanager
def open_own(catalog: Catalog, now: datetime) -> Iterator[RunContext]:
    """Everything an operation needs, at the root and the addresses of the environment."""
    with open_run_context(Settings().root, catalog, now) as context:
        yield context


def series_of(dataset: Dataset, symbol: str) -> Series:
    """The archive's and REST's name for a dataset's symbol."""
    interval = dataset.interval.name if dataset.interval else None
    return Series(dataset.market, dataset.kind, symbol, interval)


def window_of(dataset: Dataset, partition: Partition) -> Window:
    """The time that a partition covers."""
    return dataset.grain.window(partition.date)


def columns_of(dataset: Dataset) -> frozenset[str]:
    """The columns in which the dataset's bars have values: one of its sources fills them."""
    return in_any(filled_by(dataset, name) for name in dataset.sources)


def columns_of_all(dataset: Dataset) -> frozenset[str]:
    """The columns in which every bar of the dataset has a value: each of its sources fills them."""
    return in_all(filled_by(dataset, name) for name in dataset.sources)


def filled_by(dataset: Dataset, source: str) -> frozenset[str]:
    """The columns of the dataset's bars that a source fills."""
    return dataset.frame_type.filled(SOURCES[source].capabilities.columns_in(dataset.parsed.market))
