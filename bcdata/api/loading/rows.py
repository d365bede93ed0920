"""What `load` and `scan` are asked for, checked; and the rows that it is, read and verified."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial

import polars as pl

from bcdata import clock
from bcdata.api.instants import Asked
from bcdata.api.loading.adjusted import AdjustedView
from bcdata.api.loading.coarser import coarser_rows
from bcdata.api.loading.flat_splits import in_own_shares
from bcdata.api.loading.joined import joined_columns, joined_to_bars
from bcdata.api.loading.known_rows import KnownRows
from bcdata.api.loading.lacking import Missing, require_standing, tell_of_lacking, teller, told_of
from bcdata.api.loading.major import Major
from bcdata.api.loading.sources import Rows
from bcdata.api.loading.spans import fillable, filled
from bcdata.bars.fill import FILLED, Fill
from bcdata.bars.resample import Resampling
from bcdata.bars.segments import split as split_bars
from bcdata.errors import UsageError
from bcdata.pipeline.features.splits import Splits
from bcdata.pipeline.lake import require_none_lost
from bcdata.pipeline.resampled import FinerBars, in_shares_of_their_end, joins_sessions
from bcdata.reading.verified_files import as_known, chosen, over, overlaps, read_groups
from bcdata.sql.views import schema_of
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.venues.calendar import session_of
from bcdata.venues.session_interval import SessionInterval
from bcdata.windows import Window

KEYS = ("symbol", "open_time", "time")
_LISTED = 20
"""Columns that an error lists."""


@dataclass(frozen=True, slots=True)
class Request:
    """Rows that are asked for.

    Attributes:
        store: the lake.
        of: which rows.
        symbols: whose; None for all that are there.
        asked: the first instant, and the one before which rows were asked for.
        window: the same, with all time where an end is open.
        missing: what becomes of what was never published.
        policy: what becomes of missing bars.
        split: where series break, in days and as a share of the price; None where they are not split.
        joins: what is joined.
        view: how bars are adjusted for splits and dividends; None where they stay as they were traded.
        splits: those of the market's actions, which flat bars have to know of.
        major: how prices come to be in whole units of their currency; None where they stay as they were sent.
    """

    store: Store
    of: Rows
    symbols: Sequence[str] | None
    asked: Asked
    window: Window
    missing: Missing = Missing.WARN
    policy: Fill = Fill.NONE
    split: tuple[float, float] | None = None
    joins: Sequence[KnownRows] = ()
    view: AdjustedView | None = None
    splits: Splits | None = None
    major: Major | None = None

    def found(self) -> dict[str, list[Partition]]:
        """The partitions by symbol. What is lost is an error; what is lacking is told as was asked.

        Raises:
            UsageError: there is nothing of a symbol.
            MissingDataError: something was never published, and that was to be an error.
            StoreError: a file of the range is lost.
        """
        source, zone, name = self.of.source, self.of.zone, self.of.name
        there = chosen(self.store, source, zone, name, self.symbols)
        is_wanted = partial(overlaps, source, self.window)
        for symbol, partitions in there.items():
            require_none_lost(self.store, partitions, zone, name, source=source.name, wanted=is_wanted, symbol=symbol)
        if self.symbols is None or there:  # of no symbols nothing is missing
            now, of = clock.now(), told_of(zone, name)
            tell_of_lacking(source, of, there, self.asked, now=now, missing=self.missing, hint=self.of.hint)
            for one in self.joins if (spans := self._spans(there)) else ():
                joined = {symbol: one.partitions.get(symbol, []) for symbol in spans}
                tell_of_lacking(one.dataset, one.name, joined, spans, now=now, missing=self.missing)
        require_standing(self.store, there, is_wanted, self.missing)
        return there

    def _spans(self, there: Mapping[str, Sequence[Partition]]) -> dict[str, Asked]:
        """Of each symbol the range in which its bars are asked for: to the ends of what is there where it is open."""
        (start, end), grain = self.asked, self.of.source.grain
        return {
            symbol: (
                start or grain.window(partitions[0].date).start,
                end or grain.window(partitions[-1].date).end,
            )
            for symbol, partitions in there.items()
            if partitions or (start and end)
        }

    def frames(self, found: Mapping[str, Sequence[Partition]], columns: Sequence[str] | None) -> Iterator[pl.DataFrame]:
        """The rows of each symbol, with these columns at least; those without rows are left out.

        Args:
            found: their partitions.
            columns: None for all.
        """
        rows = self._coarser(found) if self.of.grid else self._stored(found, columns)
        nothing = self._nothing()
        for (symbol, partitions), read in zip(found.items(), rows, strict=True):
            frame = self._finished(read if read.height else nothing, symbol, partitions)
            if frame.height:
                yield frame

    def empty(self, columns: Sequence[str] | None) -> pl.DataFrame:
        """No rows, with the columns that rows would have."""
        return named(self._finished(self._nothing(), "", []), columns)

    def _nothing(self) -> pl.DataFrame:
        schema = self.of.grid_schema or schema_of(self.of.source, self.of.zone, self.of.name)
        return as_known(pl.DataFrame(schema=schema), self.of.interval)

    def _stored(
        self, found: Mapping[str, Sequence[Partition]], columns: Sequence[str] | None
    ) -> Iterator[pl.DataFrame]:
        of, window = self.of, self.window
        is_inside = pl.col(of.source.frame_type.time).is_between(window.start, window.end, closed="left")
        groups: Iterable[Iterable[Partition]] = [over(of.source, there, window) for there in found.values()]
        yield from read_groups(
            self.store,
            of.source,
            of.interval,
            groups,
            columns=self._own(columns),
            where=is_inside if any(self.asked) else None,
            tell=teller(self.missing),
        )

    def _coarser(self, found: Mapping[str, Sequence[Partition]]) -> Iterator[pl.DataFrame]:
        if self.of.grid is None:
            raise AssertionError
        tell = teller(self.missing)
        for symbol, there in found.items():
            yield coarser_rows(
                self.store, self.of.source, symbol, there,
                grid=self.of.grid, window=self.window, tell=tell, change=self._change(symbol, self.of.grid),
            )  # fmt: skip

    def _change(self, symbol: str, grid: Resampling) -> FinerBars | None:
        """What is done to the bars that coarser ones are made of: those within one are to be of the same shares."""
        if not joins_sessions(grid):
            return None
        if (view := self.view) is not None:
            return lambda bars, _: view.of(bars, symbol)
        return in_shares_of_their_end(self.splits, symbol, grid) if self.splits else None

    def _own(self, columns: Sequence[str] | None) -> list[str] | None:
        """The columns to read of files; None for all. By `known_at` others are joined to them."""
        if columns is None or self.policy is not Fill.NONE or self.split or self.view or self.major:
            return None
        own = [name for name in columns if name != "symbol"]
        if not self.joins:
            return own
        joined = joined_columns(one.dataset for one in self.joins)
        return [*(name for name in own if name not in joined), "known_at"]

    def _finished(self, rows: pl.DataFrame, symbol: str, partitions: Sequence[Partition]) -> pl.DataFrame:
        found = rows.clone()
        if self.of.interval is not None:
            found = self._bars(found, symbol, partitions)
        return found.insert_column(0, pl.Series("symbol", [symbol], pl.String).new_from_index(0, found.height))

    def _bars(self, found: pl.DataFrame, symbol: str, partitions: Sequence[Partition]) -> pl.DataFrame:
        interval = self.of.interval
        if interval is None:
            return found
        if self.view and not (self.of.grid and joins_sessions(self.of.grid)):
            found = self.view.of(found, symbol)
        if self.major:
            found = self.major.of(found, symbol)
        if self.split:  # it looks at real bars, so before any are filled
            found = split_bars(found, interval, min_days=self.split[0], min_price_change=self.split[1])
        start, end = self.asked
        if self.policy is not Fill.NONE and (found.height or (start and end)):
            reach = Window(start or found["open_time"][0], end or interval.next(found["open_time"][-1]))
            parts = fillable(self.store, self.of.source, partitions, reach, clock.now())
            found = filled(found, self.policy, self.of.source, interval, parts)
            if isinstance(interval, SessionInterval):
                found = found.with_columns(session_of(interval).alias("session"))
                if self.policy is Fill.FLAT and self.view is None and self.splits:
                    found = in_own_shares(found, interval, self.splits.within(symbol, reach))
        elif self.policy is Fill.FLAT:
            found = found.with_columns(pl.lit(None, pl.Boolean).alias(FILLED))
        for one in self.joins:
            found = joined_to_bars(found, one, symbol, interval)
        return found


def named(rows: pl.DataFrame, columns: Sequence[str] | None) -> pl.DataFrame:
    """The rows with these columns, in this order, beside their keys; with all if None.

    Raises:
        UsageError: there is no such column.
    """
    if columns is None:
        return rows
    require_columns(columns, rows.columns)
    keys = [name for name in KEYS if name in rows.columns]
    names = [*keys, *(name for name in columns if name not in keys)]
    return pl.DataFrame([rows.get_column(name) for name in dict.fromkeys(names)])  # select would copy


def in_order(columns: Sequence[str], there: Sequence[str]) -> list[str]:
    """All columns that are there: keys, then those that were named in their order, then what is beside them."""
    return list(dict.fromkeys([*(name for name in KEYS if name in there), *columns, *there]))


def require_columns(columns: Iterable[str], there: Sequence[str]) -> None:
    """Passes names of columns that there are.

    Raises:
        UsageError: there is no such column; the text has the nearest.
    """
    absent = [name for name in columns if name not in there]
    if absent:
        near = dict.fromkeys(match for name in absent for match in get_close_matches(name, there, n=2))
        hint = f"; near are {', '.join(near)}" if near else ""
        listed = ", ".join(there[:_LISTED]) + (f" and {len(there) - _LISTED} more" if len(there) > _LISTED else "")
        raise UsageError(f"there is no column {', '.join(absent)}{hint}; there are {listed}")
