"""`polygon`: asks for aggregates, splits and dividends, page by page, as far as the plan reaches."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from bcdata.errors import NotEntitledError
from bcdata.interval import EPOCH, Interval
from bcdata.net.answers import with_query
from bcdata.net.budgets import Budget
from bcdata.net.client import HttpClient
from bcdata.providers.base import RawActions, RawBars, Series, WindowPage
from bcdata.providers.capabilities import Plan
from bcdata.providers.polygon import KEY, NAME
from bcdata.providers.polygon.actions import ENDPOINTS, read_actions
from bcdata.providers.polygon.answers import Answer, answer, next_name
from bcdata.providers.polygon.bars import opens, read_bars
from bcdata.providers.polygon.errors import classify
from bcdata.providers.polygon.symbols import written, zone_of
from bcdata.providers.stocks.keyed_server import KeyedServer
from bcdata.providers.stocks.local_time import around, closed_until, is_long, on_grid
from bcdata.providers.stocks.page_trail import Links, Trail, beside_rows
from bcdata.providers.stocks.plans import require_interval, within_depth
from bcdata.windows import Grain, Window

_PAGE_BYTES = 32 << 20
_DAY = timedelta(days=1)
_MS = timedelta(milliseconds=1)
_BEGAN = datetime(2003, 9, 1, tzinfo=UTC)
"""Its bars begin in that month."""
_SPANS = {
    "1m": "1/minute",
    "5m": "5/minute",
    "15m": "15/minute",
    "1h": "1/hour",
    "1d": "1/day",
    "1w": "1/week",
    "1mo": "1/month",
}


class Polygon:
    """Aggregates (`/v2/aggs`) and reference data (`/v3/reference`) of a symbol (a `WindowSource`)."""

    def __init__(self, client: HttpClient, url: str, plan: Plan, budgets: Sequence[Budget]) -> None:
        self._server = KeyedServer(client, url.rstrip("/"), NAME, (KEY,), budgets, classify, _PAGE_BYTES)
        self._plan = plan

    async def pages(self, series: Series, window: Window, *, now: datetime) -> AsyncIterator[WindowPage]:
        """Yields the pages of a window in order of time: for bars within a day a month a request, and what it leads to.

        Raises:
            OutOfDepthError: the plan does not reach so far back.
            NoDataError: there are no bars at all, as where there is no such symbol.
            NotEntitledError: the plan does not include this.
            BadAnswerError: an answer is none, leads to another host or nowhere.
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
            BadAnswerError: a body is no page of aggregates of this symbol.
        """
        return read_bars(series, bodies)

    def read_actions(self, series: Series, bodies: Sequence[bytes]) -> RawActions:
        """The splits and dividends of kept pages, pure.

        Raises:
            BadAnswerError: a body is no page of splits or dividends.
        """
        return read_actions(series, bodies)

    async def first_open(self, series: Series, *, now: datetime) -> datetime | None:
        """The open (UTC) of the first bar; None where there is none, or the plan may only not reach further back.

        Raises:
            ProviderError: the server cannot be asked, or its answer is not usable.
        """
        if series.kind == "actions":
            return None
        since = _BEGAN if self._plan.depth is None else _midnight(now - self._plan.depth) + _DAY
        days = Interval.parse("1d")
        first = await self._first(series, days, Window(since, now))
        if first is None or (self._plan.depth is not None and first < since + 7 * _DAY):
            return None
        own = Interval.parse(series.interval or "")
        if is_long(own):
            return own.floor(first)
        return await self._first(series, own, Window(first, first + 2 * _DAY))

    async def _first(self, series: Series, interval: Interval, window: Window) -> datetime | None:
        """The first open, or label, in a window: one row is asked for, which is the first."""
        name = _name(series.symbol, interval, window, 1 if is_long(interval) else 1000)
        told = await self._ask(name, series.symbol)
        known = [at for at in opens(told[1], interval, zone_of(series.symbol)) if at is not None and at in window]
        return min(known, default=None)

    async def _bars(
        self, series: Series, interval: Interval, window: Window, now: datetime
    ) -> AsyncIterator[WindowPage]:
        for part in [window] if is_long(interval) else _months(window):
            reach = self._reach(part, interval, now)
            trail = Trail(part, reach, interval)
            name: str | None = _name(series.symbol, interval, reach)
            while name is not None:
                body, told = await self._ask(name, series.symbol)
                try:
                    following = next_name(told.next_url, self._server.base)
                    covers = trail.covered(opens(told, interval, zone_of(series.symbol)), following)
                except ValueError as error:
                    raise self._server.unusable(name, str(error)) from None
                yield WindowPage(name, body, covers, len(told.rows))
                name = following

    def _reach(self, part: Window, interval: Interval, now: datetime) -> Window:
        """What is asked for: of dates one more on both sides, as far as the plan has them."""
        reach = around(part, interval)
        if self._plan.depth is None or not is_long(interval):
            return reach
        return Window(max(reach.start, _midnight(now - self._plan.depth) + _DAY), reach.end)

    async def _actions(self, series: Series, window: Window) -> AsyncIterator[WindowPage]:
        """The last page alone covers the window: all before it tell of a part of its actions."""
        ticker, (first, last) = written(series.symbol), (window.start.date(), (window.end - _MS).date())
        for endpoint, at in ENDPOINTS.items():
            wanted = {"ticker": ticker, f"{at}.gte": f"{first}", f"{at}.lte": f"{last}"}
            query = wanted | {"sort": at, "order": "asc", "limit": "1000"}
            name: str | None = with_query(f"/v3/reference/{endpoint}", query)
            links = Links()
            while name is not None:
                body, told = await self._ask(name, series.symbol)
                try:
                    following = next_name(told.next_url, self._server.base)
                    links.follow(following, len(told.rows))
                except ValueError as error:
                    raise self._server.unusable(name, str(error)) from None
                is_last = following is None and endpoint == list(ENDPOINTS)[-1]
                covers = window if is_last else Window(window.start, window.start)
                yield WindowPage(name, body, covers, len(told.rows))
                name = following

    async def _ask(self, name: str, symbol: str) -> tuple[bytes, Answer]:
        try:
            body = await self._server.ask(name)
        except NotEntitledError as error:
            raise self._with_depth(error) from None
        try:
            return body, answer(body, written(symbol))
        except ValueError as error:
            raise self._server.unusable(name, str(error)) from None

    def _with_depth(self, error: NotEntitledError) -> NotEntitledError:
        """The error, and how far back the plan reaches that the settings name: the key may belong to another."""
        if self._plan.depth is None:
            return error
        words = f"the plan {self._plan.name!r} has the last {self._plan.depth.days // 365} years"
        return NotEntitledError(f"{error}; {words}", provider=NAME, url=error.url, status=error.status)


def _name(symbol: str, interval: Interval, reach: Window, limit: int = 50_000) -> str:
    """Path and query for the bars that open in a window; both ends of the call are included."""
    ends: tuple[object, object] = (reach.start - EPOCH) // _MS, (reach.end - EPOCH) // _MS - 1
    if is_long(interval):
        ends = reach.start.date(), (reach.end - _MS).date()
    path = f"/v2/aggs/ticker/{quote(written(symbol), safe='')}/range/{_SPANS[interval.name]}/{ends[0]}/{ends[1]}"
    return with_query(path, {"adjusted": "false", "sort": "asc", "limit": limit})


def _months(window: Window) -> list[Window]:
    """The window in calendar months: what is answered at once is counted in minutes, and a month has not too many."""
    found, start = [], window.start
    while start < window.end:
        end = min(window.end, Grain.MONTH.window(Grain.MONTH.key(start)).end)
        found.append(Window(start, end))
        start = end
    return found


def _midnight(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)
