"""Which partitions in the lake are a dataset's own: another spelling of a symbol is nobody's, and is not read."""

from functools import lru_cache
from typing import TYPE_CHECKING

from bcdata.providers.registry import MARKETS
from bcdata.store.layout import Partition
from bcdata.venues.symbols import complaint

if TYPE_CHECKING:
    from bcdata.store.store import Store
    from bcdata.venues.market import Market


def is_own(partition: Partition) -> bool:
    """Whether a partition's symbol is one that its market can have: another spelling is nobody's."""
    return _is_written(partition.dataset, partition.symbol)


@lru_cache(maxsize=1 << 14)
def _is_written(dataset: str, symbol: str) -> bool:
    market = _market_of(dataset)
    return complaint(symbol) is None and (market is None or market.writes(symbol))


@lru_cache
def _market_of(dataset: str) -> "Market | None":
    name = max((name for name in MARKETS if dataset.startswith(f"{name}_")), key=len, default=None)
    return MARKETS[name] if name else None


def symbols_in(store: "Store", zone: str, dataset: str) -> list[str]:
    """The symbols of which a zone has partitions, sorted."""
    return sorted({one.symbol for one in filter(is_own, store.partitions(zone, dataset))})
