"""Where coarser bars have more trades than the fine ones in them: what is missing there was traded. Pure.

Equal trades say nothing: a bar without trades may be missing too.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bcdata.interval import EPOCH, Interval
from bcdata.ledger.ledger import Reason, Status, windows_of_runs
from bcdata.windows import Window

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, order=True)
class CoarseBar:
    """A closed bar of a coarser interval.

    Attributes:
        start: its open, UTC.
        interval: the name of its interval.
        trades: how many trades were made in it.
    """

    start: datetime
    interval: str
    trades: int

    @property
    def end(self) -> datetime:
        """Where it ends, UTC."""
        return Interval.parse(self.interval).next(self.start)


def coarse_bars(controls: Mapping[str, pl.DataFrame], missing: pl.Series) -> list[CoarseBar]:
    """Of frames of coarser bars (`open_time`, `trades`) by interval name, all bars of days that lack a bar."""
    days = missing.dt.date().unique()
    return [
        CoarseBar(at, name, trades)
        for name, frame in sorted(controls.items())
        for at, trades in frame.filter(pl.col("open_time").dt.date().is_in(days.implode()))
        .select("open_time", "trades")
        .drop_nulls()
        .iter_rows()
    ]


def uncovered(missing: pl.Series, coarse: Iterable[CoarseBar]) -> pl.Series:
    """The missing opens (UTC) that lie in none of the coarse bars."""
    left = missing
    for name, bars in _by_interval(coarse):
        opens = pl.Series("open_time", [one.start for one in bars], dtype=missing.dtype)
        left = left.filter(~left.dt.truncate(name).is_in(opens.implode()))
    return left


def residuals(coarse: Iterable[CoarseBar], bars: pl.DataFrame, missing: pl.Series, fine: Interval) -> list[Reason]:
    """Where more was traded than the bars that are there hold: what is missing is open, whatever else is claimed.

    The finest coarse bar that covers a missing bar decides about it. A coarser one is compared with the finer coarse
    bars in it, and with the bars themselves where there are none.

    Args:
        coarse: closed bars of coarser intervals, each within one source's time.
        bars: those that are there (`open_time` ascending, UTC; `trades`).
        missing: opens of those that are missing, ascending, UTC.
        fine: the interval of both.
    """
    if missing.is_empty() or bars["trades"].null_count():
        return []
    found: list[_Surplus] = []
    opens, trades = (bars[name].to_physical().to_numpy() for name in ("open_time", "trades"))
    left = missing.to_physical().to_numpy()
    for name, some in _by_interval(coarse):
        edges = np.array([(_micros(one.start), _micros(one.end)) for one in some]).T
        told = np.array([one.trades for one in some])
        inside, lacking = np.searchsorted(opens, edges), np.searchsorted(left, edges)
        sums = np.concatenate(([0], np.cumsum(trades)))
        surplus = told - (sums[inside[1]] - sums[inside[0]])
        for at in np.flatnonzero((surplus > 0) & (lacking[0] < lacking[1])):
            here = [EPOCH + int(micros) * _MICROSECOND for micros in left[slice(*lacking[:, at])]]
            windows = windows_of_runs(here, fine)
            found += [_Surplus(window, name, some[at].start, int(surplus[at])) for window in windows]
        others, left = _outside(inside, len(opens)), left[_outside(lacking, len(left))]
        opens, trades = np.concatenate((opens[others], edges[0])), np.concatenate((trades[others], told))
        order = np.argsort(opens)
        opens, trades = opens[order], trades[order]
    return [one.reason() for one in _joined(sorted(found, key=lambda one: one.window.start))]


@dataclass(frozen=True, slots=True)
class _Surplus:
    """Missing bars in a coarse bar, or in several that follow each other, and the trades that nobody else has."""

    window: Window
    interval: str
    first: datetime
    trades: int
    last: datetime | None = None

    def reason(self) -> Reason:
        more = f"{self.trades:,} trades more than the bars in"
        if self.last is None:
            words = f"the {self.interval} bar of {self.first:%Y-%m-%d %H:%M} has {more} it"
        else:
            days = f"{self.first:%Y-%m-%d %H:%M} to {self.last:%Y-%m-%d %H:%M}"
            words = f"the {self.interval} bars of {days} have {more} them"
        return Reason(self.window, Status.OPEN, words)


def _joined(found: Iterable[_Surplus]) -> list[_Surplus]:
    """Holes that go on from one coarse bar into the next as one: a missing month is one row of a ledger, not 744."""
    joined: list[_Surplus] = []
    for one in found:
        before = joined[-1] if joined else None
        if before is not None and (before.window.end, before.interval) == (one.window.start, one.interval):
            window, trades = Window(before.window.start, one.window.end), before.trades + one.trades
            joined[-1] = _Surplus(window, one.interval, before.first, trades, last=one.first)
        else:
            joined.append(one)
    return joined


def _by_interval(coarse: Iterable[CoarseBar]) -> Iterator[tuple[str, list[CoarseBar]]]:
    """The bars of each interval by time, the shortest interval first; one bar for each open."""
    unique = {(one.interval, one.start): one for one in coarse}
    ordered = sorted(unique.values(), key=lambda one: (one.end - one.start, one.interval, one.start))
    for name, some in groupby(ordered, key=lambda one: one.interval):
        yield name, list(some)


def _outside(ranges: NDArray[np.int64], count: int) -> NDArray[np.bool_]:
    """Which of so many places lie in none of the ranges, given by their first places and those after their last."""
    found = np.ones(count, dtype=np.bool_)
    for first, after in ranges.T:
        found[first:after] = False
    return found


def _micros(instant: datetime) -> int:
    return (instant - EPOCH) // _MICROSECOND
