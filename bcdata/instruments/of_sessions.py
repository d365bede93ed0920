"""The universe of a market with sessions, which no archive lists: what catalog, corporate actions and bars tell."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bcdata.catalog import Catalog, Dataset
from bcdata.instruments.lives import Life, Renamed, lives
from bcdata.instruments.table import DELISTED, TRADING, UNKNOWN, ObservedSymbol, Rename
from bcdata.instruments.tickers import Tickers
from bcdata.pipeline.lake import read_over
from bcdata.store.store import Store
from bcdata.venues.calendar import session_of
from bcdata.venues.market import Market
from bcdata.venues.session_interval import SessionInterval
from bcdata.windows import Window

_DAY = timedelta(days=1)
STILL = timedelta(days=10)
"""A symbol with a bar so lately is traded."""


@dataclass(frozen=True, slots=True)
class SessionUniverse:
    """What is seen of the symbols of a market now, without asking anybody.

    Attributes:
        store: the lake.
        catalog: the one in force.
        market: of the catalog.
        now: the present instant (UTC).
    """

    store: Store
    catalog: Catalog
    market: Market
    now: datetime

    def observed(self) -> tuple[list[ObservedSymbol], list[Rename]]:
        """A row for each life of each symbol, and which of them are one instrument."""
        renames = sorted({one for symbol in self._symbols for one in self._renames(symbol)}, key=lambda one: one.at)
        named = {*self._symbols, *(name for one in renames for name in (one.old, one.new))}
        kept = {symbol: list(self._lives(symbol, renames)) for symbol in sorted(named)}
        rows = [
            self._row(life, use, labels) for own in kept.values() for use, (life, labels) in enumerate(own, start=1)
        ]
        return rows, list(_joined({symbol: [life for life, _ in own] for symbol, own in kept.items()}))

    @property
    def _datasets(self) -> list[Dataset]:
        return [one for one in self.catalog if one.market == self.market.name]

    @property
    def _symbols(self) -> set[str]:
        told = {one.symbol for one in self.market.dated if one.instrument}
        return told | {symbol for dataset in self._datasets for symbol in dataset.symbols or ()}

    def _renames(self, symbol: str) -> Iterator[Renamed]:
        for dataset in self._datasets:
            if dataset.frame_type.adjusts_bars:
                start = dataset.grain.window(dataset.start).start.date()
                yield from Tickers(self.store, dataset, self.now).renames(symbol, start)

    def _lives(self, symbol: str, renames: Sequence[Renamed]) -> Iterator[tuple[Life, list[date]]]:
        """The lives of which something is known beside that the symbol was somebody else's, with their sessions."""
        labels = self._sessions(symbol)
        for life in lives(symbol, self.market.dated, renames):
            own = [one for one in labels if life.holds(one)]
            if own or life.instrument or life.came_from or life.goes_on_as:
                yield life, own

    def _sessions(self, symbol: str) -> list[date]:
        """The sessions of which the lake has a bar of the symbol, ascending: those of the longest bars of a session."""
        found: set[date] = set()
        for dataset in self._datasets:
            interval = dataset.interval
            if isinstance(interval, SessionInterval) and interval.length and interval.length <= _DAY:
                window = Window(dataset.grain.window(dataset.start).start, self.now)
                opens = read_over(self.store, dataset, symbol, window, ["open_time"])
                found |= set(opens.select(session_of(interval).alias("session"))["session"].to_list())
        return sorted(found)

    def _row(self, life: Life, use: int, labels: Sequence[date]) -> ObservedSymbol:
        first = life.start or (labels[0] if labels else None)
        source = "catalog" if life.instrument else "actions" if life.told_by else "bars"
        status, last = self._going_on(labels), None
        if life.end and life.end <= self.now.date():
            status, last = DELISTED, labels[-1] if labels else life.end - _DAY
        stated = f"{self.market.name}:{life.instrument}" if life.instrument else None
        words = _words(life)
        return ObservedSymbol(life.symbol, first, last, status, source, words, use, stated, self.market.type)

    def _going_on(self, labels: Sequence[date]) -> str:
        recent = (self.now - STILL).astimezone(UTC).date()
        return TRADING if labels and labels[-1] >= recent else UNKNOWN


def _joined(kept: dict[str, list[Life]]) -> Iterator[Rename]:
    """Renames by which lives are one instrument, in order of time, so that identities pass from one to the next."""
    found: list[tuple[date, Rename]] = []
    for symbol, own in kept.items():
        for use, life in enumerate(own, start=1):
            before = life.came_from and _ended(kept.get(life.came_from, []), life)
            if before and life.start:
                words = "the catalog states it" if life.instrument else f"{life.told_by}: {life.came_from} is {symbol}"
                words += f" from {life.start} on"
                found.append((life.start, Rename(life.came_from or "", symbol, words, before, use)))
    yield from (rename for _, rename in sorted(found, key=lambda pair: (pair[0], pair[1].new)))


def _ended(lives_before: Iterable[Life], life: Life) -> int | None:
    """Which of the lives of another symbol went over into this one."""
    for use, one in enumerate(lives_before, start=1):
        if one.goes_on_as == life.symbol and (
            one.instrument == life.instrument if life.instrument else one.end == life.start
        ):
            return use
    return None


def _words(life: Life) -> str:
    """How it is known, in words."""
    source = "the catalog" if life.instrument else life.told_by
    parts = [
        f"{life.came_from} before" if life.came_from else "",
        f"{life.goes_on_as} after" if life.goes_on_as else "",
    ]
    told = ", ".join(filter(None, parts))
    return f"{source}: {told}" if told and source else source
