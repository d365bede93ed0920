"""The parts of a chart as Yahoo makes them, of one symbol at one instant."""

import math
import struct
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bcdata.interval import EPOCH
from bcdata.simulate.session_market import ListedSymbol, SessionBar, SessionMarket
from bcdata.simulate.yahoo.written import WrittenDays
from bcdata.windows import Window

Row = tuple[int, float | None, float | None, float | None, float | None, int | None]
_EMPTY: Row = (0, None, None, None, None, None)
_MINUTE = 60
_BEFORE_THE_OPEN = timedelta(hours=5, minutes=30)
"""So long before its open a session becomes the current one."""
_LONGEST_PAUSE = timedelta(days=14)


class ChartMaker:
    """Rows, events and meta data, adjusted for the splits up to the date of `now` at the exchange."""

    def __init__(
        self, market: SessionMarket, symbol: ListedSymbol, now: datetime, written: WrittenDays | None = None
    ) -> None:
        self._market = market
        self._written = written
        self._symbol = symbol
        self._now = now
        self._today = now.astimezone(ZoneInfo(symbol.hours.zone)).date()
        sessions = list(symbol.sessions())
        begun = [one for one in sessions if one.open <= now]
        near = [one for one in sessions if one.open - _BEFORE_THE_OPEN <= now]
        self._begun, self._current = begun, near[-1]
        self._quoted = self._last_price()

    def meta(self) -> dict[str, Any]:
        """Time zone, currency, the time of the latest price, the current session."""
        offset = self._now.astimezone(ZoneInfo(self._symbol.hours.zone)).utcoffset() or timedelta()
        period = {"start": seconds(self._current.open), "end": seconds(self._current.close)}
        return {
            "currency": self._symbol.currency,
            "instrumentType": "EQUITY",
            "firstTradeDate": seconds(self._begun[0].open),
            "regularMarketTime": self._quoted,
            "gmtoffset": offset // timedelta(seconds=1),
            "exchangeTimezoneName": self._symbol.hours.zone,
            "currentTradingPeriod": {"regular": period},
        }

    def days(self, start: int, end: int) -> list[Row]:
        """A row a session, at its open; that of a session that runs at the time of its latest price."""
        bars = self._bars(start, end)
        return [(at, *self._day(bars, label)[1:]) for label, at in self._listed(bars, start, end)]

    def adjusted(self, start: int, end: int) -> list[float | None]:
        """The adjusted closes of a row a session: closes times 1 - d/C for each later payment d, C the close before."""
        bars = self._bars(start, end)
        labels = [label for label, _ in self._listed(bars, start, end)]
        if self._written:
            return [one.adjusted if (one := self._written.rows.get(label)) else None for label in labels]
        factors = [(ex, factor) for ex, factor in self._factors() if labels and ex > labels[0]]
        return [
            None if (close := self._day(bars, label)[4]) is None
            else _single(close * math.prod(factor for ex, factor in factors if ex > label))
            for label in labels
        ]  # fmt: skip

    def minutes(self, length: int, start: int, end: int) -> list[Row]:
        """A row for each bar of the grid that has begun; then the latest price, while a session runs."""
        window = Window(EPOCH + timedelta(seconds=start), EPOCH + timedelta(seconds=end))
        found = self._market.bars(self._symbol, f"{length // _MINUTE}m", window, self._now)
        bars = {one.opened: one for one in found}
        upto = min(end, seconds(self._now) + 1)
        grid = [
            at
            for session in self._begun
            for first, last in session.parts
            if seconds(last) > start and seconds(first) < upto
            for at in range(seconds(first), seconds(last), length)
            if start <= at < upto
        ]
        rows = [self._row(at, bars.get(at)) for at in grid]
        if self._current.open <= self._now < self._current.close and start <= self._quoted < end and found:
            rows.append((self._quoted, *(self._row(0, found[-1])[4],) * 4, 0))
        return rows

    def events(self, start: int, end: int, asked: str) -> dict[str, Any]:
        """Splits and payments in the time that was asked for, by the open of their session."""
        opens = {one.label: seconds(one.open) for one in self._symbol.sessions()}
        if self._written:
            return _written_events(self._written, opens, start, end)
        found: dict[str, Any] = {}
        for one in self._symbol.splits if "split" in asked else ():
            at = opens[one.ex]
            if start <= at < end:
                ratio = {"numerator": one.new, "denominator": one.old, "splitRatio": f"{one.new}:{one.old}"}
                found.setdefault("splits", {})[str(at)] = {"date": at, **ratio}
        for paid in self._symbol.dividends if "div" in asked else ():
            at = opens[paid.ex]
            if start <= at < end:
                amount = float(paid.amount / self._symbol.shares(paid.ex, self._today))
                other = {} if paid.currency == self._symbol.currency else {"currency": paid.currency}
                found.setdefault("dividends", {})[str(at)] = {"amount": amount, "date": at, **other}
        return found

    def _bars(self, start: int, end: int) -> dict[date, SessionBar]:
        near = Window(EPOCH + timedelta(seconds=start, days=-2), EPOCH + timedelta(seconds=end, days=2))
        return {one.label: one for one in self._market.bars(self._symbol, "1d", near, self._now)}

    def _listed(self, bars: dict[date, SessionBar], start: int, end: int) -> Iterator[tuple[date, int]]:
        """The sessions of a time with the times of their rows."""
        for session in self._begun:
            is_running = session.close > self._now and session.label in bars
            at = self._quoted if is_running else seconds(session.open)
            if start <= at < end:
                yield session.label, at

    def _day(self, bars: dict[date, SessionBar], label: date) -> Row:
        if self._written:
            one = self._written.rows.get(label)
            return (0, one.open, one.high, one.low, one.close, one.volume) if one else _EMPTY
        return self._row(0, bars.get(label))

    def _factors(self) -> Iterator[tuple[date, float]]:
        """What each payment up to today multiplies closes before it by."""
        for paid in self._symbol.dividends:
            first = datetime.combine(paid.ex, time(), UTC)
            bars = self._market.bars(self._symbol, "1d", Window(first - _LONGEST_PAUSE, first), self._now)
            before = [one.plain(self._symbol, self._today)[3] for one in bars]
            if before and paid.ex <= self._today:
                amount = float(paid.amount / self._symbol.shares(paid.ex, self._today))
                yield paid.ex, 1 - amount / _single(before[-1])

    def _row(self, at: int, bar: SessionBar | None) -> Row:
        if bar is None:
            return at, None, None, None, None, None
        opening, high, low, close, volume = bar.plain(self._symbol, self._today)
        return at, *map(_single, (opening, high, low, close)), round(volume)  # type: ignore[return-value]

    def _last_price(self) -> int:
        """When the latest price was made: a second after a close, or within the last minute that had a trade."""
        last = self._begun[-1]
        if self._now >= last.close:
            return seconds(last.close) + 1
        minutes = self._market.bars(self._symbol, "1m", Window(last.open, last.close), self._now)
        if minutes:
            return min(seconds(self._now), minutes[-1].closes - 1)
        return seconds(self._begun[-2].close) + 1 if len(self._begun) > 1 else seconds(last.open)


def _written_events(written: WrittenDays, opens: dict[date, int], start: int, end: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind, paid in (("dividends", written.dividends), ("capitalGains", written.gains)):
        for ex, amount in paid.items():
            if start <= (at := opens[ex]) < end:
                found.setdefault(kind, {})[str(at)] = {"amount": amount, "date": at}
    for ex, (new, old) in written.splits.items():
        if start <= (at := opens[ex]) < end:
            ratio = {"numerator": new, "denominator": old, "splitRatio": f"{new:g}:{old:g}"}
            found.setdefault("splits", {})[str(at)] = {"date": at, **ratio}
    return found


def seconds(instant: datetime) -> int:
    """Seconds since the epoch."""
    return (instant - EPOCH) // timedelta(seconds=1)


def _single(price: float) -> float:
    """A price as Yahoo keeps it, in single precision."""
    found: float = struct.unpack("f", struct.pack("f", price))[0]
    return found
