"""All datasets together, and what follows from having them together."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from bcdata.catalog.around.choice import Rule
from bcdata.catalog.automation import Automation
from bcdata.catalog.dataset import Dataset
from bcdata.catalog.names import known
from bcdata.errors import UsageError
from bcdata.hints import choose
from bcdata.providers.registry import MARKETS
from bcdata.venues.market import Market
from bcdata.windows import Grain


@dataclass(frozen=True, slots=True)
class Catalog:
    """The datasets, in the order of the file that they come from, and what else it declares.

    Attributes:
        path: the file.
        datasets: in its order.
        markets: those that it declares, and those that need not be declared.
        stated: provider and plan, where it states one.
        rules: which sources are asked where a dataset does not say it.
    """

    path: Path
    datasets: tuple[Dataset, ...]
    markets: tuple[Market, ...] = ()
    stated: tuple[tuple[str, str], ...] = ()
    rules: tuple[Rule, ...] = ()

    @property
    def plans(self) -> dict[str, str]:
        """The plans that it states, by provider."""
        return dict(self.stated)

    def __iter__(self) -> Iterator[Dataset]:
        return iter(self.datasets)

    def __len__(self) -> int:
        return len(self.datasets)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def __getitem__(self, name: str) -> Dataset:
        """The dataset of this name.

        Raises:
            UsageError: there is none.
        """
        for dataset in self.datasets:
            if dataset.name == name:
                return dataset
        raise UsageError(f"there is no dataset {name!r} in {self.path}; {choose(name, self.names)}")

    def chosen(self, names: Collection[str]) -> list[Dataset]:
        """The datasets of these names; all where none is named.

        Raises:
            UsageError: a name is unknown.
        """
        return [self[name] for name in names] if names else list(self.datasets)

    @property
    def names(self) -> tuple[str, ...]:
        """The datasets' names."""
        return tuple(dataset.name for dataset in self.datasets)

    def joined(self, dataset: Dataset) -> Dataset | None:
        """The dataset of the same market whose rows are joined to those of this one; None where there is none."""
        market, joins = dataset.market, dataset.frame_type.joins
        return next((d for d in self.datasets if (d.market, d.frame_type.key) == (market, joins)), None)

    def served_by(self, kind: Automation) -> list[Dataset]:
        """The datasets that sensors or schedules of this kind serve."""
        return [dataset for dataset in self.datasets if dataset.takes_part(kind)]

    def shared(self) -> tuple[tuple[str, Grain], ...]:
        """The pairs of market and grain whose datasets share one partitions definition, sorted."""
        return tuple(sorted({(dataset.market, dataset.grain) for dataset in self.datasets}))


def common_start(catalog: Catalog, market: str, grain: Grain) -> str:
    """The first date key of all datasets of one market and grain.

    Dagster runs assets together only if they have the same partitions, so a dataset's own start bounds the work and
    not the keys. Without datasets it is the market's own beginning.

    Raises:
        UsageError: there is no such market.
    """
    known_markets = {**MARKETS, **{one.name: one for one in catalog.markets}}
    if market not in known_markets:
        raise UsageError(f"unknown market {market!r}; {known(market, known_markets)}")
    starts = [d.start for d in catalog if (d.market, d.grain) == (market, grain)]
    return min(starts, default=known_markets[market].first_key(grain))
