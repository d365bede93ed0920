"""Rows of another type that `load` joins to bars where it is asked to: the newest of the contract that was known."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import polars as pl

from bcdata.api import arguments
from bcdata.bars.known import bar_end
from bcdata.catalog import Catalog, Dataset, rows_of
from bcdata.errors import UsageError
from bcdata.frames.schema import TIME, merged_schema
from bcdata.interval import Interval
from bcdata.pipeline.lake import require_none_lost
from bcdata.reading.verified_files import chosen, overlaps, read_groups
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window

_BEFORE = timedelta(days=1)
"""So far before the first bar rows are read at once; where there are none, those before them are looked for."""
_INSTANT = timedelta(microseconds=1)
_KNOWN, _ORDER = "_known_at", "_order"


def datasets_to_join(catalog: Catalog, source: Dataset, zone: str, join: object) -> list[Dataset]:
    """The datasets whose rows are to be joined to bars of another.

    Args:
        catalog: all datasets.
        source: that of the bars.
        zone: of the bars.
        join: the name of a dataset, names of several, or None.

    Raises:
        UsageError: there is no such dataset, its rows cannot be joined, or nothing can be joined to such bars.
    """
    if join is None:
        return []
    takes = "the name of a dataset, or several in a list, or None"
    names = arguments.texts("join", [join] if isinstance(join, str) else join, takes)
    if names and (zone != "merged" or source.interval is None):
        raise UsageError("only to merged bars rows of other datasets can be joined; leave `join` out")
    if names and source.frame_type.names_pairs:
        raise UsageError(f"{source.kind} are of pairs, and what could be joined is of contracts; leave `join` out")
    able = {one.name: one for one in catalog if one.frame_type.joinable and one.market == source.market}
    for name in names:
        if name not in able:
            there = ", ".join(able) or f"no dataset of {source.market} in {catalog.path}"
            raise UsageError(f"{name!r} cannot be joined to {source.name}; what can be is {there}")
    return [able[name] for name in names]


def joined_columns(datasets: Iterable[Dataset]) -> list[str]:
    """The columns that bars have of datasets that are joined to them: values, and the time that they are of."""
    return [name for one in datasets for name in (*one.frame_type.joinable, one.frame_type.joined_time)]


@dataclass(frozen=True, slots=True)
class JoinedDataset:
    """The rows of a dataset that are joined to bars.

    Attributes:
        store: the lake.
        dataset: whose rows they are.
        partitions: all that there are, by symbol, ascending by date.
    """

    store: Store
    dataset: Dataset
    partitions: dict[str, list[Partition]]

    @classmethod
    def of(cls, store: Store, dataset: Dataset) -> "JoinedDataset":
        """Looks up what there is."""
        return cls(store, dataset, chosen(store, dataset, "merged", dataset.name, None))

    def joined(self, bars: pl.DataFrame, symbol: str, interval: Interval) -> pl.DataFrame:
        """The bars of a symbol, in their order, each with the newest row that was known when it was.

        Args:
            bars: with `open_time`, and `known_at` where that is not their end.
            symbol: whose they are.
            interval: their length.

        Raises:
            StoreError: a file is damaged or lost.
        """
        known = pl.coalesce("known_at", bar_end(interval)) if "known_at" in bars.columns else bar_end(interval)
        asked = bars.with_columns(known.cast(TIME).alias(_KNOWN)).with_row_index(_ORDER).sort(_KNOWN)
        first, last = asked[_KNOWN].min(), asked[_KNOWN].max()
        rows = self._none
        if isinstance(first, datetime) and isinstance(last, datetime):
            rows = self._rows(symbol, first, last)
        found = asked.join_asof(rows, on=_KNOWN, strategy="backward", check_sortedness=False)
        return found.sort(_ORDER).drop(_ORDER, _KNOWN)

    def _rows(self, symbol: str, first: datetime, last: datetime) -> pl.DataFrame:
        """The rows that are known by `last`, from the newest one that is known by `first` on at least."""
        there, window = self.partitions.get(symbol, []), Window(first - _BEFORE, last + _INSTANT)
        wanted = partial(overlaps, self.dataset, window)
        name = self.dataset.name
        require_none_lost(self.store, there, "merged", name, source=name, wanted=wanted, symbol=symbol)
        near = [one for one in there if wanted(one)]
        parts = [*self._read(near)]
        earlier = [one for one in there if self.dataset.grain.window(one.date).end <= window.start]
        before = window.start
        while earlier and not any((part[_KNOWN] <= first).any() for part in parts):
            one = earlier.pop()
            between = partial(overlaps, self.dataset, Window(self.dataset.grain.window(one.date).start, before))
            require_none_lost(self.store, there, "merged", name, source=name, wanted=between, symbol=symbol)
            parts += self._read([one])
            before = self.dataset.grain.window(one.date).start
        return pl.concat([self._none, *parts]).sort(_KNOWN)

    def _read(self, partitions: Sequence[Partition]) -> Iterator[pl.DataFrame]:
        """The rows of partitions of one symbol, with the columns that bars get of them."""
        of = self.dataset.frame_type
        for rows in read_groups(self.store, self.dataset, None, [partitions], columns=None, where=None):
            if rows.height:
                yield rows.select(pl.col("known_at").alias(_KNOWN), *of.joinable, pl.col(of.time).alias(of.joined_time))

    @property
    def _none(self) -> pl.DataFrame:
        of, schema = self.dataset.frame_type, merged_schema(rows_of(self.dataset.name), funding=False)
        return pl.DataFrame(schema={_KNOWN: TIME, **{name: schema[name] for name in of.joinable}, of.joined_time: TIME})
