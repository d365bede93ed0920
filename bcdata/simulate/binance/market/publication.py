"""Which archive objects a generated market has published at an instant, without rendering any."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bcdata.interval import Interval
from bcdata.simulate.binance.market.names import (
    CHECKSUM,
    COMPUTED,
    FUNDING,
    INDEX_PRICE,
    KLINES,
    METRICS,
    ObjectName,
    published_at,
)
from bcdata.simulate.binance.market.symbols import GeneratedSymbol, Outage
from bcdata.windows import Grain, Window

DAILY = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d")
MONTHLY_ONLY = ("3d", "1w", "1mo")
_INTERVALS = {"daily": DAILY, "monthly": (*DAILY, *MONTHLY_ONLY)}
_GRAINS = {"daily": Grain.DAY, "monthly": Grain.MONTH}


class Publication:
    """The calendar of the archive: klines by day (1m .. 1d) and month, metrics by day, funding by month."""

    def __init__(self, symbols: Sequence[GeneratedSymbol], outages: Sequence[Outage]) -> None:
        self._symbols = {(symbol.venue, symbol.symbol): symbol for symbol in symbols}
        self._pairs = {(symbol.venue, symbol.pair): symbol for symbol in reversed(symbols)}
        self._outages = tuple(outages)

    def keys(self, prefix: str, now: datetime) -> list[str]:
        """The keys with this prefix that are published at `now`, sorted."""
        found = (
            key
            for symbol in self._symbols.values()
            for period in _GRAINS
            for key in self._keys(symbol, period, prefix, now)
            if key.startswith(prefix)
        )
        return sorted(found)

    def find(self, key: str, now: datetime) -> ObjectName | None:
        """The zip that this key, or the CHECKSUM of this key, is about; None if it is not published."""
        name = ObjectName.parse(key.removesuffix(CHECKSUM))
        symbol = self.symbol(name.type, name.venue, name.symbol) if name else None
        if name is None or symbol is None or published_at(name.period, name.window.end) > now:
            return None
        known = (name.type, name.interval) in _kinds(symbol, name.period)
        return name if known and self._has_content(symbol, name.type, name.interval, name.window) else None

    def symbol(self, kind: str, venue: str, named: str) -> GeneratedSymbol | None:
        """Whose bars of a type are named so: a symbol's, or a pair's."""
        return (self._pairs if kind == INDEX_PRICE else self._symbols).get((venue, named))

    def _keys(self, symbol: GeneratedSymbol, period: str, prefix: str, now: datetime) -> Iterator[str]:
        dates: dict[tuple[str, str | None], list[str]] = {}
        for kind, interval in _kinds(symbol, period):
            named = symbol.pair if kind == INDEX_PRICE else symbol.symbol
            if self.symbol(kind, symbol.venue, named) is not symbol:
                continue  # another contract of the pair has its index
            folder = ObjectName(symbol.venue, period, kind, named, interval, "").folder
            if not (folder.startswith(prefix) or prefix.startswith(folder)):
                continue
            # All intervals that divide a day have the same dates.
            grid = kind, interval if interval in MONTHLY_ONLY else None
            if grid not in dates:
                dates[grid] = list(self._dates(symbol, period, *grid, now))
            for date in dates[grid]:
                key = f"{folder}{named}-{interval or kind}-{date}.zip"
                yield key
                yield key + CHECKSUM

    def _dates(
        self, symbol: GeneratedSymbol, period: str, kind: str, interval: str | None, now: datetime
    ) -> Iterator[str]:
        grain = _GRAINS[period]
        first = Interval.parse(interval).floor(symbol.listed) if interval else symbol.listed
        window = grain.window(grain.key(first))
        while published_at(period, window.end) <= now and not (symbol.delisted and window.start >= symbol.delisted):
            if self._has_content(symbol, kind, interval, window):
                yield grain.key(window.start)
            window = grain.window(grain.key(window.end))

    def _has_content(self, symbol: GeneratedSymbol, kind: str, interval: str | None, window: Window) -> bool:
        """Whether a bar of the symbol opens in the window; an outage matters where it covers all of it."""
        if interval in MONTHLY_ONLY:
            grid = Interval.parse(interval)
            window = Window(grid.ceil(window.start), grid.ceil(window.end))
        kind = KLINES if kind == FUNDING else kind
        mine = (one for one in self._outages if (one.venue, one.type) == (symbol.venue, kind))
        out = any(outage.covers(window.start, window.end) for outage in mine)
        return symbol.listing_spans(window.start, window.end) and not out


def _kinds(symbol: GeneratedSymbol, period: str) -> list[tuple[str, str | None]]:
    """The types and intervals that the archive keeps for the symbol."""
    types = (KLINES, *COMPUTED) if symbol.funding else (KLINES,)
    kinds: list[tuple[str, str | None]] = [(kind, interval) for kind in types for interval in _INTERVALS[period]]
    if symbol.funding:
        kinds.append((FUNDING if period == "monthly" else METRICS, None))
    return kinds
