"""`yahoo`: asks for charts, by windows."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from bcdata.errors import BadAnswerError, NoDataError, OutOfDepthError
from bcdata.interval import EPOCH
from bcdata.net.answers import with_query
from bcdata.net.client import HttpClient
from bcdata.providers.base import RawActions, RawBars, Series, WindowPage
from bcdata.providers.yahoo import DEPTHS
from bcdata.providers.yahoo.chart import Chart, chart_of, midnight, require_spacing
from bcdata.providers.yahoo.reading import read_actions, read_bars
from bcdata.providers.yahoo.server import NAME, VARIABLE, YahooServer
from bcdata.providers.yahoo.symbols import written
from bcdata.windows import Window

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_STEP = {"1m": 7 * _DAY}
"""The longest time of one request: eight days are the most of minutes, counted generously."""
_MARGIN = timedelta(hours=1)
"""Yahoo counts from its own now, some time after ours."""
_GLANCE = timedelta(days=7)
_BEFORE = timedelta(days=8)
"""So long before a window charts of days begin: what leaps at its first bar is seen beside the bars before."""


class YahooCharts:
    """`GET /v8/finance/chart/{symbol}` (a `WindowSource`): bars, and the splits and payments in their time.

    Charts of days are asked for up to now, as prices are adjusted for all splits up to now. Beside bars of a shorter
    length a chart of days is asked for, which covers nothing and tells of these splits.
    """

    def __init__(self, client: HttpClient, url: str) -> None:
        self._server = YahooServer(client, url)

    async def pages(self, series: Series, window: Window, *, now: datetime) -> AsyncIterator[WindowPage]:
        """Yields the pages of the window, in order of time.

        Raises:
            OutOfDepthError: the window ends before the bars that Yahoo keeps of this length.
            NoDataError: there is nothing in the window.
            BadAnswerError: an answer is no chart of this symbol and interval, or one of other times alone.
            ProviderError: the server cannot be asked.
        """
        interval = series.interval or "1d"
        if series.kind == "actions" or interval == "1d":
            yield await self._days(series.symbol, window, now)
            return
        start = _reachable(series, interval, window, now)
        days = await self._days(series.symbol, Window(start, window.end), now)
        yield WindowPage(days.url, days.body, Window(window.start, window.start), 0)
        nothing: NoDataError | None = None
        while start < window.end:
            end = min(window.end, start + _STEP.get(interval, DEPTHS[interval]))
            try:
                yield await self._page(series.symbol, interval, Window(start, end))
            except NoDataError as error:
                nothing = error
            start = end
        if nothing is not None:
            raise nothing

    def read(self, series: Series, bodies: Sequence[bytes]) -> RawBars:
        """The bars of kept pages (`read_bars`)."""
        return read_bars(series, bodies)

    def read_actions(self, series: Series, bodies: Sequence[bytes]) -> RawActions:
        """The corporate actions of kept pages (`reading.read_actions`)."""
        return read_actions(series, bodies)

    async def first_open(self, series: Series, *, now: datetime) -> datetime | None:
        """The open of the first session, of bars of days its label if that is earlier; of shorter ones within depth."""
        try:
            _, _, chart = await self._chart(series.symbol, "1d", now - _GLANCE, now)
        except NoDataError:
            return None
        if chart.first_trade is None or series.kind == "actions":
            return None
        first = EPOCH + chart.first_trade * _SECOND
        if series.interval == "1d":
            return min(first, midnight(chart.day(chart.first_trade)))
        return first if first > now - DEPTHS[series.interval or ""] else None

    async def _days(self, symbol: str, window: Window, now: datetime) -> WindowPage:
        """Bars of days from a day before the window to the end of tomorrow, and what is known by then.

        A session that opens after the first instant asked for has its row, and one that runs has none yet.
        """
        start, today = (datetime(at.year, at.month, at.day, tzinfo=UTC) for at in (window.start, now))
        name, body, chart = await self._chart(symbol, "1d", start - _BEFORE, today + 2 * _DAY)
        opens, closes = EPOCH + chart.opens * _SECOND, EPOCH + chart.closes * _SECOND
        running = max(opens, midnight(chart.day(chart.opens)))
        until = running if chart.is_running else max(closes, min(window.end, now))
        return WindowPage(name, body, Window(start - _DAY, now).until(until), len(chart.rows))

    async def _page(self, symbol: str, interval: str, window: Window) -> WindowPage:
        name, body, chart = await self._chart(symbol, interval, window.start, window.end)
        opens, quoted = EPOCH + chart.opens * _SECOND, EPOCH + chart.quoted * _SECOND
        covers = window.until(max(opens, quoted)) if chart.is_running else window
        return WindowPage(name, body, covers, len(chart.rows))

    async def _chart(self, symbol: str, interval: str, start: datetime, end: datetime) -> tuple[str, bytes, Chart]:
        first, last = ((at - EPOCH) // _SECOND for at in (start, end))
        path = f"/v8/finance/chart/{quote(written(symbol), safe='')}"
        asked: dict[str, str | int] = {"period1": first, "period2": last, "interval": interval}
        name = with_query(path, asked | {"includePrePost": "false", "events": "div,splits,capitalGains"})
        body = await self._server.ask(name)
        try:
            chart = chart_of(body, symbol)
            require_spacing(chart, interval)
        except ValueError as error:
            raise _unusable(name, str(error)) from None
        times = [row.at for row in chart.rows if row.at is not None]
        if chart.rows and not any(first <= at < last for at in times):
            raise _unusable(name, "none of its rows is of the time that was asked for")
        return name, body, chart


def _reachable(series: Series, interval: str, window: Window, now: datetime) -> datetime:
    """Where the window begins within what Yahoo keeps.

    Raises:
        OutOfDepthError: it ends before that.
    """
    first = now - DEPTHS[interval] + _MARGIN
    if window.end > first:
        return max(window.start, first.replace(second=0, microsecond=0))
    words = f"bars of {interval} reach {DEPTHS[interval].days} days back, to {first:%Y-%m-%d %H:%M} UTC"
    message = f"{NAME}: {series}: {words}; ask for a later time, for bars of days, or another source"
    raise OutOfDepthError(message, provider=NAME)


def _unusable(name: str, cause: str) -> BadAnswerError:
    message = f"{NAME}: {name}: the answer is not usable: {cause}; check {VARIABLE}"
    return BadAnswerError(message, provider=NAME, url=name, status=200)
