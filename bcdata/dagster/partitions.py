"""The two dimensions of every asset: date (month or day) and symbol (dynamic). One definition per market and grain.

Assets of one run must share one definition, so a dataset's own start bounds its work, not its keys.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import dagster as dg

from bcdata.catalog import Catalog, Dataset, common_start
from bcdata.windows import Grain

_ranges: ContextVar[dict[tuple[str, str], Sequence[str]] | None] = ContextVar("ranges", default=None)


class SymbolDates(dg.MultiPartitionsDefinition):
    """`date` × `symbol`; inside a run the keys of its range are worked out once.

    Dagster works them out again for every partition that metadata is added to, so that a run of 600 partitions
    would spend more time on that than on bars (pinned by a facts test).
    """

    def get_partition_keys_in_range(  # type: ignore[override]  # the stock annotation is a private type's name
        self,
        partition_key_range: dg.PartitionKeyRange,
        dynamic_partitions_store: Any = None,  # Dagster's type of it is not public
    ) -> Sequence[str]:
        """The keys of a range, in order."""
        known = _ranges.get()
        if known is None:
            return super().get_partition_keys_in_range(partition_key_range, dynamic_partitions_store)
        ends = (str(partition_key_range.start), str(partition_key_range.end))
        if ends not in known:
            known[ends] = super().get_partition_keys_in_range(partition_key_range, dynamic_partitions_store)
        return known[ends]


@contextmanager
def fixed_ranges() -> Iterator[None]:
    """While the block runs, ranges keep the keys they had when first asked for."""
    token = _ranges.set({})
    try:
        yield
    finally:
        _ranges.reset(token)


def symbol_set(market: str, grain: Grain) -> str:
    """The name of the dynamic partitions that hold a market's symbols."""
    return f"{market}_symbols_by_{grain.value}"


def with_symbols(instance: dg.DagsterInstance, name: str, symbols: Iterable[str]) -> Sequence[str]:
    """Makes symbols partitions of a set where they are not; all that it has then, in Dagster's order."""
    known = instance.get_dynamic_partitions(name)
    new = sorted(set(symbols) - set(known))
    if not new:
        return known
    instance.add_dynamic_partitions(name, new)
    return instance.get_dynamic_partitions(name)


def partitions_of(catalog: Catalog, dataset: Dataset) -> dg.MultiPartitionsDefinition:
    """The partitions that a dataset's assets have: `date` × `symbol`, keys `date|symbol`."""
    start = common_start(catalog, dataset.market, dataset.grain)
    return _definition(dataset.market, dataset.grain, start)


@cache
def _definition(market: str, grain: Grain, start: str) -> dg.MultiPartitionsDefinition:
    dates: dg.TimeWindowPartitionsDefinition
    if grain is Grain.MONTH:
        dates = dg.MonthlyPartitionsDefinition(start_date=start, fmt="%Y-%m", end_offset=1)
    else:
        dates = dg.DailyPartitionsDefinition(start_date=start, fmt="%Y-%m-%d", end_offset=1)
    symbols = dg.DynamicPartitionsDefinition(name=symbol_set(market, grain))
    return SymbolDates({"date": dates, "symbol": symbols})
