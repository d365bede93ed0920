"""`ccxt`: the bars of exchanges that the ccxt library reads."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

from bcdata.errors import BadAnswerError, NoDataError
from bcdata.interval import EPOCH, Interval
from bcdata.net.client import HttpClient
from bcdata.providers.base import RawBars, Series, WindowPage
from bcdata.providers.ccxt.answers import FIELDS, body_of, open_ms, opens_of, proven, rows_of, within
from bcdata.providers.ccxt.exchange import NAME, Exchange
from bcdata.providers.json_body import number
from bcdata.providers.raw_rows import RawRows
from bcdata.windows import Window

_LEAD = 30
"""Bars before the window with which a question begins: one that is there proves the silence after it."""
_STEP = 100
"""Bars to go on by where an exchange has nothing and its page length is not known."""
_MS = timedelta(milliseconds=1)
_NAMES = ("open", "high", "low", "close", "volume")


class CcxtBars:
    """`fetch_ohlcv` of any exchange (a `WindowSource`).

    Each question but the first begins with a bar that is known, so that what an answer leaves out after it is proven.
    """

    def __init__(self, http: HttpClient, base: str) -> None:
        self._http = http
        self._base = base
        self._opening: dict[str, asyncio.Task[Exchange]] = {}

    async def pages(self, series: Series, window: Window, *, now: datetime) -> AsyncIterator[WindowPage]:
        """Yields what the exchange answers, each answer for the time that it proves.

        Raises:
            UnknownSymbolError: the exchange has no such spot market.
            BadRequestError: it has no bars of this length.
            NoDataError: it has nothing before the window's end.
            ProviderError: ccxt is not there, the exchange cannot be asked, or its answer is not usable.
        """
        interval = Interval.parse(series.interval or "")
        length = interval.length or timedelta()
        asked = Window(interval.ceil(window.start), min(window.end, interval.floor(now)))
        exchange = await self._exchange(series.market)
        exchange.check(series.symbol, interval.name)
        step = (exchange.page_rows(series.symbol) or _STEP) * length
        at, first = asked.start - _LEAD * length, None
        while at < asked.end:
            told = await exchange.bars(series.symbol, interval.name, (at - EPOCH) // _MS)
            rows = within(told.rows, asked)
            for covers in proven(told.rows, interval, asked):
                yield WindowPage(told.url, body_of(told.about, rows, told.sent), covers, len(rows))
            opens = [one for one in opens_of(told.rows, interval) if one >= at]
            first = first or min(opens, default=None)
            last = max(opens, default=at)
            at = last if last > at and interval.next(last) < asked.end else max(last, at + step)
        if first is None or first >= asked.end:
            words = f"its answer begins at {first:%Y-%m-%d %H:%M} UTC" if first else "its answers are empty"
            message = f"{NAME}: {series}: nothing before {asked.end:%Y-%m-%d %H:%M} UTC: {words}"
            raise NoDataError(message, provider=NAME)

    def read(self, series: Series, bodies: Sequence[bytes]) -> RawBars:
        """The bars of kept pages, pure, in the order in which ccxt has them; ccxt is not needed.

        Raises:
            BadAnswerError: a body is no page of this source at all.
        """
        del series
        found = RawRows()
        for page, body in enumerate(bodies):
            try:
                rows = rows_of(body)
            except ValueError as error:
                raise BadAnswerError(f"{NAME}: page {page} is not usable: {error}", provider=NAME) from None
            for line, row in enumerate(rows):
                ms = open_ms(row)
                if ms is None or ms % 1000 or len(row) < FIELDS:
                    words = f"not a list of {FIELDS} fields that begins with a time in ms, of a whole second"
                    found.refuse(page, line, row, words, None if ms is None else ms // 1000)
                else:
                    found.add(page, line, ms // 1000, dict(zip(_NAMES, map(number, row[1:FIELDS]), strict=True)))
        return found.built()

    async def first_open(self, series: Series, *, now: datetime) -> datetime | None:
        """None: where an answer begins is no proof that there was nothing before."""
        del series, now
        return None

    async def _exchange(self, name: str) -> Exchange:
        """The exchange on the running loop, made once for all who ask; again after a failure."""
        opening = self._opening.get(name)
        has_failed = opening is not None and opening.done() and (opening.cancelled() or opening.exception() is not None)
        if opening is None or has_failed or opening.get_loop() is not asyncio.get_running_loop():
            opening = asyncio.create_task(Exchange.open(name, self._http, self._base))
            self._opening[name] = opening
        return await asyncio.shield(opening)
