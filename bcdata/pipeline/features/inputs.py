"""What a symbol's features read of others: the reference symbol, the universe, settlements. Read once for a whole run.

All of it are untracked reads: each partition that was looked at, and what it was made of, is part of the features'
fingerprint and stands in their record. What is missing leaves nulls and a warning, and holds nothing back.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, NamedTuple, TypeVar

import numpy as np
import polars as pl

from bcdata.catalog import Catalog, Dataset
from bcdata.features.feature import SETTLEMENTS
from bcdata.features.table.context import BoolArray, FeatureContext, Panel, SplitAt, panel
from bcdata.features.table.grid import FloatArray, IntArray, microseconds
from bcdata.features.table.known import late_bars, latest
from bcdata.features.table.reach import settlement_window, warm_up_window
from bcdata.frames.schema import LEDGER
from bcdata.ledger.ledger import Status
from bcdata.pipeline.features.feature_set import features_of, identities, reference_of, universe_of, version_of
from bcdata.pipeline.features.splits import Splits
from bcdata.pipeline.lake import keys_over, read_over, read_sound, trusted
from bcdata.quality.verdict import Finding, Severity
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window

T = TypeVar("T")

KEPT = 3
"""Windows whose panels and reference bars stay in memory: partitions come date by date, on a few threads."""

SETTLED = frozenset({Status.UPSTREAM, Status.NO_TRADES, Status.NOT_LISTED, Status.DELISTED})
"""Reasons for which a bar will never come: a member without it does not count. Any other leaves no rank."""


class Read(NamedTuple):
    """A merged partition that was looked at, and what it was made of; None where it cannot be trusted."""

    dataset: str
    symbol: str
    date: str
    made: str | None


@dataclass(slots=True)
class Recent:
    """The last few things that were made, for all threads; each is made once while it is remembered."""

    kept: int
    _things: "OrderedDict[Hashable, Any]" = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is known under the key, or what `make` gives."""
        with self._lock:
            if key not in self._things:
                self._things[key] = make()
            self._things.move_to_end(key)
            while len(self._things) > self.kept:
                self._things.popitem(last=False)
            thing: T = self._things[key]
            return thing


class FeatureInputs:
    """What the symbols of one dataset look at, for the length of a run in which merged bars do not change."""

    def __init__(self, store: Store, catalog: Catalog, dataset: Dataset) -> None:
        self.features, self.identities, self.version = features_of(dataset), identities(dataset), version_of(dataset)
        self.reference, self.universe = reference_of(dataset), universe_of(dataset)
        self._store, self._dataset = store, dataset
        inputs = {name for feature in self.features for name in feature.inputs}
        self._compares = any(name.endswith("@reference") for name in inputs - SETTLEMENTS)
        self._ranks = "close@universe" in inputs and bool(self.universe)
        self._funding = catalog.joined(dataset) if inputs & SETTLEMENTS else None
        self._splits = Splits.of(store, catalog, dataset)
        self._counts_payments = any(one.adjusted == "all" for one in self.features) and dataset.hours.are_sessions
        self._made, self._references, self._panels = Recent(100_000), Recent(2 * KEPT), Recent(KEPT)
        self._payments = Recent(KEPT * (len(self.universe) + 2))

    def now(self, dataset: str, symbol: str, date: str) -> str | None:
        """What a merged partition is made of now; None where it cannot be trusted."""
        partition = Partition("merged", dataset, symbol, date)
        return self._made.get(partition, lambda: trusted(self._store, partition))

    def reads(self, symbol: str, window: Window) -> list[Read]:
        """All merged partitions of others, and of settlements, that the window's features of the symbol look at."""
        reach = self._reach(window)
        found: list[Read] = []
        if self._compares and symbol != self.reference:
            found += self._over(self._dataset, self.reference, reach)
        for member in self.universe if self._ranks else ():
            found += self._over(self._dataset, member, reach)
        if self._funding:
            settled = settlement_window(window, self.features)
            for payer in (symbol, self.reference):
                found += self._over(self._funding, payer, settled)
        if actions := self._splits.actions:
            for one in self._looked_at(symbol):
                found += self._over(actions, one, self._splits.dates(reach))
        return list(dict.fromkeys(found))

    def _looked_at(self, symbol: str) -> list[str]:
        """The symbols whose bars the features of a symbol look at, its own first."""
        others = [self.reference] if self._compares else []
        return list(dict.fromkeys([symbol, *others, *(self.universe if self._ranks else ())]))

    def own(self, symbol: str, window: Window) -> list[Read]:
        """The symbol's own merged bars that the window's features look at, its warm-up among them."""
        return list(self._over(self._dataset, symbol, self._reach(window)))

    def bars(self, symbol: str, window: Window) -> pl.DataFrame:
        """The symbol's merged bars of the window and its warm-up."""
        return read_over(self._store, self._dataset, symbol, self._reach(window))

    def around(self, symbol: str, window: Window) -> FeatureContext:
        """What the window's features of the symbol look at besides its own bars."""
        itself, funding = symbol == self.reference, self._funding
        compared = self._compares and not itself
        return FeatureContext(
            symbol=symbol,
            is_reference=itself,
            reference=self._of_reference(self._dataset, window) if compared else None,
            universe=self._panel(window) if self._ranks else None,
            funding=self._settlements(funding, symbol, window) if funding else None,
            reference_funding=self._of_reference(funding, window) if funding else None,
            reference_symbol=self.reference,
            splits={one: self._splits.within(one, self._reach(window)) for one in self._looked_at(symbol)},
            reinvested={one: self._paid(one, window) for one in self._looked_at(symbol)}
            if self._counts_payments
            else {},
        )

    def _paid(self, symbol: str, window: Window) -> tuple[SplitAt, ...]:
        """What payments of a symbol would add to its shares; others look at it, too."""
        reach = self._reach(window)
        return self._payments.get((symbol, reach), lambda: self._splits.reinvested(symbol, reach))

    def findings(self, symbol: str, window: Window) -> Iterator[Finding]:
        """Warnings about what is missing, and what that leaves null."""
        yield from self._splits.findings(symbol, self._reach(window))
        starts = {one.name: one.start for one in (self._dataset, self._funding) if one}
        absent = [
            one
            for one in self.reads(symbol, window)
            if one.made is None and one.dataset in starts and starts[one.dataset] <= one.date
        ]
        bars = [one for one in absent if one.dataset == self._dataset.name]
        reference = [one for one in bars if one.symbol == self.reference and symbol != self.reference]
        members = [one for one in bars if self._ranks and one.symbol in self.universe]
        if reference and self._compares:
            yield _absent("reference", reference, "features that compare with it are null")
        if members:
            yield _absent("universe", members, "ranks among the universe are null")
        elif self._ranks and (lacking := self._unexplained(window)):
            words = f"a member of the universe lacks {lacking} bars without a reason: ranks are null there"
            yield Finding("universe", Severity.WARN, lacking, words)
        if settlements := [one for one in absent if one.dataset != self._dataset.name]:
            yield _absent("funding", settlements, "features of settlements may be null")

    def _reach(self, window: Window) -> Window:
        return warm_up_window(window, self._dataset.bar_interval, self.features)

    def _over(self, dataset: Dataset, symbol: str, window: Window) -> Iterator[Read]:
        for date in keys_over(dataset, window):
            yield Read(dataset.name, symbol, date, self.now(dataset.name, symbol, date))

    def _of_reference(self, dataset: Dataset, window: Window) -> pl.DataFrame:
        """Bars or settlements of the reference, which all symbols look at."""

        def make() -> pl.DataFrame:
            bars = dataset is self._dataset
            return self.bars(self.reference, window) if bars else self._settlements(dataset, self.reference, window)

        return self._references.get((dataset.name, window), make)

    def _settlements(self, funding: Dataset, symbol: str, window: Window) -> pl.DataFrame:
        return read_over(self._store, funding, symbol, settlement_window(window, self.features))

    def _panel(self, window: Window) -> Panel:
        return self._panels.get(window, lambda: self._make_panel(self._reach(window)))

    def _make_panel(self, reach: Window) -> Panel:
        opens = self._dataset.bar_interval.opens(reach)
        closes, reasons, late = {}, {}, []
        for member in self.universe:
            read = [one for one in self._over(self._dataset, member, reach) if one.made]
            partitions = [Partition("merged", one.dataset, member, one.date) for one in read]
            frames = self._frames_of(partitions, ["open_time", "close", "known_at"])
            closes[member] = _placed(opens, frames)
            late += [found for frame in frames if (found := late_bars(frame, self._dataset.bar_interval))]
            reasons[member] = _explained(opens, self._frames_of([one.in_zone("gaps") for one in partitions]))
        return panel(closes, opens, reasons, latest(opens, late))

    def _frames_of(self, partitions: Iterable[Partition], columns: Sequence[str] | None = None) -> list[pl.DataFrame]:
        found = (read_sound(self._store, one, one.dataset, columns, are_optional=True) for one in partitions)
        return [frame for frame in found if frame is not None]

    def _unexplained(self, window: Window) -> int:
        """Bars of the window for which some member has neither a bar nor a reason."""
        seen = self._panel(window)
        inside = seen.opens >= microseconds(window.start)
        return int((inside & ~seen.explained).sum())


def _placed(opens: IntArray, frames: Sequence[pl.DataFrame]) -> FloatArray:
    """Closes on the grid of these opens; NaN where there is no bar, bars off the grid left out."""
    closes = np.full(opens.size, np.nan)
    for frame in frames:
        times = frame["open_time"].to_physical().to_numpy()
        rows = np.searchsorted(opens, times)
        on_grid = (rows < opens.size) & (opens[np.minimum(rows, opens.size - 1)] == times)
        closes[rows[on_grid]] = frame["close"].to_numpy()[on_grid]
    return closes


def _explained(opens: IntArray, ledgers: Sequence[pl.DataFrame]) -> BoolArray:
    """For every open whether the ledger has a reason for which its bar will never come."""
    found = np.zeros(opens.size, dtype=np.bool_)
    for row in pl.concat([pl.DataFrame(schema=LEDGER), *ledgers]).iter_rows(named=True):
        if row["status"] in SETTLED:
            first = np.searchsorted(opens, microseconds(row["start"]))
            found[first : np.searchsorted(opens, microseconds(row["end"]), side="right")] = True
    return found


def _absent(rule: str, reads: Sequence[Read], consequence: str) -> Finding:
    symbols, dates = sorted({one.symbol for one in reads}), sorted({one.date for one in reads})
    named = ", ".join(symbols[:5]) + (f" and {len(symbols) - 5} more" if len(symbols) > 5 else "")  # noqa: PLR2004
    words = f"no merged {reads[0].dataset} of {named} in {', '.join(dates)}: {consequence}"
    return Finding(rule, Severity.WARN, len(reads), words)
