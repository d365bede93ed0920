"""The universe of a market, kept up to date: what the archive lists, and what the exchange says of it now.

Bounded: two listings of symbols and one exchangeInfo each time; the objects of a symbol are listed when it is new, and
of all others in turn, those first that the exchange trades no more.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import polars as pl

from bcdata.errors import BcdataError, StoreError
from bcdata.instruments.of_sessions import SessionUniverse
from bcdata.instruments.renames import PriceLookup, candidates, decide
from bcdata.instruments.spans import Span, Spans
from bcdata.instruments.table import (
    DELISTED,
    TRADING,
    UNIVERSE,
    UNIVERSE_IS_LOST,
    ObservedSymbol,
    Rename,
    Row,
    as_of,
    judge_status,
    latest,
    migrate,
    revise,
)
from bcdata.net.loop import bounded_map
from bcdata.pipeline.context import RunContext
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.providers.base import PERIODS
from bcdata.providers.roles import SymbolInfo
from bcdata.store.layout import universe_table
from bcdata.store.locks import locked
from bcdata.store.store import Store
from bcdata.venues.market import Market

STILL = timedelta(days=10)
"""Objects that came so lately count as still coming: publication stalls for days at times."""
MOST_SYMBOLS = 300
"""Symbols whose objects are listed each time: some four requests each."""
MOST_PRICES = 40
SECONDS = 15.0
"""How long symbols are asked for each time, at most; the rest is done the next time."""
AT_ONCE = 8


@dataclass(slots=True)
class UniverseUpdate:
    """What came of an update: new rows, symbols known and asked for, symbols never asked yet, and what went wrong."""

    rows: int = 0
    symbols: int = 0
    asked: int = 0
    left: int = 0
    troubles: list[str] = field(default_factory=list)


def read_universe(store: Store, market: str, instant: datetime | None = None) -> pl.DataFrame:
    """The universe of a market as it was known at an instant (UTC; now, if not given): one row an instrument.

    Raises:
        StoreError: the table is damaged.
    """
    table = _table(store, market)
    return as_of(table, instant)


def update(context: RunContext, market: str, *, most: int = MOST_SYMBOLS, seconds: float = SECONDS) -> UniverseUpdate:
    """Asks the archive and the exchange, and adds what is new to the market's table.

    Args:
        context: store, catalog, now and the providers' clients.
        market: a market of the catalog.
        most: symbols whose objects are listed, at most.
        seconds: how long these are asked for.

    Raises:
        ProviderError: the archive cannot be asked.
        StoreError: the place cannot be written.
    """
    with locked(context.store.root, f"universe-{market}"):
        before = _table(context.store, market)
        done = UniverseUpdate()
        asking = _Update(context, market, before, done)
        own = next((one for one in context.catalog.markets if one.name == market and one.is_declared), None)
        table = _of_lake(context, own, before) if own else context.loop.run(asking.run(most, seconds))
        done.rows, done.symbols = table.height - before.height, table["symbol"].n_unique()
        place = universe_table(market)
        if done.rows:
            made_of = fingerprint(rows=table.rows())
            record = {"market": market}
            context.store.publish(place, table, fingerprint=made_of, rules="", record=record, durable=True)
            context.store.objects.sync()  # what was known when cannot be learnt again
        elif before.height and not context.store.publications.was_put(place, newest=True):
            context.store.publications.confirm(place, durable=True)  # a process ended before it could
        context.attempts.note([f"universe/{market}/{symbol}/{_SPAN}" for symbol in asking.seen], context.now)
    return done


def _of_lake(context: RunContext, market: Market, before: pl.DataFrame) -> pl.DataFrame:
    """The table with what catalog and lake tell of a market that no archive lists."""
    seen, renames = SessionUniverse(context.store, context.catalog, market, context.now).observed()
    return revise(before, market.name, seen, renames, context.now)


def _table(store: Store, market: str) -> pl.DataFrame:
    try:
        held = store.read(universe_table(market))
    except StoreError as error:
        raise StoreError(f"{error}; {UNIVERSE_IS_LOST}") from error
    return pl.DataFrame(schema=UNIVERSE) if held is None else migrate(held)


@dataclass(slots=True)
class _Update:
    """One update of one market."""

    context: RunContext
    market: str
    before: pl.DataFrame
    done: UniverseUpdate
    seen: list[str] = field(default_factory=list)
    """The symbols whose objects were listed: when they were is remembered once what they told is kept."""

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
        draft = revise(self.before, self.market, observed, [], self.context.now)
        renames = await self._renames(latest(draft))
        return revise(self.before, self.market, observed, renames, self.context.now)

    @property
    def _prefix(self) -> str:
        return f"universe/{self.market}/"

    async def _listed(self) -> set[str]:
        answers = await asyncio.gather(
            *(self.context.clients.bulk(self.market).symbols(self.market, "klines", period) for period in PERIODS)
        )
        return set().union(*answers)

    async def _infos(self) -> dict[str, SymbolInfo] | None:
        """What exchangeInfo says, by symbol; None without an answer, which is no news."""
        info = await self.context.exchange_info(self.market)
        if info is None:
            self.done.troubles.append(f"{self.market}: exchangeInfo has no answer; statuses stay as they were")
            return None
        return {one.symbol: one for one in info.symbols}

    def _chosen(self, listed: set[str], infos: Mapping[str, SymbolInfo] | None, rows: Mapping[str, Row]) -> list[str]:
        """The symbols in the order in which they are asked for."""
        asked = self.context.attempts.instants(self._prefix)

        def turn(symbol: str) -> tuple[int, datetime, str]:
            last = asked.get((symbol, _SPAN))
            if last is None or symbol not in rows:
                return 0, last or datetime.min.replace(tzinfo=UTC), symbol
            info = infos.get(symbol) if infos is not None else None
            is_over = infos is not None and (info is None or info.status != TRADING.upper())
            seems_alive = rows[symbol]["last_seen"] is None
            return (1 if is_over and seems_alive else 2), last, symbol

        return sorted(listed, key=turn)

    async def _spans(self, symbols: Sequence[str], seconds: float) -> dict[str, tuple[Span, ...]]:
        """From when to when these symbols have objects, of as many as there is time for."""
        clock = asyncio.get_running_loop().time
        until, seen = clock() + seconds, {}
        asking = Spans(self.context, self.market, self._intervals())
        async for symbol, spans in bounded_map(lambda one: asking.of(one, self._still), symbols, AT_ONCE):
            if isinstance(spans, BcdataError):
                self.done.troubles.append(f"{symbol}: {spans}")
            elif isinstance(spans, BaseException):
                raise spans
            else:
                seen[symbol] = spans
            if clock() > until:
                break
        self.seen = list(seen)
        return seen

    @property
    def _still(self) -> date:
        """Objects since this day count as still coming."""
        return (self.context.now - STILL).date()

    def _intervals(self) -> list[str]:
        """The intervals of the catalog's bars of this market: a symbol's days are told from the first that has any."""
        found = [one.interval.name for one in self.context.catalog if one.market == self.market and one.interval]
        return list(dict.fromkeys([*found, "1d"]))

    def _observed(
        self,
        symbols: Iterable[str],
        rows: Mapping[str, Row],
        seen: Mapping[str, tuple[Span, ...]],
        infos: Mapping[str, SymbolInfo] | None,
    ) -> Iterable[ObservedSymbol]:
        """What is known now of these symbols: a row for each of their instruments."""
        for symbol in sorted(symbols):
            row, spans = rows.get(symbol), seen.get(symbol, ())
            use = max(len(spans), row["use"] if row else 1)
            first, last = (row["first_seen"], row["last_seen"]) if row else (None, None)
            if spans:
                # What was found to be another instrument stays one, also where the proof cannot be had again.
                first = spans[-1].first if len(spans) == use else first
                last = None if spans[-1].last >= self._still else spans[-1].last
            for at, one in enumerate(spans[:-1] if len(spans) == use else (), start=1):
                yield ObservedSymbol(symbol, one.first, one.last, DELISTED, "archive", one.evidence, at)
            if infos is None:
                yield ObservedSymbol(symbol, first, last, None, use=use)
            else:
                told = judge_status(symbol, self.market, infos.get(symbol), last, self.context.now)
                yield ObservedSymbol(symbol, first, last, *told, use)

    async def _renames(self, rows: Mapping[str, Row]) -> list[Rename]:
        pairs = candidates(rows.values(), self.market)
        tools = (
            self.context.clients.bulk(self.market),
            self.context.attempts,
            self.market,
            self._intervals(),
            self.context.now,
        )
        try:
            prices = await PriceLookup(*tools).look_up(pairs, rows, most=MOST_PRICES)
        except BcdataError as error:
            self.done.troubles.append(f"renames: {error}")
            return []
        return decide(pairs, prices, rows)


_SPAN = "span"
