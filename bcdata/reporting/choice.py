"""Which source would be asked for bars of a symbol at an instant, and why not the others. Asks nobody."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bcdata.catalog import Catalog, Dataset, DatasetName, parse_name
from bcdata.catalog.around.choice import Considered, considered
from bcdata.errors import UsageError
from bcdata.net.health import Health
from bcdata.pipeline.zones import in_order
from bcdata.providers.capabilities import Plan, Source
from bcdata.providers.registry import source_on
from bcdata.reporting.providers import hindrance
from bcdata.venues.classification.stocks import american, suffixed
from bcdata.venues.market import SHARES, Market


@dataclass(frozen=True, slots=True)
class Explained:
    """One source.

    Attributes:
        dataset: the one that it is asked for; of a symbol that none has, the one that there could be.
        source: its name.
        order: at which place it is asked, from 1; None where it is not.
        why: why it is asked at that place, or why not.
    """

    dataset: str
    source: str
    order: int | None
    why: str

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {"dataset": self.dataset, "source": self.source, "order": self.order, "why": self.why}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about: bars that open at an instant, as things stand.

    Attributes:
        catalog: the one in force.
        at: the instant (UTC) of the bar; None where any will do.
        now: the present instant (UTC).
        health: how asking goes.
    """

    catalog: Catalog
    at: datetime | None
    now: datetime
    health: Health

    def explain(self, symbol: str, interval: str) -> list[Explained]:
        """What would be asked for bars of a symbol, as people write it, dataset by dataset.

        Raises:
            UsageError: no dataset has the symbol, and no declared market could.
        """
        chosen = [one for one in self.catalog if _has(one, symbol, interval)]
        found = [one for dataset in chosen for one in self._of_dataset(dataset)]
        if found:
            return found
        return [one for name in _could_be(self.catalog, symbol, interval) for one in self._by_rules(name)]

    def _of_dataset(self, dataset: Dataset) -> Iterator[Explained]:
        named = in_order(dataset)
        yield from self._placed(dataset.name, [Considered(one) for one in named])
        for one in considered(dataset.parsed, self.catalog.rules, self.catalog.plans):
            if one.source not in named:
                yield Explained(dataset.name, one.source, None, one.why_not or "the dataset names other sources")

    def _by_rules(self, name: DatasetName) -> Iterator[Explained]:
        dataset = f"{name.market.name}_{name.frame_type.key}_{name.interval.name if name.interval else ''}"
        yield from self._placed(dataset, list(considered(name, self.catalog.rules, self.catalog.plans)))

    def _placed(self, dataset: str, sources: Sequence[Considered]) -> Iterator[Explained]:
        place = 0
        for one in sources:
            source = source_on(one.source, self.catalog.plans)
            why_not = one.why_not or hindrance(source, self.health) or self._out_of_reach(source, dataset)
            if why_not:
                yield Explained(dataset, one.source, None, why_not)
                continue
            place += 1
            words = "it is asked first" if place == 1 else "it is asked where those before it fail"
            yield Explained(dataset, one.source, place, words)

    def _out_of_reach(self, source: Source, dataset: str) -> str | None:
        """Why the source cannot have a bar of that time on its plan; None where it may."""
        interval = dataset.rpartition("_")[2]
        plan = source.plan or Plan("")
        if self.at is None:
            return None
        if self.at > self.now:
            return "the bar lies in the future"
        depth = source.capabilities.depths.get(interval)
        for reach, whose in ((depth, f"its bars of {interval} reach"), (plan.depth, f"its plan {plan.name!r} reaches")):
            if reach is not None and self.at < self.now - reach:
                return f"{whose} back to {self.now - reach:%Y-%m-%d}"
        if plan.delay and self.at > self.now - plan.delay:
            return f"its plan {plan.name!r} has nothing of the last {plan.delay}"
        return None


def _has(dataset: Dataset, symbol: str, interval: str) -> bool:
    market = dataset.parsed.market
    written = market.as_written(symbol)
    is_of = dataset.interval is not None and dataset.interval.name == interval
    return is_of and market.writes(written) and (dataset.symbols is None or written in dataset.symbols)


def _could_be(catalog: Catalog, symbol: str, interval: str) -> list[DatasetName]:
    """The names of datasets of declared markets that could have the symbol."""
    fitting = [one for one in catalog.markets if _fits(one, symbol, interval)]
    if not fitting:
        markets = ", ".join(one.name for one in catalog.markets)
        raise UsageError(f"no dataset has bars of {interval} of {symbol}, and none of {markets} could")
    return [parse_name(f"{one.name}_klines_{interval}", catalog.markets) for one in fitting]


def _fits(market: Market, symbol: str, interval: str) -> bool:
    written = market.as_written(symbol)
    is_one = market.type not in SHARES or american(written) or suffixed(written)
    return interval in market.intervals and market.writes(written) and bool(is_one)
