"""The two dimensions of every asset: date (month or day) and symbol (dynamic). One definition per market and grain.

Assets of one run must share one definition, so a dataset's own start bounds its work, not its keys.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import dagster as dg

from bcdata.catalog import Catalog, Dataset, common_start
from bcdata.windows import Grain

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
ONE = "dagster/partition"
"""The tags by which a run says which partitions it is about."""
COMMAND_TAG = "bcdata/command"
"""The tag of runs that a command or Python has started, the same for all runs of one command."""
OWN_TAG = "bcdata/run_of_command"
"""Its value is the run's own ID: a run that is started again on Dagster's pages takes over the tags of another."""

MAX_RETRIES, NO_RETRIES = "dagster/max_retries", "0"
"""The tag by which the daemon does not start a run of a command again: whoever typed it decides."""


def is_of_command(run: dg.DagsterRun) -> bool:
    """Whether a command or Python has started a run: whoever did was told what failed."""
    return run.tags.get(OWN_TAG) == run.run_id


class RangeKeys:
    """The keys of ranges as they were when first asked for, but for those that are left out."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], list[str]] = {}
        self._left_out: set[str] = set()

    def of(self, ends: tuple[str, str], work_out: Callable[[], Sequence[str]]) -> list[str]:
        """The keys between two ends."""
        if ends not in self._known:
            self._known[ends] = [key for key in work_out() if key not in self._left_out]
        return self._known[ends]

    def leave_out(self, keys: Collection[str]) -> None:
        """Takes keys out of all ranges, from now on."""
        self._left_out.update(keys)
        self._known.clear()


_ranges: ContextVar[RangeKeys | None] = ContextVar("ranges", default=None)


class SymbolDates(dg.MultiPartitionsDefinition):
    """`date` × `symbol`; inside `fixed_ranges` the keys of a range are worked out once, and some may be left out.

    Dagster works them out again for every partition that metadata is added to, so that a run of 600 partitions
    would spend more time on that than on bars. And it calls all keys of a run's range materialized: what was not
    published is left out of them (both pinned by facts tests; decision 0039).
    """

    def get_partition_keys_in_range(  # type: ignore[override]  # the stock annotation is a private type's name
        self,
        partition_key_range: dg.PartitionKeyRange,
        dynamic_partitions_store: Any = None,  # Dagster's type of it is not public
    ) -> Sequence[str]:
        """The keys of a range, in order."""
        known, ends = _ranges.get(), (str(partition_key_range.start), str(partition_key_range.end))
        range_ = dg.PartitionKeyRange(*map(self.get_partition_key_from_str, ends))  # one key is handed back as it is
        work_out = super().get_partition_keys_in_range
        if known is None:
            return work_out(range_, dynamic_partitions_store)
        return list(known.of(ends, lambda: work_out(range_, dynamic_partitions_store)))

    def get_tags_for_partition_key(self, partition_key: str) -> Mapping[str, str]:
        """The tag of the whole key, without those of its dimensions.

        A backfill of a job gives each run a range and the tags of the first partition of all; the dimensions among
        them outweigh the range, and the run would make that one partition and call the others done (dagster#28861).
        """
        return {ONE: partition_key}


@contextmanager
def fixed_ranges() -> Iterator[RangeKeys]:
    """While the block runs, ranges keep the keys they had when first asked for."""
    before = _ranges.get()
    known = RangeKeys()
    _ranges.set(known)
    try:
        yield known
    finally:
        _ranges.set(before)  # not by a token: a generator may be closed in another context than it was begun in


def keys_of_run(
    tags: Mapping[str, str], catalog: Catalog, dataset: Dataset, instance: dg.DagsterInstance
) -> Sequence[str] | None:
    """The partition keys that a run over assets names by its tags; None where it names none."""
    first, last = tags.get(RANGE_START, tags.get(ONE)), tags.get(RANGE_END, tags.get(ONE))
    if not first or not last:
        return None
    ends = dg.PartitionKeyRange(first, last)
    return partitions_of(catalog, dataset).get_partition_keys_in_range(ends, dynamic_partitions_store=instance)


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
