"""`fmp`: asks for bars by the dates of their sessions."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from bcdata.errors import NoDataError, NotEntitledError, UnknownSymbolError
from bcdata.interval import Interval
from bcdata.net.answers import with_query
from bcdata.net.budgets import Budget
from bcdata.net.client import HttpClient
from bcdata.providers.base import RawActions, RawBars, Series, WindowPage
from bcdata.providers.capabilities import Plan
from bcdata.providers.fmp import KEY, NAME
from bcdata.providers.fmp.errors import classify
from bcdata.providers.fmp.reading import opens_of, read_actions, read_bars, rows_of
from bcdata.providers.stocks.keyed_server import KeyedServer
from bcdata.providers.stocks.local_time import is_long
from bcdata.providers.stocks.page_trail import beside_rows
from bcdata.providers.stocks.plans import require_interval, within_depth
from bcdata.providers.stocks.suffixes import is_foreign, suffixed
from bcdata.providers.stocks.whole_dates import over, spans
from bcdata.windows import Window

_PAGE_BYTES = 32 << 20
_DAY = timedelta(days=1)
_SPANS = {
    "1m": ("1min", 2),
    "5m": ("5min", 7),
    "15m": ("15min", 14),
    "1h": ("1hour", 60),
    "4h": ("4hour", 90),
    "1d": ("", 3650),
}
"""FMP's words, and days of one request: it leaves out the oldest bars of longer ones without a word."""


class Fmp:
    """`GET /stable/historical-price-eod/non-split-adjusted` and `/stable/historical-chart/...` (a `WindowSource`).

    Newest first, by dates. What is of a date is asked for when that date is over in New York.
    """

    def __init__(self, client: HttpClient, url: str, plan: Plan, budgets: Sequence[Budget]) -> None:
        self._server = KeyedServer(client, url.rstrip("/"), NAME, (KEY,), budgets, classify, _PAGE_BYTES)
        self._plan = plan

    async def pages(self, series: Series, window: Window, *, now: datetime) -> AsyncIterator[WindowPage]:
        """Yields the pages of a window in order of time; each covers whole dates.

        Raises:
            UnknownSymbolError: there is nothing, and the symbol has no profile.
            NoDataError: there is nothing in the window.
            OutOfDepthError: the plan does not reach so far back.
            NotEntitledError: the plan has no such bars, or their time zone is not known.
            BadAnswerError: an answer is no list of bars, or one of other times alone.
            ProviderError: the server cannot be asked.
        """
        if series.kind == "actions":
            async for page in self._actions(series, window.until(over(now))):
                yield page
            return
        require_interval(series, self._plan, NAME)
        _require_zone(series)
        deep = within_depth(series, window, self._plan, now, NAME)
        first = deep.start if deep.start == window.start else Interval.parse("1d").ceil(deep.start)
        asked = Window(first, max(first, window.end)).until(over(now))
        if asked.is_empty:
            return
        try:
            async for page in beside_rows(self._bars(series, asked), series, asked, NAME):
                yield page
        except NoDataError:
            await self._require_known(series)
            raise

    def read(self, series: Series, bodies: Sequence[bytes]) -> RawBars:
        """The bars of kept pages (`read_bars`)."""
        return read_bars(series, bodies)

    def read_actions(self, series: Series, bodies: Sequence[bytes]) -> RawActions:
        """The corporate actions of kept pages (`reading.read_actions`)."""
        return read_actions(series, bodies)

    async def first_open(self, series: Series, *, now: datetime) -> datetime | None:
        """None: FMP tells when a company was listed, and not where its own bars begin."""
        del series, now
        return None

    async def _bars(self, series: Series, window: Window) -> AsyncIterator[WindowPage]:
        interval = Interval.parse(series.interval or "")
        word, days = _SPANS[interval.name]
        for dates in spans(window, days):
            last = dates.end - _DAY
            asked = {"symbol": suffixed(series.symbol), "from": f"{dates.start:%Y-%m-%d}", "to": f"{last:%Y-%m-%d}"}
            if is_long(interval):
                name = with_query("/stable/historical-price-eod/non-split-adjusted", asked)
            else:
                name = with_query(f"/stable/historical-chart/{word}", {**asked, "nonadjusted": "true"})
            body, rows = await self._ask(name)
            try:
                if rows and not any(at in dates for at in opens_of(rows, interval)):
                    raise ValueError("none of its rows is of the time that was asked for")  # noqa: TRY301
            except ValueError as error:
                raise self._server.unusable(name, str(error)) from None
            yield WindowPage(name, body, dates, len(rows))

    async def _actions(self, series: Series, window: Window) -> AsyncIterator[WindowPage]:
        """All splits and all dividends; the second page alone covers the window, as the first tells of splits alone."""
        found = []
        for word in ("splits", "dividends"):
            name = with_query(f"/stable/{word}", {"symbol": suffixed(series.symbol), "limit": 1000})
            body, rows = await self._ask(name)
            found.append((name, body, len(rows)))
        if not any(rows for _, _, rows in found):
            await self._require_known(series)
        for (name, body, count), covers in zip(found, (window.until(window.start), window), strict=True):
            yield WindowPage(name, body, covers, count)

    async def _require_known(self, series: Series) -> None:
        """Does nothing where the symbol has a profile.

        Raises:
            UnknownSymbolError: it has none.
        """
        name = with_query("/stable/profile", {"symbol": suffixed(series.symbol)})
        if not (await self._ask(name))[1]:
            words = f"FMP has nothing of {suffixed(series.symbol)}, not even a profile; check the symbol"
            raise UnknownSymbolError(f"{NAME}: {series}: {words}", provider=NAME)

    async def _ask(self, name: str) -> tuple[bytes, list[object]]:
        body = await self._server.ask(name)
        try:
            return body, rows_of(body)
        except ValueError as error:
            raise self._server.unusable(name, str(error)) from None


def _require_zone(series: Series) -> None:
    """Does nothing where it is known in which time zone bars are told.

    Raises:
        NotEntitledError: it is not: within the day New York's is, and no other.
    """
    if series.interval != "1d" and is_foreign(series.symbol):
        words = (
            "FMP does not say in which time zone bars of this exchange are told; use bars of days, or another source"
        )
        raise NotEntitledError(f"{NAME}: {series}: {words}", provider=NAME)
