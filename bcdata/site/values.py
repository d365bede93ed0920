"""What the pages of a report show: plain values, collected once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bcdata.pictures.candles import Candle, Shade
from bcdata.reporting.scores import Scores

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SymbolEntry:
    """One symbol of one dataset, as its ledger tells it.

    Attributes:
        dataset: the dataset.
        symbol: the symbol.
        first: first and
        last: last date key of its partitions.
        expected: bars that should be there by now.
        present: bars that are.
        missing: the others by reason.
        runs: the longest runs of missing bars.
        more_runs: how many there are beside those.
        shades: all of them in the days that charts show.
        findings: what rules found in its partitions.
        scores: how good its partitions are.
    """

    dataset: str
    symbol: str
    first: str
    last: str
    expected: int
    present: int
    missing: Mapping[str, int]
    runs: Sequence[Row]
    more_runs: int
    shades: Sequence[Shade]
    findings: Sequence[Row]
    scores: Scores = field(default_factory=Scores)

    @property
    def open(self) -> int:
        """Missing bars that nothing explains yet."""
        return self.missing.get("open", 0) + self.missing.get("quarantined", 0)

    @property
    def share(self) -> float:
        """The part of the expected bars that is there, in per cent; what is not whole is never called 100."""
        if self.present >= self.expected:
            return 100.0
        return min(100.0 * self.present / self.expected, 99.99)


@dataclass(frozen=True, slots=True)
class DatasetEntry:
    """One dataset: what the catalog says of it, its zones, gaps and symbols.

    `findings` are the first of `found`; `held_back` partitions did not pass, `stale` ones should be there by now.
    `trouble` is why it is not known here which bars there should be: then there is no coverage, and no symbols.
    """

    name: str
    facts: Row
    zones: Sequence[Row]
    bytes: int
    missing: Mapping[str, int]
    held_back: Sequence[Row]
    stale: int
    heat_map: str
    findings: Sequence[Row]
    found: int
    symbols: Sequence[SymbolEntry] = ()
    scores: Scores = field(default_factory=Scores)
    trouble: str = ""

    @property
    def most_symbols(self) -> int:
        """How many symbols the zone with most of them has."""
        return max((one["symbols"] for one in self.zones), default=0)


@dataclass(frozen=True, slots=True)
class Chart:
    """The candles of a symbol, newest at the right."""

    bars: Sequence[Candle]
    shades: Sequence[Shade]
    interval: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """A lake at an instant (UTC)."""

    made: datetime
    datasets: Sequence[DatasetEntry]
    universe: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def only(self, symbols: Collection[str]) -> "Report":
        """The report with these symbols alone."""
        datasets = [
            replace(one, symbols=[entry for entry in one.symbols if entry.symbol in symbols]) for one in self.datasets
        ]
        return replace(self, datasets=datasets)

    @property
    def symbols(self) -> dict[str, list[SymbolEntry]]:
        """The entries of each symbol, by name."""
        found: dict[str, list[SymbolEntry]] = {}
        for dataset in self.datasets:
            for one in dataset.symbols:
                found.setdefault(one.symbol, []).append(one)
        return dict(sorted(found.items()))
