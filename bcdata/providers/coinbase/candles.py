"""`coinbase_rest`: the candles of Coinbase's Exchange API."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from bcdata.errors import BadAnswerError
from bcdata.interval import EPOCH, Interval
from bcdata.net.answers import shown, with_query
from bcdata.net.client import HttpClient
from bcdata.providers.base import RawBars, Series, WindowPage
from bcdata.providers.coinbase import limits
from bcdata.providers.coinbase.errors import classify
from bcdata.providers.json_body import decoded, number, text_of, whole
from bcdata.providers.raw_rows import LATEST, RawRows
from bcdata.windows import Window

NAME = "coinbase_rest"
VARIABLE = "BCDATA_COINBASE_URL"
PAGE_ROWS = 300
_PAGE_BYTES = 4 << 20
_FIELDS = 6
_SECOND = timedelta(seconds=1)
_BEGAN = datetime(2015, 1, 1, tzinfo=UTC)
"""The exchange opened in that month; there is nothing to look for before."""


class CoinbaseRest:
    """`GET /products/{id}/candles` (a `WindowSource`): 300 candles a page, newest first, none without a trade."""

    def __init__(self, client: HttpClient, url: str) -> None:
        self._client = client
        self._base = url.rstrip("/")
        self._budgets = tuple((one, 1) for one in limits({"rest": self._base}))

    async def pages(self, series: Series, window: Window, *, now: datetime) -> AsyncIterator[WindowPage]:
        """Yields the pages of the window, in order of time; each covers exactly what was asked for.

        Raises:
            UnknownSymbolError: there is no such product.
            BadAnswerError: an answer is no list, or has rows of other times alone.
            ProviderError: the server cannot be asked.
        """
        interval = Interval.parse(series.interval or "")
        start, end = interval.ceil(window.start), min(window.end, interval.floor(now))
        step = PAGE_ROWS * (interval.length or timedelta())
        while start < end:
            upto = min(end, start + step)
            yield await self._page(series, interval, Window(start, upto))
            start = upto

    def read(self, series: Series, bodies: Sequence[bytes]) -> RawBars:
        """The bars of kept pages, pure, in the order in which they were sent.

        Raises:
            BadAnswerError: a body is no page of candles at all.
        """
        del series
        found = RawRows()
        for page, body in enumerate(bodies):
            try:
                rows = _rows(body)
            except ValueError as error:
                raise BadAnswerError(f"{NAME}: page {page} is not usable: {error}", provider=NAME) from None
            for line, row in enumerate(rows):
                opened = _open_of(row)
                if opened is None or len(row) != _FIELDS:
                    found.refuse(page, line, row, f"not a list of {_FIELDS} fields that begins with a time", opened)
                else:
                    names = ("low", "high", "open", "close", "volume")
                    found.add(page, line, opened, dict(zip(names, map(number, row[1:]), strict=True)))
        return found.built()

    async def first_open(self, series: Series, *, now: datetime) -> datetime | None:
        """The open (UTC) of the first candle, looked for in days and then within the first day that has any.

        Raises:
            ProviderError: the server cannot be asked, or its answer is not usable.
        """
        days = Series(series.market, series.kind, series.symbol, "1d")
        day = await self._first(days, Window(_BEGAN, now), now)
        if day is None:
            return None
        own = Interval.parse(series.interval or "")
        # The day of today has no candle of a day yet; `day` is one that has closed.
        return await self._first(series, Window(own.floor(day), day + timedelta(days=1)), now)

    async def _first(self, series: Series, window: Window, now: datetime) -> datetime | None:
        async for page in self.pages(series, window, now=now):
            opens = [EPOCH + opened * _SECOND for opened in _opens(_rows(page.body))]
            if inside := [one for one in opens if one in page.covers]:
                return min(inside)
        return None

    async def _page(self, series: Series, interval: Interval, window: Window) -> WindowPage:
        """The answer to one call for the bars that open in the window; `end` of the call is the open of the last."""
        length = interval.length or timedelta()
        first, last = _seconds(window.start), _seconds(window.end - length)
        path = f"/products/{quote(series.symbol, safe='')}/candles"
        name = with_query(path, {"granularity": length // _SECOND, "start": first, "end": last})
        response = await self._client.get(
            self._base + name,
            provider=NAME,
            variable=VARIABLE,
            budgets=self._budgets,
            max_bytes=_PAGE_BYTES,
            policy=classify,
        )
        try:
            rows = _rows(response.body)
        except ValueError as error:
            raise self._unusable(name, str(error)) from None
        if rows and not any(first <= opened <= last for opened in _opens(rows)):
            raise self._unusable(name, "none of its rows is of the time that was asked for")
        return WindowPage(name, response.body, window, len(rows))

    def _unusable(self, name: str, cause: str) -> BadAnswerError:
        url = shown(self._base + name)
        message = f"{NAME}: {url}: the answer is not usable: {cause}; check {VARIABLE}"
        return BadAnswerError(message, provider=NAME, url=url, status=200)


def _rows(body: bytes) -> list[Any]:
    rows = decoded(body)
    if not isinstance(rows, list):
        raise ValueError(f"it is not a list: {text_of(rows)}")  # noqa: TRY004 (an answer, not an argument)
    return rows


def _opens(rows: Sequence[Any]) -> list[int]:
    return [opened for row in rows if (opened := _open_of(row)) is not None]


def _open_of(row: Any) -> int | None:
    return whole(row[0], LATEST) if isinstance(row, list) and row else None


def _seconds(instant: datetime) -> int:
    return (instant - EPOCH) // _SECOND
