"""The universe of a market, kept up to date: what the archive lists, and what the exchange says of it now.

Bounded: two listings of symbols and one exchangeInfo each time; the objects of a symbol are listed when it is new, and
of all others in turn, those first that the exchange trades no more.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import polars as pl

from bcdata.errors import BcdataError
from bcdata.net.loop import bounded_map
from bcdata.operations.fingerprint import fingerprint
from bcdata.operations.instruments import (
    TRADING,
    UNIVERSE,
    Observed,
    Rename,
    Row,
    as_of,
    judge_status,
    latest,
    revise,
)
from bcdata.operations.renames import PriceLookup, candidates, decide
from bcdata.operations.workbench import Workbench
from bcdata.providers.binance.archive import ArchiveObject, Series
from bcdata.providers.binance.exchange_info import SymbolInfo
from bcdata.providers.binance.names import GRAINS
from bcdata.store.layout import universe_table
from bcdata.store.locks import locked
from bcdata.store.store import Store
from bcdata.windows import Grain

STILL = timedelta(days=10)
"""Objects that came so lately count as still coming: publication stalls for days at times."""
MOST_SYMBOLS = 300
"""Symbols whose objects are listed each time: some four requests each."""
MOST_PRICES = 40
SECONDS = 15.0
"""How long symbols are asked for each time, at most; the rest is done the next time."""
AT_ONCE = 8


@dataclass(slots=True)
class Updated:
    """What came of an update: new rows, symbols known and asked for, symbols never asked yet, and what went wrong."""

    rows: int = 0
    symbols: int = 0
    asked: int = 0
    left: int = 0
    troubles: list[str] = field(default_factory=list)


def read_universe(store: Store, market: str, instant: datetime | None = None) -> pl.DataFrame:
    """The universe of a market as it was known at an instant (UTC; now, if not given): one row a symbol.

    Raises:
        StoreError: the table is damaged.
    """
    table = _table(store, market)
    return as_of(table, instant) if instant else table.unique("symbol", keep="last", maintain_order=True)


def update(work: Workbench, market: str, *, most: int = MOST_SYMBOLS, seconds: float = SECONDS) -> Updated:
    """Asks the archive and the exchange, and adds what is new to the market's table.

    Args:
        work: store, catalog, now and the providers' clients.
        market: a market of the catalog.
        most: symbols whose objects are listed, at most.
        seconds: how long these are asked for.

    Raises:
        ProviderError: the archive cannot be asked.
        StoreError: the place cannot be written.
    """
    with locked(work.store.root, f"universe-{market}"):
        before = _table(work.store, market)
        done = Updated()
        table = work.loop.run(_Update(work, market, before, done).run(most, seconds))
        done.rows, done.symbols = table.height - before.height, table["symbol"].n_unique()
        if done.rows:
            made_of = fingerprint(rows=table.rows())
            record = {"market": market}
            # What was known when cannot be learnt again.
            work.store.publish(
                universe_table(market), table, fingerprint=made_of, rules="", record=record, durable=True
            )
    return done


def _table(store: Store, market: str) -> pl.DataFrame:
    held = store.read(universe_table(market))
    return pl.DataFrame(schema=UNIVERSE) if held is None else held


@dataclass(slots=True)
class _Update:
    """One update of one market."""

    work: Workbench
    market: str
    before: pl.DataFrame
    done: Updated

    async def run(self, most: int, seconds: float) -> pl.DataFrame:
        listed = await self._listed()
        infos = await self._infos()
        rows = latest(self.before)
        chosen = self._chosen(listed, infos, rows)
        seen = await self._spans(chosen[:most], seconds)
        self.done.asked = len(seen)
        self.done.left = len(listed - {*rows, *seen})
        unlisted = set(infos or ()) - listed
        observed = list(self._observed({*rows, *seen, *unlisted}, rows, seen, infos))
        draft = revise(self.before, self.market, observed, [], self.work.now)
        renames = await self._renames(latest(draft))
        return revise(self.before, self.market, observed, renames, self.work.now)

    @property
    def _prefix(self) -> str:
        return f"universe/{self.market}/"

    async def _listed(self) -> set[str]:
        answers = await asyncio.gather(*(self.work.archive.symbols(self.market, "klines", period) for period in GRAINS))
        return set().union(*answers)

    async def _infos(self) -> dict[str, SymbolInfo] | None:
        """What exchangeInfo says, by symbol; None without an answer, which is no news."""
        info = await self.work.exchange_info(self.market)
        if info is None:
            self.done.troubles.append(f"{self.market}: exchangeInfo has no answer; statuses stay as they were")
            return None
        return {one.symbol: one for one in info.symbols}

    def _chosen(self, listed: set[str], infos: Mapping[str, SymbolInfo] | None, rows: Mapping[str, Row]) -> list[str]:
        """The symbols in the order in which they are asked for."""
        asked = self.work.attempts.instants(self._prefix)

        def turn(symbol: str) -> tuple[int, datetime, str]:
            last = asked.get((symbol, _SPAN))
            if last is None or symbol not in rows:
                return 0, last or datetime.min.replace(tzinfo=UTC), symbol
            info = infos.get(symbol) if infos is not None else None
            is_over = infos is not None and (info is None or info.status != TRADING.upper())
            seems_alive = rows[symbol]["last_seen"] is None
            return (1 if is_over and seems_alive else 2), last, symbol

        return sorted(listed, key=turn)

    async def _spans(self, symbols: Sequence[str], seconds: float) -> dict[str, tuple[date | None, date | None]]:
        """The days of the first and last object of these symbols, of as many as there is time for."""
        clock = asyncio.get_running_loop().time
        until, seen = clock() + seconds, {}
        async for symbol, span in bounded_map(self._span, symbols, AT_ONCE):
            if isinstance(span, BcdataError):
                self.done.troubles.append(f"{symbol}: {span}")
            elif isinstance(span, BaseException):
                raise span
            else:
                seen[symbol] = span
            if clock() > until:
                break
        self.work.attempts.note([f"{self._prefix}{symbol}/{_SPAN}" for symbol in seen], self.work.now)
        return seen

    async def _span(self, symbol: str) -> tuple[date | None, date | None]:
        for interval in self._intervals():
            series = Series(self.market, "klines", symbol, interval)
            first, monthly = await asyncio.gather(
                self.work.archive.first(series, "daily"), self.work.archive.objects(series, "monthly")
            )
            daily = await self._last_daily(series, first, monthly) if first else []
            if span := span_of([*([first] if first else []), *daily], monthly):
                return span[0], None if span[1] >= (self.work.now - STILL).date() else span[1]
        return None, None

    async def _last_daily(
        self, series: Series, first: ArchiveObject, monthly: Sequence[ArchiveObject]
    ) -> list[ArchiveObject]:
        """The newest daily objects: of the last weeks, or else since the last month that has a file."""
        lately = await self.work.archive.objects(series, "daily", first=str((self.work.now - 2 * STILL).date()))
        if lately:
            return lately
        since = f"{monthly[-1].date_key}-01" if monthly else first.date_key
        return await self.work.archive.objects(series, "daily", first=since)

    def _intervals(self) -> list[str]:
        """The intervals of the catalog's bars of this market: a symbol's days are told from the first that has any."""
        found = [one.interval.name for one in self.work.catalog if one.market == self.market and one.interval]
        return list(dict.fromkeys([*found, "1d"]))

    def _observed(
        self,
        symbols: Iterable[str],
        rows: Mapping[str, Row],
        seen: Mapping[str, tuple[date | None, date | None]],
        infos: Mapping[str, SymbolInfo] | None,
    ) -> Iterable[Observed]:
        """What is known now of these symbols."""
        for symbol in sorted(symbols):
            row = rows.get(symbol)
            first, last = seen.get(symbol) or ((row["first_seen"], row["last_seen"]) if row else (None, None))
            if infos is None:
                yield Observed(symbol, first, last, None)
            else:
                told = judge_status(symbol, self.market, infos.get(symbol), last, self.work.now)
                yield Observed(symbol, first, last, *told)

    async def _renames(self, rows: Mapping[str, Row]) -> list[Rename]:
        pairs = candidates(rows.values(), self.market)
        tools = (self.work.archive, self.work.attempts, self.market, self._intervals(), self.work.now)
        try:
            prices = await PriceLookup(*tools).look_up(pairs, rows, most=MOST_PRICES)
        except BcdataError as error:
            self.done.troubles.append(f"renames: {error}")
            return []
        return decide(pairs, prices, rows)


_SPAN = "span"


def span_of(daily: Sequence[ArchiveObject], monthly: Sequence[ArchiveObject]) -> tuple[date, date] | None:
    """The first and the last day that objects name. A month's file tells no day where daily ones of the month do."""
    days = sorted(one.date_key for one in daily)
    months = sorted(one.date_key for one in monthly)
    if not days and not months:
        return None
    firsts = [Grain.DAY.window(days[0]).start] if days else []
    lasts = [Grain.DAY.window(days[-1]).start] if days else []
    if months and not (days and days[0][:7] <= months[0]):
        firsts.append(Grain.MONTH.window(months[0]).start)
    if months and not (days and days[-1][:7] >= months[-1]):
        lasts.append(Grain.MONTH.window(months[-1]).end - timedelta(days=1))
    return min(firsts).date(), max(lasts).date()
