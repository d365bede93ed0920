"""How pages of klines and settlements are followed to their end, also where a server sends fewer rows than asked."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from bcdata.interval import EPOCH, Interval
from bcdata.providers.base import Page
from bcdata.providers.binance.api.limits import PageCost, klines_cost, longest_span

Ask = Callable[[datetime, datetime, PageCost], Awaitable[Page]]
"""Asks once for the bars that open in [start, end), UTC."""
AskMs = Callable[[int, int], Awaitable[Page]]
"""Asks once for the settlements in [start, end), ms since the epoch."""
FUNDING_ROWS = 1000
"""How many settlements one call asks for."""
MOST_FUNDING_PAGES = 200
"""A month of settlements every 4 hours, a row at a time: more are not worth following."""
_JITTER_MS = 60_000
_MANY_PAGES, _FEW_ROWS = 100, 50
"""More pages than the one, with fewer rows each than the other, are not worth following any further."""
_MS = timedelta(milliseconds=1)


async def walk(ask: Ask, market: str, interval: Interval, start: datetime, end: datetime) -> AsyncIterator[Page]:
    """Yields the pages of the bars that open in [start, end), in their order.

    A page with fewer rows than were asked for need not be the end: servers cap their pages. The end is where a page
    reaches the end of the range, or where the next one is empty.
    """
    while interval.ceil(start) < end:
        cost, upto = klines_cost(market, _bars(start, end, interval)), end
        span = longest_span(market)
        if span is not None:
            # No more bars than fit into the page: of a longer range this market sends the newest ones.
            upto = min(end, start + min(span, cost.rows * (interval.length or span)))
        pages = [await ask(start, upto, cost)]
        last = _instant(pages[0].last_open_ms)
        is_short = pages[0].rows < cost.rows
        if span is not None and is_short:
            pages = await _with_earlier(ask, market, interval, start, pages)
        for page in pages:
            yield page
        is_end = last is None or (is_short and interval.next(interval.floor(last)) >= upto)
        # Not the next open of the grid: early-2018 opens lie off it, so that one may follow before that.
        start = upto if last is None or is_end else last + _MS


async def walk_settlements(ask: AskMs, start: int, end: int) -> list[Page]:
    """The pages of the settlements in [start, end), ms since the epoch, in their order.

    The end is where a page that is not full goes on to within an interval of the end, or where the next one is empty;
    likewise the beginning, for a server may send the newest rows first. The interval is the shortest spacing in a page:
    a single row tells none.

    Raises:
        ValueError: there are more pages than are worth following.
    """
    pages = [await ask(start, end)]
    while (first := pages[0].first_open_ms) is not None and first - start > pages[0].closest_ms + _JITTER_MS:
        pages.insert(0, await ask(start, first))
        _check_number(pages)
    while (last := pages[-1].last_open_ms) is not None:
        if pages[-1].rows < FUNDING_ROWS and end - last <= pages[-1].closest_ms + _JITTER_MS:
            break
        pages.append(await ask(last + 1, end))
        _check_number(pages)
    return pages


def _check_number(pages: Sequence[Page]) -> None:
    if len(pages) > MOST_FUNDING_PAGES:
        raise ValueError("more pages than settlements are worth")


def is_slow(pages: Sequence[Page]) -> bool:
    """Whether there are many pages, and they hold a few rows each."""
    return len(pages) > _MANY_PAGES and sum(page.rows for page in pages) < _FEW_ROWS * len(pages)


async def _with_earlier(ask: Ask, market: str, interval: Interval, start: datetime, pages: list[Page]) -> list[Page]:
    """The page and, before it, those that a server which sends the newest rows first has left out."""
    while (first := _instant(pages[0].first_open_ms)) is not None and interval.ceil(start) < first:
        pages = [await ask(start, first, klines_cost(market, _bars(start, first, interval))), *pages]
        if is_slow(pages):
            break
    return pages


def _bars(start: datetime, end: datetime, interval: Interval) -> int:
    """How many bars may open in [start, end); months are counted generously."""
    return -((start - end) // (interval.length or timedelta(days=28)))


def _instant(ms: int | None) -> datetime | None:
    return None if ms is None else EPOCH + ms * _MS
