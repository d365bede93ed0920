"""A generated market of single trades, the same for the same seed; its bars are the truth that venues' answers show.

Prices are whole ticks and volumes whole lots, so that sums are exact.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from random import Random

from bcdata.interval import EPOCH
from bcdata.simulate.cache import BoundedCache

_NS = 1_000_000_000
_DAY = 86_400
_MINUTE_NS = 60 * _NS
_OFF_THE_EDGE_NS = 10_000
"""Venues write times rounded: a trade this far from a minute's border stays within its minute."""
_QUIET_HOURS, _SAME_INSTANT = 0.2, 0.15
"""How often an hour has no trade, and how often a trade has the time of the one before it."""
_CACHED_TRADES = 2_000_000


@dataclass(frozen=True, slots=True)
class TradedSymbol:
    """A symbol: as it is asked for, and as it is answered where that differs. `listed` is UTC."""

    symbol: str
    listed: datetime
    price: float
    answered_as: str = ""
    trades_a_day: int = 2000
    price_decimals: int = 1
    volume_decimals: int = 8

    @property
    def first_day(self) -> int:
        """The day of the listing, days since the epoch."""
        return (self.listed - EPOCH).days


@dataclass(frozen=True, slots=True)
class Trade:
    """One trade: time in ns since the epoch, price in ticks, volume in lots."""

    ns: int
    price: int
    volume: int
    number: int
    is_buy: bool


@dataclass(frozen=True, slots=True)
class TradeBar:
    """A bar with a trade: its open in seconds since the epoch, prices in ticks, volume in lots, quote in ticks x lots.

    `plain` has the same in units of the currencies.
    """

    opened: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    quote: int
    trades: int

    def plain(self, symbol: TradedSymbol) -> tuple[float, float, float, float, float, float, int]:
        """Open, high, low, close, volume, quote volume and the number of trades."""
        tick, lot = 10**symbol.price_decimals, 10**symbol.volume_decimals
        prices = (self.open / tick, self.high / tick, self.low / tick, self.close / tick)
        return (*prices, self.volume / lot, self.quote / (tick * lot), self.trades)


class TradeMarket:
    """Symbols and their trades. Every day is drawn alone; safe between threads."""

    def __init__(self, symbols: Sequence[TradedSymbol], seed: int = 0) -> None:
        self.symbols = {one.symbol: one for one in symbols}
        self._seed = seed
        self._days: BoundedCache[tuple[str, int], list[Trade]] = BoundedCache(_CACHED_TRADES, len)

    def find(self, name: str, now: datetime) -> TradedSymbol | None:
        """The symbol that is asked for by either of its names; None where it is not listed at `now`."""
        found = (one for one in self.symbols.values() if name in {one.symbol, one.answered_as} and one.listed <= now)
        return next(found, None)

    def trades(self, symbol: TradedSymbol, start_ns: int, end_ns: int) -> Iterator[Trade]:
        """The trades in [start, end), in their order; computed as they are taken."""
        first, last = max(symbol.first_day, start_ns // (_DAY * _NS)), (end_ns - 1) // (_DAY * _NS)
        for day in range(first, last + 1):
            yield from (trade for trade in self._day(symbol, day) if start_ns <= trade.ns < end_ns)

    def last_before(self, symbol: TradedSymbol, ns: int) -> Trade | None:
        """The last trade before an instant."""
        for day in range(ns // (_DAY * _NS), symbol.first_day - 1, -1):
            if before := [trade for trade in self._day(symbol, day) if trade.ns < ns]:
                return before[-1]
        return None

    def bars(self, symbol: TradedSymbol, seconds: int, start: int, end_ns: int) -> list[TradeBar]:
        """The bars with a trade that open from `start` (s) on, of the trades before `end_ns`."""
        each = self.trades(symbol, start * _NS, end_ns)
        return [
            _bar(opened, list(some)) for opened, some in groupby(each, lambda one: one.ns // _NS // seconds * seconds)
        ]

    def _day(self, symbol: TradedSymbol, day: int) -> list[Trade]:
        return self._days.get((symbol.symbol, day), lambda: self._draw(symbol, day))

    def _draw(self, symbol: TradedSymbol, day: int) -> list[Trade]:
        dice = Random(f"{self._seed}/{symbol.symbol}/{day}")  # noqa: S311 # nosec B311 # a made market, not a secret
        listed = (symbol.listed - EPOCH) // timedelta(microseconds=1) * 1000
        price = round(symbol.price * 10**symbol.price_decimals * (1 + 0.2 * math.sin(day / 40)))
        times = [ns for ns in self._times(dice, symbol, day) if ns >= listed]
        found = []
        for at, ns in enumerate(times):
            price = max(1, price + dice.randint(-20, 20))
            volume = 1 + int(dice.expovariate(1.0) * 10 ** (symbol.volume_decimals - 1))
            found.append(Trade(ns, price, volume, (day - symbol.first_day) * 1_000_000 + at + 1, dice.random() < 0.5))  # noqa: PLR2004
        return found

    @staticmethod
    def _times(dice: Random, symbol: TradedSymbol, day: int) -> list[int]:
        hours = [hour for hour in range(24) if dice.random() >= _QUIET_HOURS]
        times: list[int] = []
        for _ in range(symbol.trades_a_day if hours else 0):
            if times and dice.random() < _SAME_INSTANT:
                times.append(times[-1])
                continue
            minute = day * 1440 + dice.choice(hours) * 60 + dice.randrange(60)
            times.append(minute * _MINUTE_NS + dice.randint(_OFF_THE_EDGE_NS, _MINUTE_NS - _OFF_THE_EDGE_NS))
        return sorted(times)


def _bar(opened: int, trades: Sequence[Trade]) -> TradeBar:
    prices = [trade.price for trade in trades]
    return TradeBar(
        opened,
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
        sum(trade.volume for trade in trades),
        sum(trade.volume * trade.price for trade in trades),
        len(trades),
    )
