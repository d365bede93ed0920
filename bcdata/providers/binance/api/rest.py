"""Binance's REST API: klines, funding and exchangeInfo of spot, um and cm, within their budgets."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from urllib.parse import urlsplit

from bcdata.errors import NotFoundError, ProviderError
from bcdata.interval import EPOCH, Interval
from bcdata.net.answers import RefusedError, shown, with_query
from bcdata.net.budgets import Budget
from bcdata.net.client import HttpClient
from bcdata.providers.base import Page, Series
from bcdata.providers.binance.api.answers import funding_times, is_unknown_symbol, kline_times
from bcdata.providers.binance.api.exchange_info import read_exchange_info
from bcdata.providers.binance.api.limits import (
    PageCost,
    funding_budget,
    klines_cost,
    rows_per_call,
    weight_budget,
)
from bcdata.providers.binance.api.paging import FUNDING_ROWS, MOST_FUNDING_PAGES, is_slow, walk, walk_settlements
from bcdata.providers.binance.names import check_market, check_series, rest_interval
from bcdata.providers.roles import ExchangeInfo
from bcdata.windows import Window

PROVIDER = "binance_rest"
_PATHS = {"spot": "/api/v3", "um": "/fapi/v1", "cm": "/dapi/v1"}
_KLINES = {
    "klines": "/klines",
    "mark_klines": "/markPriceKlines",
    "index_klines": "/indexPriceKlines",
    "premium_klines": "/premiumIndexKlines",
}
_PAIRS = frozenset({"index_klines"})
"""Kinds that are asked for by pair."""
_INFO_WEIGHT = {"spot": 20, "um": 1, "cm": 1}
_PAGE_BYTES = 4 << 20
_INFO_BYTES = 128 << 20
_MS = timedelta(milliseconds=1)
_YEAR_3000_MS = 32_503_680_000_000
_COIN_M_BEGAN = datetime(2020, 8, 1, tzinfo=UTC)
"""COIN-M opened in that month; there is nothing to look for before."""


@dataclass(frozen=True, slots=True)
class _Question:
    """One call: the URL, and what it takes from which budget."""

    url: str
    market: str
    budget: Budget
    weight: int

    @property
    def name(self) -> str:
        """Path and query."""
        parts = urlsplit(self.url)
        return f"{parts.path}?{parts.query}"

    @property
    def variable(self) -> str:
        return f"BCDATA_BINANCE_{self.market.upper()}_URL"


class BinanceRest:
    """Asks each market's server at its base address (`urls`: market -> URL)."""

    def __init__(self, client: HttpClient, urls: Mapping[str, str]) -> None:
        self._client = client
        self._urls = {market: url.rstrip("/") for market, url in urls.items()}

    async def klines(self, series: Series, window: Window, *, now: datetime) -> list[Page]:
        """The pages that hold the bars that open in the window and are closed at `now`.

        Every answer is checked for shape, order and range. An empty one is a page too: it says that there is
        nothing. A bar that is still open is never asked for. No page at all means that nothing was asked.

        Raises:
            NotFoundError: the market has no such symbol.
            ProviderError: the server cannot be asked, or its answer is not usable.
        """
        interval = Interval.parse(series.interval or "")
        start, end = interval.ceil(window.start), interval.ceil(window.until(interval.floor(now)).end)
        pages: list[Page] = []
        async for page in self._walk(series, interval, start, end):
            pages.append(page)
            if is_slow(pages):
                raise self._too_slow(series.market, len(pages))
        return pages

    async def funding(self, series: Series, window: Window) -> list[Page]:
        """The pages that hold the settlements in the window. Times jitter by some ms, so mind the edges.

        Raises:
            NotFoundError: the market has no such symbol.
            ProviderError: the server cannot be asked, or its answer is not usable.
        """
        start, end = _ms(window.start), _ms(window.end)
        if start >= end:
            return []
        try:
            return await walk_settlements(partial(self._settlements_between, series), start, end)
        except ValueError:
            raise self._too_slow(series.market, MOST_FUNDING_PAGES) from None

    async def first_open(self, series: Series) -> datetime | None:
        """The open (UTC) of the first bar that the market has of the series; None where it has none.

        Raises:
            NotFoundError: the market has no such symbol.
            ProviderError: the server cannot be asked, or its answer is not usable.
        """
        if series.market == "cm":
            return await self._first_of_coin_m(series)
        return await self._edge_open(series, {"startTime": 0})

    async def exchange_info(self, market: str) -> ExchangeInfo:
        """The market's symbols as they are now. The limit that it states becomes the budget's.

        Raises:
            ProviderError: the server cannot be asked, or its answer is not usable.
        """
        budget = weight_budget(market, self._base(market))
        question = self._question(market, "/exchangeInfo", {}, budget, _INFO_WEIGHT[market])
        body = await self._ask(question, _INFO_BYTES)
        try:
            info = read_exchange_info(body)
        except ValueError as error:
            raise _unusable(question, error) from None
        if info.weight_a_minute is not None:
            await self._client.state.learn(budget, info.weight_a_minute)
        return info

    def rows_per_call(self, market: str) -> int:
        """The number of klines that one call at the best price brings."""
        return rows_per_call(market)

    def _walk(self, series: Series, interval: Interval, start: datetime, end: datetime) -> AsyncIterator[Page]:
        """The pages of the bars that open in [start, end); each is asked for when it is looked at."""
        return walk(partial(self._klines_between, series), series.market, interval, start, end)

    async def _klines_between(self, series: Series, start: datetime, end: datetime, cost: PageCost) -> Page:
        """The answer to one call for the bars that open in [start, end)."""
        params = {"startTime": _ms(start), "endTime": _ms(end) - 1, "limit": cost.rows}
        question = self._klines_question(series, params, cost.weight)
        body = await self._ask(question, _PAGE_BYTES)
        try:
            times = kline_times(body, _ms(start), _ms(end))
        except ValueError as error:
            raise _unusable(question, error) from None
        return _page(question, body, times)

    async def _settlements_between(self, series: Series, start: int, end: int) -> Page:
        """The answer to one call for the settlements in [start, end), ms since the epoch."""
        span = {"startTime": start, "endTime": end - 1, "limit": FUNDING_ROWS}
        check_series(series)
        budget = funding_budget(series.market, self._base(series.market))
        question = self._question(series.market, "/fundingRate", {"symbol": series.symbol, **span}, budget, 1)
        body = await self._ask(question, _PAGE_BYTES)
        try:
            times = funding_times(body, series.symbol, start, end)
        except ValueError as error:
            raise _unusable(question, error) from None
        return _page(question, body, times)

    def _too_slow(self, market: str, pages: int) -> ProviderError:
        """What ends a walk that leads nowhere: there are many pages, and they hold a few rows each."""
        url = shown(self._base(market))
        words = f"it sends so few rows at a time that {pages} pages were not enough"
        message = f"{PROVIDER}: {url}: {words}; check BCDATA_BINANCE_{market.upper()}_URL"
        return ProviderError(message, provider=PROVIDER, url=url)

    async def _first_of_coin_m(self, series: Series) -> datetime | None:
        """Walks in days up to the first bar, then asks for the series' own within that stretch."""
        newest = await self._edge_open(series, {})
        if newest is None:
            return None
        days = Series(series.market, series.kind, series.symbol, "1d")
        until = newest + timedelta(days=1)
        async for page in self._walk(days, Interval.parse("1d"), _COIN_M_BEGAN, until):
            if page.first_open_ms is not None:
                first_day = EPOCH + page.first_open_ms * _MS
                window = Window(first_day, first_day + timedelta(days=1))
                own = await self.klines(series, window, now=until + timedelta(days=1))
                opens = [one.first_open_ms for one in own if one.first_open_ms is not None]
                return EPOCH + min(opens) * _MS if opens else None
        return None

    async def _edge_open(self, series: Series, params: Mapping[str, str | int]) -> datetime | None:
        """The open of the only bar in an answer of one row."""
        question = self._klines_question(series, {**params, "limit": 1}, klines_cost(series.market, 1).weight)
        body = await self._ask(question, _PAGE_BYTES)
        try:
            times = kline_times(body, 0, _YEAR_3000_MS)
            if len(times) > 1:
                raise ValueError(f"it has {len(times)} rows where 1 was asked for")  # noqa: TRY301
        except ValueError as error:
            raise _unusable(question, error) from None
        return EPOCH + times[0] * _MS if times else None

    def _klines_question(self, series: Series, params: Mapping[str, str | int], weight: int) -> _Question:
        check_series(series)
        whose = "pair" if series.kind in _PAIRS else "symbol"
        names = {whose: series.symbol, "interval": rest_interval(series.interval or "")}
        budget = weight_budget(series.market, self._base(series.market))
        return self._question(series.market, _KLINES[series.kind], {**names, **params}, budget, weight)

    def _question(
        self, market: str, path: str, params: Mapping[str, str | int], budget: Budget, weight: int
    ) -> _Question:
        url = with_query(f"{self._base(market)}{_PATHS[market]}{path}", params)
        return _Question(url, market, budget, weight)

    async def _ask(self, question: _Question, max_bytes: int) -> bytes:
        try:
            response = await self._client.get(
                question.url,
                provider=PROVIDER,
                variable=question.variable,
                budgets=((question.budget, question.weight),),
                max_bytes=max_bytes,
            )
        except RefusedError as error:
            if not is_unknown_symbol(error.body):
                raise
            message = f"{PROVIDER}: {error.url}: unknown symbol (-1121)"
            raise NotFoundError(message, provider=PROVIDER, url=error.url, status=error.status) from None
        except NotFoundError as error:
            # A 404 says that there is no such path, which is not a word about the symbol.
            message = f"{PROVIDER}: {error.url}: no such path (404); check {question.variable}"
            raise ProviderError(message, provider=PROVIDER, url=error.url, status=error.status) from None
        return response.body

    def _base(self, market: str) -> str:
        check_market(market)
        return self._urls[market]


def _page(question: _Question, body: bytes, times: list[int]) -> Page:
    closest = min((later - earlier for earlier, later in pairwise(times)), default=0)
    first, last = (times[0], times[-1]) if times else (None, None)
    return Page(question.name, body, first, last, len(times), closest)


def _unusable(question: _Question, cause: ValueError) -> ProviderError:
    url = shown(question.url)
    message = f"{PROVIDER}: {url}: the answer is not usable: {cause}; check {question.variable}"
    return ProviderError(message, provider=PROVIDER, url=url, status=200)


def _ms(instant: datetime) -> int:
    return (instant - EPOCH) // _MS
