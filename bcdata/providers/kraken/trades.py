"""`kraken_trades`: bars built from all trades that Kraken ever had."""

import math
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta

import polars as pl

from bcdata.frames.schema import RAW_BAR, conform
from bcdata.interval import EPOCH, Interval
from bcdata.net.client import HttpClient
from bcdata.providers.base import RawBars, Series, WindowPage
from bcdata.providers.kraken.answers import answers
from bcdata.providers.kraken.server import KrakenPage, KrakenServer
from bcdata.providers.kraken.trade_rows import once, time_of, trades
from bcdata.providers.raw_rows import RawRows
from bcdata.windows import Window

NAME = "kraken_trades"
_US = timedelta(microseconds=1)
_NS = 1_000_000_000
_UNSHARP_NS = 1_000_000
"""Times of trades are written less exactly than `last`. The next page begins so much earlier, so that of trades that
look equal it has all that the page before may have left out."""
_MANY_PAGES, _FEW_ROWS = 200, 5
"""More pages than the one, with fewer rows each than the other, are not worth following any further."""


class KrakenTrades:
    """`GET /0/public/Trades` (a `WindowSource`), page by page, each up to its last trade."""

    def __init__(self, client: HttpClient, url: str) -> None:
        self._server = KrakenServer(client, url, NAME)

    async def pages(self, series: Series, window: Window, *, now: datetime) -> AsyncIterator[WindowPage]:
        """Yields the pages that cover the window, in order of time.

        A page that is empty, or whose `last` is what it was asked for, says that there is nothing later: it covers the
        rest of the window.

        Raises:
            UnknownSymbolError: there is no such pair.
            BadAnswerError: an answer is none, or the pages lead nowhere.
            ProviderError: the server cannot be asked.
        """
        covered, end = _us(window.start), _us(min(window.end, now))
        since, count, rows = covered * 1000 - 1, 0, 0
        while covered < end:
            told = await self._server.ask("Trades", {"pair": series.symbol, "since": since})
            count, rows = count + 1, rows + len(told.answer.rows)
            if count > _MANY_PAGES and rows < _FEW_ROWS * count:
                raise self._server.unusable(told.url, f"{count} pages have so few trades that they are not enough")
            last = self._last(told, since)
            upto = end if last is None else min(max(covered, last // 1000), _us(now))
            yield WindowPage(told.url, told.body, Window(_instant(covered), _instant(upto)), len(told.answer.rows))
            # Trades of one microsecond fill the page: then those after `last` itself are all that is left.
            since = last or 0 if upto == covered else upto * 1000 - 1 - _UNSHARP_NS
            covered = upto

    def read(self, series: Series, bodies: Sequence[bytes]) -> RawBars:
        """The bars that the trades of all these pages make, pure; each trade counts once, however the pages overlap.

        A bar at an edge of what the pages cover has the trades that they have. Where a trade cannot be read, all values
        of its bar are null.

        Raises:
            BadAnswerError: a body is no page of Trades at all.
        """
        length = Interval.parse(series.interval or "").length or timedelta()
        seconds, bad = length // timedelta(seconds=1), RawRows()
        pages = [trades(page, answer.rows, bad, seconds) for page, answer in answers(NAME, bodies)]
        return RawBars(_bars(once(pages), seconds), bad.bad_lines())

    async def first_open(self, series: Series, *, now: datetime) -> datetime | None:
        """The open (UTC) of the bar of the first trade; None where there is none.

        Raises:
            ProviderError: the server cannot be asked, or its answer is not usable.
        """
        del now
        told = await self._server.ask("Trades", {"pair": series.symbol, "since": 0})
        times = _times(told)
        return Interval.parse(series.interval or "").floor(_instant(min(times) // 1000)) if times else None

    def _last(self, told: KrakenPage, since: int) -> int | None:
        """The time of the page's last trade (ns); None where there is nothing after `since`.

        Raises:
            BadAnswerError: the page is not what was asked for, so that following it would lead nowhere.
        """
        rows, last = told.answer.rows, told.answer.last
        if not rows:
            return None
        times = _times(told)
        if not times or last is None:
            raise self._server.unusable(told.url, "no trade has a time, or `last` is none")
        if min(times) < since - _UNSHARP_NS:
            raise self._server.unusable(told.url, "it has trades before those that were asked for")
        if abs(max(times) - last) > _UNSHARP_NS:
            raise self._server.unusable(told.url, f"`last` ({last}) is not the time of its last trade")
        return last if last > since else None


def _times(told: KrakenPage) -> list[int]:
    return [ns for row in told.answer.rows if (ns := time_of(row)) is not None]


def _bars(each: pl.DataFrame, seconds: int) -> pl.DataFrame:
    """The bars (`RAW_BAR`) of trades in order of time; all values are null where a price or size is none."""
    sound = (pl.col("price").ge(0) & pl.col("volume").ge(0)).fill_null(value=False).all()
    bars = (
        each.with_columns((pl.col("ns") // (seconds * _NS) * (seconds * 1_000_000)).alias("open_time"))
        .group_by("open_time", maintain_order=True)
        .agg(
            pl.col("price").first().alias("open"),
            pl.col("price").max().alias("high"),
            pl.col("price").min().alias("low"),
            pl.col("price").last().alias("close"),
            pl.col("volume"),
            (pl.col("price") * pl.col("volume")).alias("quote_volume"),
            pl.len().alias("trades"),
            pl.col("object", "line").first(),
            sound.alias("is_sound"),
        )
        .with_columns(_summed(name) for name in ("volume", "quote_volume"))
    )
    values = pl.col("open", "high", "low", "close", "volume", "quote_volume", "trades")
    return conform(bars.with_columns(pl.when("is_sound").then(values)), RAW_BAR)


def _summed(name: str) -> pl.Expr:
    """Exact sums, so that no order of adding and no number of threads shows in them."""
    return pl.col(name).map_batches(_sums, return_dtype=pl.Float64)


def _sums(lists: pl.Series) -> pl.Series:
    return pl.Series([_sum(values) for values in lists.to_list()], dtype=pl.Float64)


def _sum(values: Sequence[float | None]) -> float | None:
    try:
        return math.fsum(value for value in values if value is not None)
    except OverflowError:
        return None


def _us(instant: datetime) -> int:
    return (instant - EPOCH) // _US


def _instant(us: int) -> datetime:
    return EPOCH + us * _US
