"""Rows joined by when they were known: to each instant the newest of a symbol that was known by then."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Self

import polars as pl

from bcdata.catalog import Dataset
from bcdata.frames.schema import TIME
from bcdata.interval import Interval
from bcdata.pipeline.lake import require_none_lost
from bcdata.reading.verified_files import chosen, overlaps, read_groups
from bcdata.sql.views import schema_of
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window

_BEFORE = timedelta(days=1)
"""So far before the first instant rows are read at once; where none was known, those before them are looked for."""
_INSTANT = timedelta(microseconds=1)
_KNOWN, _ORDER = HELPERS = ("_known_at", "_order")
"""Columns that are added to what is joined to, and taken away again."""


@dataclass(frozen=True, slots=True)
class KnownRows:
    """The rows of a zone of a dataset, with `known_at`.

    Attributes:
        store: the lake.
        dataset: what the rows are made of.
        zone: where they are.
        name: the dataset, or the coarser bars that are made of it.
        columns: those that are joined.
        time_as: what the time of a row is called where it is joined.
        interval: the length of the bars; None where rows are none.
        partitions: all that there are, by symbol, ascending by date.
        tell: takes what there is to say of a partition that is left out.
    """

    store: Store
    dataset: Dataset
    zone: str
    name: str
    columns: tuple[str, ...]
    time_as: str
    interval: Interval | None
    partitions: dict[str, list[Partition]]
    tell: Callable[[str], None]

    @classmethod
    def of(
        cls,
        store: Store,
        dataset: Dataset,
        zone: str,
        name: str,
        *,
        columns: Sequence[str],
        time_as: str,
        interval: Interval | None,
        tell: Callable[[str], None],
    ) -> Self:
        """Looks up what there is."""
        there = chosen(store, dataset, zone, name, None)
        return cls(store, dataset, zone, name, tuple(columns), time_as, interval, there, tell)

    def joined(self, asked: pl.DataFrame, symbol: str, instant: pl.Expr) -> pl.DataFrame:
        """The rows of a frame, in their order, each with the newest row of the symbol that was known at its instant.

        Of those that were known the one with the latest time counts.

        Args:
            asked: any frame.
            symbol: whose rows are joined.
            instant: by when they have to be known, UTC.

        Raises:
            StoreError: a file is damaged or lost.
        """
        asked = asked.with_columns(instant.cast(TIME).alias(_KNOWN)).with_row_index(_ORDER).sort(_KNOWN)
        first, last = asked[_KNOWN].min(), asked[_KNOWN].max()
        rows = self._none
        if isinstance(first, datetime) and isinstance(last, datetime):
            rows = _newest(self._rows(symbol, first, last), self.time_as)
        found = asked.join_asof(rows, on=_KNOWN, strategy="backward", check_sortedness=False)
        return found.sort(_ORDER).drop(_ORDER, _KNOWN)

    def _rows(self, symbol: str, first: datetime, last: datetime) -> pl.DataFrame:
        """The rows that are known by `last`, from the newest one that is known by `first` on at least."""
        there, window = self.partitions.get(symbol, []), Window(first - _BEFORE, last + _INSTANT)
        wanted = partial(overlaps, self.dataset, window)
        self._require_none_lost(there, wanted, symbol)
        near = [one for one in there if wanted(one)]
        parts = [*self._read(near)]
        earlier = [one for one in there if self.dataset.grain.window(one.date).end <= window.start]
        before = window.start
        while earlier and not any((part[_KNOWN] <= first).any() for part in parts):
            one = earlier.pop()
            start = self.dataset.grain.window(one.date).start
            self._require_none_lost(there, partial(overlaps, self.dataset, Window(start, before)), symbol)
            parts += self._read([one])
            before = start
        return pl.concat([self._none, *parts])

    def _require_none_lost(self, there: Sequence[Partition], wanted: partial[bool], symbol: str) -> None:
        source = self.dataset.name
        require_none_lost(self.store, there, self.zone, self.name, source=source, wanted=wanted, symbol=symbol)

    def _read(self, partitions: Sequence[Partition]) -> Iterator[pl.DataFrame]:
        """The rows of partitions of one symbol, with the columns that are joined."""
        columns = [*self.columns, "known_at"]
        groups = [partitions]
        for rows in read_groups(
            self.store, self.dataset, self.interval, groups, columns=columns, where=None, tell=self.tell
        ):
            if rows.height:
                time = pl.col(self.dataset.frame_type.time).alias(self.time_as)
                known = pl.col("known_at").alias(_KNOWN)
                yield pl.concat([self._none, rows.select(known, *self.columns, time)])

    @property
    def _none(self) -> pl.DataFrame:
        schema = schema_of(self.dataset, self.zone, self.name)
        return pl.DataFrame(schema={_KNOWN: TIME, **{name: schema[name] for name in self.columns}, self.time_as: TIME})


def _newest(rows: pl.DataFrame, time: str) -> pl.DataFrame:
    """The rows by when they are known, without those that are known later than newer ones."""
    ordered = rows.sort(_KNOWN, time)
    return ordered.filter(pl.col(time) == pl.col(time).cum_max())
