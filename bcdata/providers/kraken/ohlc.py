"""`kraken_rest`: the bars that Kraken makes, the latest 720 of each interval."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from bcdata.errors import OutOfDepthError
from bcdata.interval import EPOCH, Interval
from bcdata.net.client import HttpClient
from bcdata.providers.base import RawBars, Series, WindowPage
from bcdata.providers.json_body import number, whole
from bcdata.providers.kraken.answers import answers
from bcdata.providers.kraken.server import KrakenServer
from bcdata.providers.raw_rows import LATEST, RawRows
from bcdata.windows import Window

NAME = "kraken_rest"
DEPTH = 720
_FIELDS = 8
_SECOND = timedelta(seconds=1)


class KrakenRest:
    """`GET /0/public/OHLC` (a `WindowSource`): one page, which ends with a bar that is not committed."""

    def __init__(self, client: HttpClient, url: str) -> None:
        self._server = KrakenServer(client, url, NAME)

    async def pages(self, series: Series, window: Window, *, now: datetime) -> AsyncIterator[WindowPage]:
        """Yields the one page that there is, if it covers any of the window.

        Raises:
            UnknownSymbolError: there is no such pair.
            OutOfDepthError: the window ends before the latest 720 bars.
            ProviderError: the server cannot be asked, or its answer is not usable.
        """
        interval = Interval.parse(series.interval or "")
        length = interval.length or timedelta()
        if window.end <= interval.floor(now) - DEPTH * length:
            raise _too_deep(series, window)
        minutes = length // timedelta(minutes=1)
        # The second before the first bar: whether `since` itself is included does not matter then.
        since = (window.start - EPOCH) // _SECOND - 1
        told = await self._server.ask("OHLC", {"pair": series.symbol, "interval": minutes, "since": since})
        covers = _covered(told.answer.rows, window.start, interval.floor(now))
        if window.end <= covers.start:
            raise _too_deep(series, window)
        if not covers.is_empty:
            yield WindowPage(told.url, told.body, covers, len(told.answer.rows))

    def read(self, series: Series, bodies: Sequence[bytes]) -> RawBars:
        """The committed bars of kept pages; pure. VWAP is null where nothing was traded.

        Raises:
            BadAnswerError: a body is no page of OHLC at all.
        """
        del series
        found = RawRows()
        for page, answer in answers(NAME, bodies):
            pending = max(_opens(answer.rows), default=None)
            for line, row in enumerate(answer.rows):
                opened = _open_of(row)
                if opened is None or len(row) < _FIELDS:
                    found.refuse(page, line, row, f"not a list of {_FIELDS} fields that begins with a time", opened)
                elif opened != pending:
                    found.add(page, line, opened, _values(row))
        return found.built()

    async def first_open(self, series: Series, *, now: datetime) -> datetime | None:
        """None: the latest bars do not tell."""
        del series, now
        return None


def _covered(rows: Sequence[Any], start: datetime, closed: datetime) -> Window:
    """From the first row, or from what was asked for where there is room for more, to the bar that is not committed."""
    opens = list(_opens(rows))
    if not opens:
        return Window(start, start)
    first, pending = EPOCH + min(opens) * _SECOND, EPOCH + max(opens) * _SECOND
    return Window(first if len(rows) >= DEPTH else min(start, first), min(pending, closed))


def _opens(rows: Sequence[Any]) -> list[int]:
    return [opened for row in rows if (opened := _open_of(row)) is not None]


def _open_of(row: Any) -> int | None:
    return whole(row[0], LATEST) if isinstance(row, list) and row else None


def _values(row: Sequence[Any]) -> dict[str, float | int | None]:
    values: dict[str, float | int | None] = dict(
        zip(("open", "high", "low", "close", "vwap", "volume"), map(number, row[1:7]), strict=True)
    )
    if not values["vwap"] and not values["volume"]:
        values["vwap"] = None
    return {**values, "trades": whole(row[7], 2**53)}


def _too_deep(series: Series, window: Window) -> OutOfDepthError:
    words = f"it has the latest {DEPTH} bars alone, and {window.end:%Y-%m-%d %H:%M} UTC lies before them"
    return OutOfDepthError(f"{NAME}: {series}: {words}; kraken_trades reaches further back", provider=NAME)
