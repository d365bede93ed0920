"""A market out of a seed: any symbol-day of it can be computed alone, and it is the same every time."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial

import numpy as np
import polars as pl

from bcdata.interval import Interval
from bcdata.simulate.binance.market import bars, metrics, settlements
from bcdata.simulate.binance.market.computed import DECIMALS, computed
from bcdata.simulate.binance.market.market import (
    Instrument,
    KlineRow,
    ObjectStat,
    Series,
    Settlement,
    StoredObject,
    checksum_body,
)
from bcdata.simulate.binance.market.names import CHECKSUM, KLINES, METRICS, ObjectName, published_at
from bcdata.simulate.binance.market.publication import DAILY, MONTHLY_ONLY, Publication
from bcdata.simulate.binance.market.symbols import DEMO_OUTAGES, DEMO_SYMBOLS, GeneratedSymbol, Outage, from_ms, to_ms
from bcdata.simulate.binance.market.walk import DAY_MS, MINUTE_MS, MINUTES, generate_day
from bcdata.simulate.binance.market.zips import make_zip
from bcdata.simulate.cache import BoundedCache
from bcdata.windows import Grain, Window

_BY_DAY = ("1m", "3m", "5m")
"""Intervals whose REST rows are made a day at a time; the others by the month."""
_CACHED_BYTES = 64_000_000
_CACHED_DAYS = 512
_CACHED_ROWS = 50_000


class GeneratedMarket:
    """A deterministic market; objects, listings and REST answers agree with each other to the last digit.

    What is drawn depends on the seed and on the symbol's own settings, not on which other symbols there are.
    """

    def __init__(self, symbols: Sequence[GeneratedSymbol], *, outages: Sequence[Outage] = (), seed: int = 0) -> None:
        self._symbols = {(symbol.venue, symbol.symbol): symbol for symbol in symbols}
        self._outages = tuple(outages)
        self._seed = seed
        self._publication = Publication(symbols, outages)
        self._objects: BoundedCache[str, StoredObject] = BoundedCache(_CACHED_BYTES, lambda stored: len(stored.body))
        self._days: BoundedCache[tuple[str, str, str, int], pl.DataFrame] = BoundedCache(_CACHED_DAYS, lambda _: 1)
        self._rows: BoundedCache[tuple[Series, datetime], list[KlineRow]] = BoundedCache(_CACHED_ROWS, len)
        self._stats: dict[str, ObjectStat] = {}

    @classmethod
    def demo(cls, seed: int = 0) -> "GeneratedMarket":
        """Five spot symbols (one listed late, one delisted, one not in ASCII), two um, one cm, from 2023-01 on."""
        return cls(DEMO_SYMBOLS, outages=DEMO_OUTAGES, seed=seed)

    def keys(self, prefix: str, now: datetime) -> Sequence[str]:
        """The keys with this prefix that are published at `now`, sorted."""
        return self._publication.keys(prefix, now)

    def stat(self, key: str, now: datetime) -> ObjectStat | None:
        """Size, ETag and publication instant; remembered, so that listings render each object once."""
        if self._publication.find(key, now) is None:
            return None
        if key not in self._stats:
            stored = self.read(key, now)
            if stored is None:
                return None
            self._stats[key] = stored.stat
        return self._stats[key]

    def read(self, key: str, now: datetime) -> StoredObject | None:
        """The object or its CHECKSUM; None before it is published."""
        name = self._publication.find(key, now)
        if name is None:
            return None
        stored = self._objects.get(name.key, partial(self._render, name))
        if key.endswith(CHECKSUM):
            return StoredObject(checksum_body(stored.body, name.key), stored.last_modified)
        return stored

    def knows(self, venue: str, symbol: str, now: datetime) -> bool:
        """Whether the symbol is, or was, listed at `now`."""
        known = self._symbols.get((venue, symbol))
        return known is not None and known.listed <= now

    def instruments(self, venue: str, now: datetime) -> Sequence[Instrument]:
        """The venue's symbols that are, or were, listed at `now`."""
        return [
            symbol.instrument for symbol in self._symbols.values() if symbol.venue == venue and symbol.listed <= now
        ]

    def klines(self, series: Series, first: int, last: int, *, newest_first: bool) -> Iterator[list[KlineRow]]:
        """Rows with opens from `first` to `last` (ms, both included), a day or a month at a time; none of 1s."""
        if series.interval not in (*DAILY, *MONTHLY_ONLY):
            return
        symbol = self._whose(series)
        if symbol is None:
            return
        opening = Interval.parse(series.interval).floor(symbol.listed)
        first = max(first, to_ms(opening))
        last = min(last, to_ms(symbol.delisted)) if symbol.delisted else last
        if first > last:
            return
        grain = Grain.DAY if series.interval in _BY_DAY else Grain.MONTH
        keys = grain.keys(grain.key(from_ms(first)), grain.key(from_ms(last)))
        for key in reversed(keys) if newest_first else keys:
            window = grain.window(key)
            rows = self._rows.get((series, window.start), partial(self._json, series, window))
            yield [row for row in rows if first <= int(row[0]) <= last]

    def funding(self, venue: str, symbol: str, first: int, last: int) -> Sequence[Settlement]:
        """Settlements from `first` to `last` (ms, both included), ascending."""
        known = self._symbols[venue, symbol]
        start, end = Grain.DAY.window(_day_key(max(first, to_ms(known.listed)))), Grain.DAY.window(_day_key(last))
        # A settlement late in the day may have its jitter reach past the day's end: whole days, then a cut.
        drawn = settlements.settlements(self._seed, known, start.start, end.end)
        return [Settlement(symbol, row.time, row.plain) for row in drawn if first <= row.time <= last]

    def metric_rows(self, venue: str, symbol: str, window: Window) -> Sequence[metrics.GeneratedMetrics]:
        """The metrics whose five minutes begin in the window, ascending: what files of it come to."""
        known = self._symbols[venue, symbol]
        return list(metrics.truth(self._seed, known, window, self._outages_of(METRICS, known)))

    def _whose(self, series: Series) -> GeneratedSymbol | None:
        return self._publication.symbol(series.type, series.venue, series.symbol)

    def _json(self, series: Series, window: Window) -> list[KlineRow]:
        return bars.json_rows(self._written(series, window))

    def _written(self, series: Series, window: Window) -> pl.DataFrame:
        symbol, interval = self._whose(series), Interval.parse(series.interval)
        assert symbol is not None  # noqa: S101 # nosec B101 # what is asked for was published
        decimals = symbol if series.type == KLINES else replace(symbol, price_decimals=DECIMALS, volume_decimals=0)
        return bars.as_written(self._bars(series.type, symbol, interval, window), decimals, interval)

    def _render(self, name: ObjectName) -> StoredObject:
        window = name.window
        if name.type == METRICS:
            symbol = self._symbols[name.venue, name.symbol]
            content = metrics.csv(self._seed, symbol, window, self._outages_of(METRICS, symbol))
        elif name.interval is None:
            symbol = self._symbols[name.venue, name.symbol]
            rows = settlements.settlements(self._seed, symbol, window.start, window.end)
            content = settlements.csv(rows)
        else:
            series = Series(name.venue, name.symbol, name.interval, name.type)
            content = bars.csv(self._written(series, window), name.venue, name.date)
        body = make_zip(f"{name.stem}.csv", content, window.end)
        return StoredObject(body, published_at(name.period, window.end))

    def _bars(self, kind: str, symbol: GeneratedSymbol, interval: Interval, window: Window) -> pl.DataFrame:
        """The bars that open in a whole day (intervals up to 1d) or month; columns as of `generate_day`."""
        covered = Window(interval.ceil(window.start), interval.ceil(window.end))
        minutes = pl.concat([self._day(kind, symbol, day) for day in covered.days()])
        if interval.name == "1m":
            return minutes
        return bars.aggregate(minutes, interval)

    def _day(self, kind: str, symbol: GeneratedSymbol, day: date) -> pl.DataFrame:
        number = to_ms(datetime(day.year, day.month, day.day, tzinfo=UTC)) // DAY_MS
        key = (kind, symbol.venue, symbol.symbol, number)
        return self._days.get(key, partial(self._draw, kind, symbol, number))

    def _draw(self, kind: str, symbol: GeneratedSymbol, day: int) -> pl.DataFrame:
        """The day without what was not listed, delisted or out; the first minute after each of these trades."""
        outages = self._outages_of(KLINES, symbol)
        starts = [to_ms(symbol.listed), *(end for _, end in outages)]
        offsets = np.array([(start - day * DAY_MS) // MINUTE_MS for start in starts], dtype=np.int64)
        drawn = generate_day(self._seed, symbol, day, offsets[(offsets >= 0) & (offsets < MINUTES)])
        if kind != KLINES:
            drawn = computed(kind, drawn, symbol.price_decimals, self._seed, (symbol.venue, symbol.symbol))
            outages = self._outages_of(kind, symbol)
        time = pl.col("open_time")
        keep = time >= to_ms(symbol.listed)
        if symbol.delisted:
            keep &= time < to_ms(symbol.delisted)
        for start, end in outages:
            keep &= ~time.is_between(start, end, closed="left")
        return drawn.filter(keep)

    def _outages_of(self, kind: str, symbol: GeneratedSymbol) -> list[tuple[int, int]]:
        mine = (one for one in self._outages if (one.venue, one.type) == (symbol.venue, kind))
        return [(to_ms(outage.start), to_ms(outage.end)) for outage in mine]


def _day_key(ms: int) -> str:
    return Grain.DAY.key(from_ms(ms))
