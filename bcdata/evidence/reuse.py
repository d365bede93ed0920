"""Tickers that were used again for another asset: an absence from the archive, and another price after it.

A symbol that comes back at its old price was relisted and is the same instrument. Where the price has changed as well,
it is another one (`bars/segments` splits a series there), and the time between the two is no outage.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import pairwise

import polars as pl

from bcdata.bars.segments import is_price_break
from bcdata.errors import NotFoundError, ProviderError
from bcdata.evidence.listing_history import Held, day_window, days_of, tells_days
from bcdata.evidence.remembered import ObjectLooks, Remembered
from bcdata.interval import EPOCH, Interval
from bcdata.ledger.ledger import Reason, Status
from bcdata.providers.base import BulkObject, Series
from bcdata.providers.formats import PublishedFile
from bcdata.providers.registry import bulk_format
from bcdata.providers.roles import BulkSource
from bcdata.store.state.attempts import Attempts
from bcdata.windows import Window

_DAY = timedelta(days=1)
_LIGHT = timedelta(minutes=1)
"""Files of shorter bars are a thousand times as large as others."""
HasBars = Callable[[Series, Window], Awaitable[bool]]
"""Asks REST whether it has a bar of a series in a window."""


@dataclass(frozen=True, slots=True)
class EdgeBar:
    """A bar at the edge of an absence: when it opens or ends (UTC), and its price there."""

    at: datetime
    price: float


@dataclass(frozen=True, slots=True)
class TickerReuse:
    """The time between two instruments of one ticker: from the end of a bar to the open of the next (UTC)."""

    between: Window
    evidence: str

    def reason(self, window: Window) -> Reason | None:
        """Why bars of the window are missing that lie between the two; None where none does."""
        inside = Window(max(self.between.start, window.start), min(self.between.end, window.end))
        return None if inside.is_empty else Reason(inside, Status.DELISTED, self.evidence)


def absences(days: Iterable[date]) -> list[tuple[date, date]]:
    """Pairs of days between which whole days are missing: the last before, the first after; in order."""
    ordered = sorted(set(days))
    return [(one, other) for one, other in pairwise(ordered) if other - one > _DAY]


def days_held(held: Iterable[Held]) -> set[date]:
    """The days that objects name. A month's file tells no day where daily ones of the month do."""
    daily = {day for _, one in held if one.period == "daily" for day in days_of(one)}
    months = {(day.year, day.month) for day in daily}
    monthly = [one for series, one in held if one.period == "monthly" and tells_days(series)]
    return daily | {day for one in monthly for day in days_of(one) if (day.year, day.month) not in months}


def reuse_reason(last: EdgeBar, first: EdgeBar) -> str | None:
    """What shows that the ticker was used again, in words; None where it was relisted."""
    if last.price <= 0 or first.price <= 0:
        return None
    ratio = first.price / last.price
    if not is_price_break(first.at - last.at, ratio):
        return None
    return (
        f"the ticker was used again: its bars end at {last.at:%Y-%m-%d %H:%M} at {last.price:g}"
        f" and begin again at {first.at:%Y-%m-%d %H:%M} at {first.price:g}, {ratio:.4g} times the price"
    )


class TickerReuses:
    """Looks for such tickers. What objects begin and end with is remembered, and what REST has in between."""

    def __init__(self, archive: BulkSource, has_bars: HasBars | None, memory: Attempts, now: datetime) -> None:
        self._has_bars = has_bars
        self._looks = ObjectLooks(archive, memory, now)
        self._answers = Remembered(memory, now)

    async def find(
        self, series: Series, held: Sequence[Held], missing: Iterable[tuple[date, date]]
    ) -> list[TickerReuse]:
        """The times between instruments of the series' ticker.

        Where REST can be asked it must have no bar in between: an archive that lacks files of days that were traded
        is no absence. Without its answer nothing is said.

        Args:
            series: klines of the symbol, of the interval to ask REST for.
            held: the objects of all intervals that the archive lists of the symbol.
            missing: absences: the last day that may have bars before, and the first after.

        Raises:
            ProviderError: the archive cannot be asked.
        """
        found = []
        for before, after in missing:
            last = await self._edge(series, held, before, is_last=True)
            first = await self._edge(series, held, after, is_last=False)
            words = reuse_reason(last, first) if last and first else None
            if words is None or last is None or first is None:
                continue
            between = Window(last.at, first.at)
            if self._has_bars is None:
                found.append(TickerReuse(between, words))
            elif await self._is_empty(self._has_bars, series, between):
                found.append(TickerReuse(between, f"{words}; REST has no bar in between"))
        return found

    async def _is_empty(self, has_bars: HasBars, series: Series, between: Window) -> bool:
        async def ask() -> str:
            try:
                return "bars" if await has_bars(series, between) else "none"
            except NotFoundError:
                return "none"  # it does not know the symbol: the archive's word stands alone

        key = f"between/{series}/{between.start.isoformat()}/{between.end.isoformat()}"
        try:
            return await self._answers.answer(key, ask) == "none"
        except ProviderError:
            return False

    async def _edge(self, series: Series, held: Sequence[Held], day: date, *, is_last: bool) -> EdgeBar | None:
        """The last or the first bar of a day by the first object that can be read: the series' own, then finer ones."""
        chosen: list[tuple[tuple[bool, timedelta, bool], Held]] = []
        for one, found in held:
            length, is_other = Interval.parse(one.interval or "").length, one.interval != series.interval
            if length is None or not tells_days(one) or (is_other and length < _LIGHT) or day not in days_of(found):
                continue
            chosen.append(((is_other, length, found.period != "daily"), (one, found)))
        for _, (one, found) in sorted(chosen, key=lambda each: each[0]):
            if edge := await self._read(one, found, day, is_last=is_last):
                return edge
        return None

    async def _read(self, series: Series, one: BulkObject, day: date, *, is_last: bool) -> EdgeBar | None:
        what = f"{'last' if is_last else 'first'}-price/{day}"
        text = await self._looks.look(what, one, partial(_edge_as_text, series, day, is_last=is_last))
        kept = json.loads(text) if text else None
        return EdgeBar(datetime.fromisoformat(kept[0]), kept[1]) if kept else None


def _edge_as_text(series: Series, day: date, file: PublishedFile, *, is_last: bool) -> str:
    edge = read_edge(file, series, day, is_last=is_last)
    return json.dumps([edge.at.isoformat(), edge.price] if edge else None)


def read_edge(file: PublishedFile, series: Series, day: date, *, is_last: bool) -> EdgeBar | None:
    """The end and close of the last bar in an object up to a day's end, or the open of its first from its start on.

    Raises:
        ObjectError: it cannot be read.
    """
    parsed, window = Interval.parse(series.interval or ""), file.window
    start, end = (int(edge.timestamp()) * 1_000_000 for edge in (window.start, window.end))
    day_start, day_end = (int(edge.timestamp()) * 1_000_000 for edge in (day_window(day).start, day_window(day).end))
    low, high = (start, min(end, day_end)) if is_last else (max(start, day_start), end)
    sent = bulk_format(series.market).bars_as_sent(file, parsed)
    rows = sent.drop_nulls(["open_time", "open", "close"])
    near = rows.filter(pl.col("open_time").is_between(low, high, closed="left")).sort("open_time")
    if near.is_empty():
        return None
    row = near.row(-1 if is_last else 0, named=True)
    opened = EPOCH + timedelta(microseconds=row["open_time"])
    return EdgeBar(parsed.next(opened), row["close"]) if is_last else EdgeBar(opened, row["open"])
