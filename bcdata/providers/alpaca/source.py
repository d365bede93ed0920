"""`alpaca`: asks for bars and corporate actions, page by page, as far as the plan reaches."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

from bcdata.interval import Interval
from bcdata.net.answers import with_query
from bcdata.net.budgets import Budget
from bcdata.net.client import HttpClient
from bcdata.providers.alpaca import KEYS, NAME
from bcdata.providers.alpaca.actions import TYPES, read_actions
from bcdata.providers.alpaca.answers import Answer, answer
from bcdata.providers.alpaca.bars import open_of, read_bars, rows_of
from bcdata.providers.alpaca.errors import classify
from bcdata.providers.alpaca.symbols import written
from bcdata.providers.base import RawActions, RawBars, Series, WindowPage
from bcdata.providers.capabilities import Plan
from bcdata.providers.stocks.keyed_server import KeyedServer
from bcdata.providers.stocks.local_time import around, closed_until, is_long, on_grid
from bcdata.providers.stocks.page_trail import Links, Trail, beside_rows
from bcdata.providers.stocks.plans import require_interval, within_depth
from bcdata.windows import Window

_PAGE_BYTES = 16 << 20
_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_PAID_LATE = timedelta(days=400)
"""Actions are looked up by the dates at which they are processed: dividends months after their ex-dates."""
_BEGAN = datetime(2000, 1, 1, tzinfo=UTC)
_SPANS = {
    "1m": "1Min",
    "5m": "5Min",
    "15m": "15Min",
    "1h": "1Hour",
    "1d": "1Day",
    "1w": "1Week",
    "1mo": "1Month",
}


class Alpaca:
    """`GET /v2/stocks/bars` and `/v1/corporate-actions` for one symbol (a `WindowSource`)."""

    def __init__(self, client: HttpClient, url: str, plan: Plan, budgets: Sequence[Budget]) -> None:
        self._server = KeyedServer(client, url.rstrip("/"), NAME, KEYS, budgets, classify, _PAGE_BYTES)
        self._plan = plan

    async def pages(self, series: Series, window: Window, *, now: datetime) -> AsyncIterator[WindowPage]:
        """Yields the pages of a window in order of time, each up to its last bar.

        Raises:
            UnknownSymbolError: there is no such symbol.
            NoDataError: there are no bars at all.
            BadAnswerError: an answer is none, or leads nowhere.
            ProviderError: the server cannot be asked.
        """
        if series.kind == "actions":
            async for page in self._actions(series, window):
                yield page
            return
        interval = Interval.parse(series.interval or "")
        require_interval(series, self._plan, NAME)
        deep = within_depth(series, window, self._plan, now, NAME)
        asked = Window(on_grid(deep.start, interval), min(window.end, closed_until(interval, self._plan, now)))
        if not asked.is_empty:
            async for page in beside_rows(self._bars(series, interval, asked, now), series, asked, NAME):
                yield page

    def read(self, series: Series, bodies: Sequence[bytes]) -> RawBars:
        """The bars of kept pages, pure, in the order in which they were sent.

        Raises:
            BadAnswerError: a body is no page of bars of this symbol.
        """
        return read_bars(series, bodies)

    def read_actions(self, series: Series, bodies: Sequence[bytes]) -> RawActions:
        """The corporate actions of kept pages, pure.

        Raises:
            BadAnswerError: a body is no page of corporate actions.
        """
        return read_actions(series, bodies)

    async def first_open(self, series: Series, *, now: datetime) -> datetime | None:
        """The open (UTC) of the first bar; None where there is none.

        Raises:
            ProviderError: the server cannot be asked, or its answer is not usable.
        """
        if series.kind == "actions":
            return None
        days, own = Interval.parse("1d"), Interval.parse(series.interval or "")
        first = await self._first(series, days, Window(_BEGAN, now), now)
        if first is None or is_long(own):
            return first and own.floor(first)
        return await self._first(series, own, Window(first, first + 2 * _DAY), now)

    async def _first(self, series: Series, interval: Interval, window: Window, now: datetime) -> datetime | None:
        query = self._query(series.symbol, interval, window, now) | {"limit": 1}
        _, told = await self._ask(with_query("/v2/stocks/bars", query), "bars")
        known = [at for row in rows_of(told, series.symbol) if (at := open_of(row, interval)) and at in window]
        return min(known, default=None)

    async def _bars(
        self, series: Series, interval: Interval, window: Window, now: datetime
    ) -> AsyncIterator[WindowPage]:
        reach = around(window, interval)
        query = self._query(series.symbol, interval, reach, now)
        trail, name = Trail(window, reach, interval), with_query("/v2/stocks/bars", query)
        while name:
            body, told = await self._ask(name, "bars")
            following = with_query("/v2/stocks/bars", {**query, "page_token": told.token}) if told.token else None
            try:
                rows = rows_of(told, series.symbol)
                covers = trail.covered([open_of(row, interval) for row in rows], following)
            except ValueError as error:
                raise self._server.unusable(name, str(error)) from None
            yield WindowPage(name, body, covers, len(rows))
            name = following or ""

    def _query(self, symbol: str, interval: Interval, reach: Window, now: datetime) -> dict[str, str | int]:
        """`end` is included, and no later than the plan allows; symbols are what they were called then."""
        end = min(reach.end - _SECOND, (now - self._plan.delay).replace(microsecond=0))
        return {
            "symbols": written(symbol),
            "timeframe": _SPANS[interval.name],
            "start": f"{reach.start:%Y-%m-%dT%H:%M:%SZ}",
            "end": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            "limit": 10_000,
            "adjustment": "raw",
            "feed": "sip",
            "asof": "-",
            "sort": "asc",
        }

    async def _actions(self, series: Series, window: Window) -> AsyncIterator[WindowPage]:
        """The last page alone covers the window: all before it tell of a part of its actions."""
        query = {
            "symbols": written(series.symbol),
            "types": ",".join(TYPES),
            "start": f"{(window.start - _DAY).date()}",
            "end": f"{(window.end + _PAID_LATE).date()}",
            "limit": "1000",
            "sort": "asc",
        }
        name, links = with_query("/v1/corporate-actions", query), Links()
        while name:
            body, told = await self._ask(name, "corporate_actions")
            rows = sum(map(len, told.lists.values()))
            following = with_query("/v1/corporate-actions", {**query, "page_token": told.token}) if told.token else None
            try:
                links.follow(following, rows)
            except ValueError as error:
                raise self._server.unusable(name, str(error)) from None
            yield WindowPage(name, body, Window(window.start, window.start) if told.token else window, rows)
            name = following or ""

    async def _ask(self, name: str, held: str) -> tuple[bytes, Answer]:
        body = await self._server.ask(name)
        try:
            return body, answer(body, held)
        except ValueError as error:
            raise self._server.unusable(name, str(error)) from None
