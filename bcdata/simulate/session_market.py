"""A generated market with sessions: stocks that are split and pay dividends, the same for the same seed and day.

How a simulated provider uses it:

- `hours = Hours.weekdays("America/New_York", first, last)` (or a table of `Session`s of one's own),
  `ListedSymbol("AAPL", hours, listed=..., price=100.0, splits=(Split(ex, 4),), dividends=(Dividend(ex, 0.5),))`,
  `market = SessionMarket([...], seed)`; `market.find(name, now)` is None for what is not known.
- `market.bars(symbol, "5m", window, now)` is the truth: the bars with a trade that open in the window, of the minutes
  that began before `now`, so that the last one may still run (`bar.closes` says until when, in seconds).
  `grid="clock"` cuts at whole multiples of the interval in UTC, as some providers do, instead of from the open on.
- `market.bars(symbol, "1d" | "1w" | "1mo", window, now)`: those whose first session's label, as a midnight UTC, lies in
  the window.
- `bar.plain(symbol)` are open, high, low, close and volume as traded; `bar.plain(symbol, as_of=date)` the same adjusted
  for the splits after the bar's session up to that date. `bar.vwap(symbol)` and `bar.trades` are raw.

Prices are whole ticks and volumes whole hundreds of shares, so that sums are exact.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import partial
from itertools import groupby
from random import Random
from typing import Literal

from bcdata.interval import EPOCH, Interval
from bcdata.simulate.cache import BoundedCache
from bcdata.simulate.exchange_hours import Hours, Session
from bcdata.windows import Window

Grid = Literal["session", "clock"]
Plain = tuple[float, float, float, float, float]
_MINUTE, _LOT = 60, 100
_AS_TRADED = Fraction(1)
_CACHED_BARS = 1_000_000
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Split:
    """`new` shares for each `old` ones, from the session `ex` on; fewer new than old for a reverse split."""

    ex: date
    new: int
    old: int = 1

    @property
    def ratio(self) -> Fraction:
        """New shares for each old one."""
        return Fraction(self.new, self.old)


@dataclass(frozen=True, slots=True)
class Dividend:
    """What is paid for a share that was held before the session `ex`."""

    ex: date
    amount: float
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class Rename:
    """That from the session `ex` on an instrument goes on as `new`, which was `old`."""

    ex: date
    old: str
    new: str


@dataclass(frozen=True)
class ListedSymbol:
    """A symbol, as the lake writes it, from its first session to its last one, if there is one.

    Attributes:
        price: around which it trades, in shares as they were at the listing.
        quiet: how many of the minutes have no trade, from 0 to 1.
        idle: sessions in which nothing is traded at all.
        currency: what prices are in, `GBp` for hundredths of it.
        renames: in which it was the old or the new symbol.
        gaps: stretches of dates (first and last) in which nobody had the symbol.
    """

    symbol: str
    hours: Hours
    listed: date
    price: float = 100.0
    delisted: date | None = None
    splits: tuple[Split, ...] = ()
    dividends: tuple[Dividend, ...] = ()
    currency: str = "USD"
    price_decimals: int = 2
    quiet: float = 0.1
    idle: frozenset[date] = frozenset()
    renames: tuple[Rename, ...] = ()
    gaps: tuple[tuple[date, date], ...] = ()

    def shares(self, after: date, until: date) -> Fraction:
        """What one share of the session `after` has become by the session `until`."""
        return math.prod((one.ratio for one in self.splits if after < one.ex <= until), start=Fraction(1))

    def sessions(self) -> Iterator[Session]:
        """The sessions in which it is listed."""
        last = self.delisted or date.max
        listed = (one for one in self.hours.sessions if self.listed <= one.label <= last)
        return (one for one in listed if not any(first <= one.label <= end for first, end in self.gaps))


@dataclass(frozen=True, slots=True)
class SessionBar:
    """A bar with a trade: open and end in seconds since the epoch, prices in ticks, volume in shares.

    `label` is the session, or the first one of a week or month, and `last` the last one; `turnover` is ticks x shares.
    """

    label: date
    last: date
    opened: int
    closes: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    turnover: int
    trades: int

    def plain(self, symbol: ListedSymbol, as_of: date | None = None) -> Plain:
        """Open, high, low, close and volume as traded; with `as_of`, adjusted for the later splits up to that date."""
        shares = symbol.shares(self.label, as_of) if as_of else _AS_TRADED
        new, old = shares.numerator, shares.denominator
        whole: int = 10**symbol.price_decimals * new
        opening, high, low, close = (one * old / whole for one in (self.open, self.high, self.low, self.close))
        return opening, high, low, close, self.volume * new / old

    def vwap(self, symbol: ListedSymbol) -> float:
        """The mean price of a share, as traded."""
        whole: int = 10**symbol.price_decimals * self.volume
        return self.turnover / whole


class SessionMarket:
    """Symbols and their bars. Every session is drawn alone; safe between threads."""

    def __init__(self, symbols: Sequence[ListedSymbol], seed: int = 0) -> None:
        self.symbols = {one.symbol: one for one in symbols}
        self._seed = seed
        self._minutes: BoundedCache[tuple[str, date], list[SessionBar]] = BoundedCache(_CACHED_BARS, len)
        self._days: BoundedCache[tuple[str, date], list[SessionBar]] = BoundedCache(_CACHED_BARS, len)

    def find(self, name: str, now: datetime) -> ListedSymbol | None:
        """The symbol of this name; None where there is none, or where its first session has not opened by `now`."""
        found = self.symbols.get(name)
        first = next(found.sessions(), None) if found else None
        return found if first and first.open <= now else None

    def bars(
        self, symbol: ListedSymbol, interval: str, window: Window, now: datetime, grid: Grid = "session"
    ) -> list[SessionBar]:
        """The bars with a trade in the window: see the module. In order of time."""
        length = Interval.parse(interval).length
        if length is None or length >= timedelta(days=1):
            return self._long_bars(symbol, interval, window, now)
        return [
            bar
            for session in self._touching(symbol, window)
            for bar in self._cut(symbol, session, length // _SECOND, now, grid)
            if EPOCH + bar.opened * _SECOND in window
        ]

    def _touching(self, symbol: ListedSymbol, window: Window) -> Iterator[Session]:
        """The sessions of which a bar may open in the window; one of the clock's grid may open a day before them."""
        end = window.end + timedelta(days=1)
        return (one for one in symbol.sessions() if one.close > window.start and one.open < end)

    def _cut(
        self, symbol: ListedSymbol, session: Session, seconds: int, now: datetime, grid: Grid
    ) -> Iterator[SessionBar]:
        minutes = [one for one in self._of_session(symbol, session) if one.opened < _seconds(now)]
        for start, end in session.parts:
            begin, close = _seconds(start), _seconds(end)
            inside = [one for one in minutes if begin <= one.opened < close]
            if seconds == _MINUTE:
                yield from inside
                continue
            off = begin % seconds if grid == "session" else 0
            for opened, some in groupby(inside, partial(_open_at, seconds, off)):
                ends = min(opened + seconds, close) if grid == "session" else opened + seconds
                yield _merged(list(some), opened, ends)

    def _long_bars(self, symbol: ListedSymbol, interval: str, window: Window, now: datetime) -> list[SessionBar]:
        grid = Interval.parse(interval)
        opened = (one for one in symbol.sessions() if one.open < now)
        found = []
        for _, some in groupby(opened, lambda one: grid.floor(_midnight(one.label))):
            sessions = list(some)
            if _midnight(sessions[-1].label) < window.start or _midnight(sessions[0].label) >= window.end:
                continue
            days = [day for one in sessions for day in self._day(symbol, one, now)]
            if days and _midnight(days[0].label) in window:
                found.append(_merged(days, days[0].opened, days[-1].closes))
        return found

    def _day(self, symbol: ListedSymbol, session: Session, now: datetime) -> list[SessionBar]:
        """The bar of a session, if it has one."""

        def made() -> list[SessionBar]:
            minutes = [one for one in self._of_session(symbol, session) if one.opened < _seconds(now)]
            return [_merged(minutes, _seconds(session.open), _seconds(session.close))] if minutes else []

        return self._days.get((symbol.symbol, session.label), made) if session.close <= now else made()

    def _of_session(self, symbol: ListedSymbol, session: Session) -> list[SessionBar]:
        if session.label in symbol.idle:
            return []
        return self._minutes.get((symbol.symbol, session.label), lambda: self._draw(symbol, session))

    def _draw(self, symbol: ListedSymbol, session: Session) -> list[SessionBar]:
        dice = Random(f"{self._seed}/{symbol.symbol}/{session.label}")  # noqa: S311 # nosec B311 # a made market, not a secret
        level = symbol.price * (1 + 0.2 * math.sin(session.label.toordinal() / 40))
        ticks = level * 10**symbol.price_decimals / symbol.shares(date.min, session.label)
        price, found = max(1, round(ticks)), []
        for start, end in session.parts:
            for opened in range(_seconds(start), _seconds(end), _MINUTE):
                steps = [dice.randrange(7) - 3 for _ in range(3)]
                if dice.random() < symbol.quiet:
                    continue
                path = [price := max(1, price + step) for step in steps]
                shares = [_LOT * (1 + dice.randrange(9)) for _ in path]
                found.append(
                    SessionBar(
                        session.label, session.label, opened, opened + _MINUTE,
                        path[0], max(path), min(path), path[-1],
                        sum(shares), sum(map(int.__mul__, path, shares)), len(path),
                    )
                )  # fmt: skip
        return found


def _merged(bars: Sequence[SessionBar], opened: int, closes: int) -> SessionBar:
    """One bar out of several that follow each other; those of sessions with splits in between are simply joined."""
    return SessionBar(
        bars[0].label,
        bars[-1].last,
        opened,
        closes,
        bars[0].open,
        max(one.high for one in bars),
        min(one.low for one in bars),
        bars[-1].close,
        sum(one.volume for one in bars),
        sum(one.turnover for one in bars),
        sum(one.trades for one in bars),
    )


def _open_at(seconds: int, off: int, minute: SessionBar) -> int:
    return (minute.opened - off) // seconds * seconds + off


def _seconds(instant: datetime) -> int:
    return (instant - EPOCH) // _SECOND


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
