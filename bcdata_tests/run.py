"""Runs plans without Dagster: zone by zone, as an asset's body does, and looks at what came of it."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from bcdata.catalog import Catalog, load_catalog
from bcdata.catalog.load import PACKAGED
from bcdata.clock import parse_instant
from bcdata.frames.schema import LEDGER
from bcdata.pipeline.context import open_run_context
from bcdata.pipeline.outcome import Outcome, State
from bcdata.pipeline.zones import Step, Zone, operation
from bcdata.runs.plan import MaterializeRequest, Plan, make_plan
from bcdata.store.layout import Partition
from bcdata.store.store import Store

ARCHIVE, REST = "binance_archive", "binance_rest"
IMPATIENT = {
    "BCDATA_HTTP_BACKOFF": "0.01",
    "BCDATA_HTTP_BACKOFF_MAX": "0.05",
    "BCDATA_HTTP_CONNECT_TIMEOUT": "4",
    "BCDATA_HTTP_READ_TIMEOUT": "2",
    "BCDATA_HTTP_RATE_WAIT": "2",
}
"""Settings under which a fault costs a test as little time as can be."""


def utc(text: str) -> datetime:
    """The instant of an ISO text without an offset."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a plan."""

    outcomes: list[tuple[Step, Outcome]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.troubles

    @property
    def troubles(self) -> list[str]:
        """What is not published, and why."""
        return [
            f"{'/'.join(step.key)} {outcome.partition}: {outcome.state}: {outcome.verdict.summary()}"
            for step, outcome in self.outcomes
            if not outcome.ok
        ]

    @property
    def states(self) -> Counter[State]:
        return Counter(outcome.state for _, outcome in self.outcomes)

    @property
    def fetched(self) -> int:
        return sum(outcome.fetched for _, outcome in self.outcomes)

    def of(self, zone: Zone, provider: str | None = None) -> dict[tuple[str, str], Outcome]:
        """Outcomes of one asset by symbol and date."""
        return {
            (outcome.partition.symbol, outcome.partition.date): outcome
            for step, outcome in self.outcomes
            if (step.zone, step.provider) == (zone, provider)
        }

    def rules(self, zone: Zone, symbol: str, date: str, provider: str | None = None) -> dict[str, int]:
        """The findings of one partition: counts by rule."""
        return self.of(zone, provider)[symbol, date].verdict.counts()


@dataclass(frozen=True, slots=True)
class Lake:
    """A lake under test: its root, its catalog, and the instant that stands for now."""

    root: Path
    now: datetime
    catalog: Catalog = field(default_factory=lambda: load_catalog(PACKAGED))
    now_back: bool = False

    def plan(
        self,
        dataset: str,
        symbols: str,
        first: str,
        last: str = "",
        *,
        until: Zone | None = None,
        refill: bool = True,
    ) -> Plan:
        names = tuple(symbols.split(","))
        return make_plan(
            self.catalog, MaterializeRequest(dataset, names, first, last or first, until, refill), self.now
        )

    def run(self, plan: Plan, *, only: tuple[Zone, ...] = tuple(Zone)) -> Ran:
        """Brings the plan's partitions up to date, in the chosen zones."""
        ran = Ran()
        for step in plan.steps:
            if step.zone in only:
                ran.outcomes.extend((step, outcome) for outcome in self._step(plan, step))
        return ran

    def materialize(
        self,
        dataset: str,
        symbols: str,
        first: str,
        last: str = "",
        *,
        until: Zone | None = None,
        refill: bool = True,
    ) -> Ran:
        return self.run(self.plan(dataset, symbols, first, last, until=until, refill=refill))

    def bars(self, dataset: str, symbol: str, date: str, zone: str = "merged") -> pl.DataFrame | None:
        """The published frame of a partition; None where there is none."""
        return Store(self.root).read(Partition(zone, dataset, symbol, date))

    def ledger(self, dataset: str, symbol: str, *dates: str) -> pl.DataFrame:
        """The gap ledger of some partitions, one after the other."""
        frames = [self.bars(dataset, symbol, date, "gaps") for date in dates]
        return pl.concat([pl.DataFrame(schema=LEDGER), *[one for one in frames if one is not None]])

    def _step(self, plan: Plan, step: Step) -> Iterator[Outcome]:
        dataset = self.catalog[step.dataset]
        partitions = [
            step.partition(symbol, date) for symbol in plan.symbols for date in plan.dates if date >= dataset.start
        ]
        with open_run_context(self.root, self.catalog, self.now, now_back=self.now_back) as context:
            yield from operation(step)(context, dataset, partitions)


@contextmanager
def pointed_at(addresses: dict[str, str], state: Path, *, now: str = "") -> Iterator[dict[str, str]]:
    """Points this process at an exchange, with impatient settings; yields the variables, for subprocesses."""
    variables = {**IMPATIENT, **addresses, "BCDATA_STATE": str(state), "no_proxy": "127.0.0.1"}
    if now:
        variables["BCDATA_NOW"] = parse_instant(now).isoformat()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield variables


_HISTORY = frozenset({".state", ".lake"})


def tree(root: Path) -> dict[str, str]:
    """SHA-256 of every file under the root, but for side tables and for what tells how the lake came to be so.

    Side tables hold times of trying; manifests of publications number them, and have the one before.
    """
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not _HISTORY & set(path.relative_to(root).parts)
    }
