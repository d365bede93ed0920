"""What is exported together, what it is made of, and its rows in the order of the time that a layout labels by."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

import polars as pl

from bcdata.api.instants import Asked
from bcdata.api.load import load
from bcdata.api.loading.lacking import Missing
from bcdata.api.loading.request import request_of
from bcdata.api.loading.rows import Request
from bcdata.errors import StoreError
from bcdata.exports.layouts.layout import VALUES, Label, Layout
from bcdata.exports.room import read_of
from bcdata.interval import Interval
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.lake import merged_over, trusted
from bcdata.reading.verified_files import over
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.venues.calendar import bar_end
from bcdata.windows import Grain, Window

VERSION = 2
"""Of all layouts: with another one files are written again."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What is read and written at once: a symbol, a month of one, or all of them.

    Attributes:
        symbols: whose rows.
        start: of the range that is read, as `load` takes it.
        end: of that range.
        asked: the range that was asked for, as far as it cuts the unit: the same in every run of the same request.
        month: the date key of the month; None where the unit is none.
        read: about how many bytes the lake's files have of its rows, features aside.
    """

    symbols: tuple[str, ...]
    start: datetime | None
    end: datetime | None
    asked: Asked
    month: str | None = None
    read: int = 0


@dataclass(frozen=True, slots=True)
class Selection:
    """Where rows come from: what `load` is asked for.

    Attributes:
        dataset: as `load` takes it.
        features: names of columns beside bars.
        options: zone, interval, fill, adjusted, adjusted_as_of, root and catalog, as `load` takes them.
        layout: who they are for.
    """

    dataset: str
    features: tuple[str, ...]
    options: Mapping[str, object]
    layout: Layout

    @property
    def view(self) -> dict[str, str]:
        """How prices are adjusted, where they are."""
        return {name: str(self.options[name]) for name in ("adjusted", "adjusted_as_of") if name in self.options}

    def request(self, unit: Unit, missing: Missing = Missing.IGNORE, zone: str | None = None) -> Request:
        """The request of bars, or of the features beside them."""
        options = dict(self.options)
        if zone is not None:
            options |= {"zone": zone, "fill": "none", "adjusted": "none", "adjusted_as_of": None}
        return request_of(self.dataset, unit.symbols, unit.start, unit.end, missing=missing, **options)  # type: ignore[arg-type]

    def inputs(self, unit: Unit) -> str:
        """A digest of the fingerprints of all that the rows of a unit are made of.

        Empty where something is damaged or held back, of which whoever reads it is told.
        """
        requests = [self.request(unit), *([self.request(unit, zone="features")] if self.features else [])]
        read = {one.of.zone: dict(_fingerprints(one)) for one in requests}
        if any(one is None for of in read.values() for one in of.values()):
            return ""
        told = self._actions(self.request(unit)) if self.view else {}
        return fingerprint(version=VERSION, read=read, **told)

    def _actions(self, request: Request) -> dict[str, object]:
        """What bars are adjusted for; some of it may take effect on a later day only."""
        view = request.view
        if view is None:
            return {}
        told = Window(view.actions.grain.window(view.actions.start).start, view.as_of)
        read = [
            (symbol, one.date, made)
            for symbol in request.found()
            for one, made in merged_over(request.store, view.actions, symbol, told)
        ]
        return {"actions": read, "in_force": view.as_of.date()}

    def tell_of_lacking(self, unit: Unit) -> None:
        """Warns of what was never published of a unit, as `load` does."""
        self.request(unit, Missing.WARN).found()

    def rows(self, unit: Unit) -> tuple[pl.DataFrame, int]:
        """The rows of a unit as its layout takes them, and how many bars are left out."""
        columns = [*VALUES, "known_at"] if self.layout.is_engine else None
        found = load(
            self.dataset, unit.symbols, unit.start, unit.end,
            columns=columns, features=self.features or None, **self.options,  # type: ignore[call-overload]
        )  # fmt: skip
        interval = self.request(unit).of.interval
        if not self.layout.is_engine or interval is None:
            return found, 0
        return in_order(found, interval, self.layout.label)


def units_of(selection: Selection, symbols: Sequence[str], start: datetime | None, end: datetime | None) -> list[Unit]:
    """What is read and written at once: all symbols, one, or a month of one where files are those of days.

    Raises:
        UsageError: there is nothing of a symbol, or the range is empty.
    """
    layout, whole = selection.layout, Unit(tuple(symbols), start, end, (start, end))
    request = selection.request(whole)
    found = request.found()
    if layout.is_wide:
        return [replace(whole, read=sum(read_of(request, there) for there in found.values()))]
    interval = request.of.interval
    if interval is None or interval.name not in layout.by_day:
        return [replace(whole, symbols=(one,), read=read_of(request, there)) for one, there in found.items()]
    return [one for symbol, there in found.items() for one in _months(request, symbol, there)]


def _months(request: Request, symbol: str, partitions: Iterable[Partition]) -> Iterator[Unit]:
    """The months of the range of which there are partitions, ascending, as far as these reach."""
    (start, end), source = request.asked, request.of.source
    every = list(over(source, partitions, request.window))
    for key, group in groupby(every, key=lambda one: one.date[: len("YYYY-MM")]):
        month, there = Grain.MONTH.window(key), list(group)
        first = max(month.start, start or source.grain.window(every[0].date).start)
        last = min(month.end, end or source.grain.window(every[-1].date).end)
        asked = (start if start and start > month.start else None, end if end and end < month.end else None)
        yield Unit((symbol,), first, last, asked, key, read_of(request, there))


def in_order(rows: pl.DataFrame, interval: Interval, label: Label) -> tuple[pl.DataFrame, int]:
    """Bars in the order in which an engine may act on them, with their `end`; and how many are left out.

    Left out is what would be acted on too early, or too late to be of use: where an engine acts at the end of a bar,
    one that is known later; where it acts when the bar is known, one that is known no sooner than a bar after it.

    Args:
        rows: with `symbol`, `open_time` and `known_at`, ascending by symbol and open.
        interval: the length of the bars.
        label: what the engine takes for the time of a bar.
    """
    with_end = rows.with_columns(bar_end(interval).alias("end"))
    if label is Label.OPEN:
        is_in_order = pl.col("known_at") <= pl.col("end")
    else:
        next_known = pl.col("known_at").cum_min(reverse=True).shift(-1).over("symbol")
        is_in_order = next_known.is_null() | (pl.col("known_at") < next_known)
    kept = with_end.filter(is_in_order)
    return kept, rows.height - kept.height


def _fingerprints(request: Request) -> Iterator[tuple[str, str | None]]:
    """The fingerprint of each partition that rows are read of; coarser bars reach over the end of the range."""
    store, of, window = request.store, request.of, request.window
    if of.grid is not None and of.interval is not None:
        start, end = request.asked  # all time has no bars of sessions at its ends
        window = Window(
            of.interval.floor(start) if start else window.start,
            of.interval.next(of.interval.floor(end)) if end else window.end,
        )
    for partitions in request.found().values():
        for one in over(of.source, partitions, window):
            yield one.key(), _fingerprint(store, one)


def _fingerprint(store: Store, one: Partition) -> str | None:
    """None of what is damaged or held back."""
    with suppress(StoreError):
        return trusted(store, one) if one.zone == "merged" else store.fingerprint(one)
    return None
