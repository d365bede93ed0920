"""`tiingo`: asks for bars by the dates of their sessions."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from bcdata.interval import Interval
from bcdata.net.answers import with_query
from bcdata.net.budgets import Budget
from bcdata.net.client import HttpClient
from bcdata.providers.base import RawActions, RawBars, Series, WindowPage
from bcdata.providers.json_body import decoded
from bcdata.providers.stocks.keyed_server import KeyedServer
from bcdata.providers.stocks.local_time import day, is_long, midnight
from bcdata.providers.stocks.page_trail import beside_rows
from bcdata.providers.stocks.whole_dates import over, spans
from bcdata.providers.tiingo import KEY, NAME
from bcdata.providers.tiingo.errors import classify
from bcdata.providers.tiingo.reading import opens_of, read_actions, read_bars, rows_of
from bcdata.providers.tiingo.symbols import written
from bcdata.windows import Window

_PAGE_BYTES = 32 << 20
_DAY = timedelta(days=1)
_SPANS = {"5m": ("5min", 20), "15m": ("15min", 60), "1h": ("1hour", 240)}
"""Tiingo's words for bars within the day, and days of one request: fewer than 2,000 bars."""
_LONG = {"1d": "daily", "1w": "weekly", "1mo": "monthly"}


class Tiingo:
    """`GET /tiingo/daily/{ticker}/prices` and `/iex/{ticker}/prices` (a `WindowSource`): oldest first, by dates.

    What is of a date is asked for when that date is over in New York: until then bars run, and are corrected.
    """

    def __init__(self, client: HttpClient, url: str, budgets: Sequence[Budget]) -> None:
        self._server = KeyedServer(client, url.rstrip("/"), NAME, (KEY,), budgets, classify, _PAGE_BYTES)

    async def pages(self, series: Series, window: Window, *, now: datetime) -> AsyncIterator[WindowPage]:
        """Yields the pages of a window in order of time; each covers whole dates.

        Raises:
            UnknownSymbolError: there is no such ticker.
            NoDataError: there is nothing in the window.
            BadAnswerError: an answer is no list of bars, or one of other times alone.
            ProviderError: the server cannot be asked.
        """
        interval = Interval.parse("1d" if series.kind == "actions" else series.interval or "")
        asked = window.until(over(now))
        if is_long(interval):  # a session opens and closes within its date: the window may begin and end there
            asked = Window(interval.floor(window.start), interval.ceil(window.end)).until(interval.floor(over(now)))
        if not asked.is_empty:
            async for page in beside_rows(self._pages(series, interval, asked), series, asked, NAME):
                yield page

    def read(self, series: Series, bodies: Sequence[bytes]) -> RawBars:
        """The bars of kept pages (`read_bars`)."""
        return read_bars(series, bodies)

    def read_actions(self, series: Series, bodies: Sequence[bytes]) -> RawActions:
        """The corporate actions of kept pages (`reading.read_actions`)."""
        return read_actions(series, bodies)

    async def first_open(self, series: Series, *, now: datetime) -> datetime | None:
        """The label of the first session; None of bars within the day, of which Tiingo does not tell.

        Raises:
            ProviderError: the server cannot be asked, or its answer is not usable.
        """
        del now
        if series.kind == "actions" or series.interval not in _LONG:
            return None
        name = f"/tiingo/daily/{quote(written(series.symbol), safe='')}"
        told: Any = decoded(await self._server.ask(name))
        try:
            first = midnight(day(told.get("startDate") if isinstance(told, dict) else None))
        except ValueError as error:
            raise self._server.unusable(name, f"its startDate: {error}") from None
        return Interval.parse(series.interval).floor(first)

    async def _pages(self, series: Series, interval: Interval, window: Window) -> AsyncIterator[WindowPage]:
        if is_long(interval):
            yield await self._page(series.symbol, interval, window)
            return
        for dates in spans(window, _SPANS[interval.name][1]):
            yield await self._page(series.symbol, interval, dates)

    async def _page(self, symbol: str, interval: Interval, window: Window) -> WindowPage:
        """The answer about some dates. Of months a day more is asked for, as the last date is left out of them."""
        last = window.end if interval.length is None else window.end - _DAY
        dates: dict[str, str | int] = {"startDate": f"{window.start:%Y-%m-%d}", "endDate": f"{last:%Y-%m-%d}"}
        path = f"{quote(written(symbol), safe='')}/prices"
        if is_long(interval):
            how = {"resampleFreq": _LONG[interval.name], "format": "json"}
            name = with_query(f"/tiingo/daily/{path}", dates | how)
        else:
            how = {"resampleFreq": _SPANS[interval.name][0], "columns": "open,high,low,close,volume"}
            name = with_query(f"/iex/{path}", dates | how | {"afterHours": "false", "forceFill": "false"})
        body = await self._server.ask(name)
        try:
            rows = rows_of(body)
            if rows and not any(at in window for at in opens_of(rows, interval)):
                raise ValueError("none of its rows is of the time that was asked for")  # noqa: TRY301
        except ValueError as error:
            raise self._server.unusable(name, str(error)) from None
        return WindowPage(name, body, window, len(rows))
