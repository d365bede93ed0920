"""`alpha_vantage`: asks for time series, a month of bars within a day or all sessions at once, and for actions."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

from bcdata.errors import NoDataError, OutOfDepthError
from bcdata.interval import Interval
from bcdata.net.answers import with_query
from bcdata.net.budgets import Budget
from bcdata.net.client import HttpClient
from bcdata.providers.alpha_vantage import KEY, NAME
from bcdata.providers.alpha_vantage.actions import FUNCTIONS, read_actions, rows_of
from bcdata.providers.alpha_vantage.answers import SPANS, Answer, answer
from bcdata.providers.alpha_vantage.bars import opens, read_bars
from bcdata.providers.alpha_vantage.errors import classify
from bcdata.providers.alpha_vantage.settings import FREE
from bcdata.providers.alpha_vantage.symbols import written
from bcdata.providers.base import RawActions, RawBars, Series, WindowPage
from bcdata.providers.capabilities import Plan
from bcdata.providers.stocks.keyed_server import KeyedServer
from bcdata.providers.stocks.local_time import closed_until, is_long, midnight, on_grid
from bcdata.providers.stocks.page_trail import beside_rows
from bcdata.providers.stocks.plans import require_interval, within_depth
from bcdata.windows import Grain, Window

_PAGE_BYTES = 32 << 20
_COMPACT_ROWS = 100
_DAY = timedelta(days=1)
_MONTHS_BEGIN = datetime(2000, 1, 1, tzinfo=UTC)
"""The first month of which it has bars within a day."""


class AlphaVantage:
    """`GET /query` for one symbol (a `WindowSource`)."""

    def __init__(self, client: HttpClient, url: str, plan: Plan, budgets: Sequence[Budget]) -> None:
        self._server = KeyedServer(client, url.rstrip("/"), NAME, (KEY,), budgets, classify, _PAGE_BYTES)
        self._plan = plan

    async def pages(self, series: Series, window: Window, *, now: datetime) -> AsyncIterator[WindowPage]:
        """Yields a page for each month of a window, or one page of sessions. Each covers all that it was asked for.

        Raises:
            NotEntitledError: the plan has no bars of this interval.
            OutOfDepthError: the plan does not reach so far back.
            NoDataError: there are no bars at all.
            BadAnswerError: an answer is none.
            ProviderError: the server cannot be asked.
        """
        if series.kind == "actions":
            async for page in self._actions(series, window):
                yield page
            return
        interval = Interval.parse(series.interval or "")
        require_interval(series, self._plan, NAME)
        deep = within_depth(series, window, self._plan, now, NAME)
        closed = closed_until(interval, self._plan, now)
        asked = Window(on_grid(deep.start, interval), min(window.end, closed))
        if asked.is_empty:
            return
        if is_long(interval):
            yield await self._sessions(series, interval, asked, closed)
            return
        async for page in beside_rows(self._months(series, interval, asked, closed), series, asked, NAME):
            yield page

    def read(self, series: Series, bodies: Sequence[bytes]) -> RawBars:
        """The bars of kept pages, pure, in the order in which they were sent.

        Raises:
            BadAnswerError: a body is no page of this symbol and interval.
        """
        return read_bars(series, bodies)

    def read_actions(self, series: Series, bodies: Sequence[bytes]) -> RawActions:
        """The splits and dividends of kept pages, pure.

        Raises:
            BadAnswerError: a body is no page of splits or dividends.
        """
        return read_actions(series, bodies)

    async def first_open(self, series: Series, *, now: datetime) -> datetime | None:
        """The open (UTC) of the first bar; None where the plan has the latest sessions alone, and they are not all.

        Raises:
            NotEntitledError: the plan has no bars of this interval.
            ProviderError: the server cannot be asked, or its answer is not usable.
        """
        del now
        if series.kind == "actions":
            return None
        require_interval(series, self._plan, NAME)
        days = Series(series.market, series.kind, series.symbol, "1d")
        _, _, told = await self._ask(days, self._of_sessions(series.symbol))
        first = min(opens(told, Interval.parse("1d")), default=None)
        if first is None or self._is_cut(told):
            return None
        own = Interval.parse(series.interval or "")
        if is_long(own):
            return first
        _, _, month = await self._ask(series, self._of_month(series, max(first, _MONTHS_BEGIN)))
        return min(opens(month, own), default=None)

    async def _sessions(self, series: Series, interval: Interval, asked: Window, closed: datetime) -> WindowPage:
        """The page of sessions: all, or the latest hundred. It says nothing of dates after it was last refreshed."""
        name, body, told = await self._ask(series, self._of_sessions(series.symbol))
        labels = opens(told, interval)
        if told.rows and not labels:
            raise self._server.unusable(name, "none of its rows tells a date")
        if not labels or (asked.end <= min(labels) and not self._is_cut(told)) or asked.start > max(labels):
            words = f"it has no session from {asked.start:%Y-%m-%d} to {asked.end:%Y-%m-%d}"
            raise NoDataError(f"{NAME}: {series}: {words}; ask for another time, or another source", provider=NAME)
        first = min(labels) if self._is_cut(told) else min(asked.start, *labels)
        if asked.end <= first:
            words = (
                f"the plan {self._plan.name!r} has the latest {_COMPACT_ROWS} sessions alone, since {first:%Y-%m-%d}"
            )
            raise OutOfDepthError(f"{NAME}: {series}: {words}; ask for a later time, or another source", provider=NAME)
        fresh = midnight(told.refreshed) + _DAY if told.refreshed else max(labels) + _DAY
        return WindowPage(name, body, Window(first, max(first, min(closed, fresh))), len(told.rows))

    async def _months(
        self, series: Series, interval: Interval, asked: Window, closed: datetime
    ) -> AsyncIterator[WindowPage]:
        """A page for each month. Sessions lie within days of UTC, so that a month of New York is one of UTC."""
        if asked.end <= _MONTHS_BEGIN:
            words = f"it has bars of {interval.name} since {_MONTHS_BEGIN:%Y-%m}"
            raise OutOfDepthError(f"{NAME}: {series}: {words}; ask for a later time, or another source", provider=NAME)
        start = max(asked.start, _MONTHS_BEGIN)
        while start < asked.end:
            month = Grain.MONTH.window(Grain.MONTH.key(start))
            name, body, told = await self._ask(series, self._of_month(series, start))
            covers = Window(month.start, min(month.end, closed))
            if told.rows and not any(at in month for at in opens(told, interval)):
                raise self._server.unusable(name, "none of its rows is of the month that was asked for")
            yield WindowPage(name, body, covers, len(told.rows))
            start = month.end

    async def _actions(self, series: Series, window: Window) -> AsyncIterator[WindowPage]:
        """The pages of all splits and of all dividends. The last one alone covers the window: they belong together."""
        for function in FUNCTIONS:
            name = with_query("/query", {"function": function, "symbol": written(series.symbol)})
            body = await self._server.ask(name)
            try:
                rows = rows_of(body, series)
            except ValueError as error:
                raise self._server.unusable(name, str(error)) from None
            covers = window if function == FUNCTIONS[-1] else Window(window.start, window.start)
            yield WindowPage(name, body, covers, len(rows))

    def _of_sessions(self, symbol: str) -> str:
        size = "compact" if self._plan == FREE else "full"
        return with_query("/query", {"function": "TIME_SERIES_DAILY", "symbol": written(symbol), "outputsize": size})

    def _of_month(self, series: Series, instant: datetime) -> str:
        query = {
            "function": "TIME_SERIES_INTRADAY",
            "symbol": written(series.symbol),
            "interval": SPANS[series.interval or ""],
            "month": f"{instant:%Y-%m}",
            "adjusted": "false",
            "extended_hours": "false",
            "outputsize": "full",
        }
        return with_query("/query", query)

    def _is_cut(self, told: Answer) -> bool:
        """Whether there may be sessions before those of the answer."""
        return self._plan == FREE and len(told.rows) >= _COMPACT_ROWS

    async def _ask(self, series: Series, name: str) -> tuple[str, bytes, Answer]:
        body = await self._server.ask(name)
        try:
            return name, body, answer(body, series)
        except ValueError as error:
            raise self._server.unusable(name, str(error)) from None
