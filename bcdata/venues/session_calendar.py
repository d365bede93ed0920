"""Which bars are expected of a market with sessions."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from bcdata.errors import UsageError
from bcdata.frames.schema import TIME
from bcdata.interval import EPOCH, Interval
from bcdata.venues.sessions import Dates, IntArray, Sessions
from bcdata.windows import Window

_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_PERIODS = {"1d": "datetime64[D]", "1w": "datetime64[W]", "1mo": "datetime64[M]"}
"""What bars of a session or longer cover, by their interval."""
_MONDAY = np.timedelta64(3, "D")
"""numpy's weeks begin on Thursdays."""


@dataclass(frozen=True, eq=False)
class Bars:
    """Bars that are expected, ascending: (k,) opens and ends in µs since the epoch, UTC, and labels of their sessions.

    A bar covers [open, end). It may be shorter than its interval: the last one of a part of a session is.
    """

    opens: IntArray
    ends: IntArray
    sessions: Dates


@dataclass(frozen=True, eq=False)
class SessionCalendar:
    """Trades in sessions: bars of less than a day count from the open of each part, others are of whole sessions."""

    sessions: Sessions

    def bars(self, interval: Interval, window: Window) -> Bars:
        """The bars that open in the window.

        Raises:
            UsageError: the calendar does not reach so far, or there are no such bars.
        """
        self.sessions.require_known(window)
        found = self._within(interval, window) if _is_within(interval) else self._over(interval)
        first, last = np.searchsorted(found.opens, [_micros(window.start), _micros(window.end)])
        return Bars(found.opens[first:last], found.ends[first:last], found.sessions[first:last])

    def opens(self, interval: Interval, window: Window) -> pl.Series:
        """The opens (UTC, ascending) of all bars expected in the window.

        Raises:
            UsageError: the calendar does not reach so far, or there are no such bars.
        """
        return pl.Series("open_time", self.bars(interval, window).opens).cast(TIME)

    def positions(self, interval: Interval, instants: IntArray) -> IntArray:
        """How many bars open before each instant, counted from the calendar's first.

        Raises:
            UsageError: there are no such bars.
        """
        table = self.sessions
        if not _is_within(interval):
            found: IntArray = np.searchsorted(self._over(interval).opens, instants).astype(np.int64)
            return found
        step = _step(interval)
        counts = -(-(table.ends - table.starts) // step)
        before = np.concatenate([[0], np.cumsum(counts)])
        part = np.searchsorted(table.starts, instants, side="right") - 1
        inside = np.clip(-(-(instants - table.starts[np.maximum(part, 0)]) // step), 0, counts[np.maximum(part, 0)])
        placed: IntArray = np.where(part < 0, 0, before[np.maximum(part, 0)] + inside)
        return placed

    def bars_per_year(self, interval: Interval, year: int) -> float:
        """Bars of a calendar year: the mean of the five complete ones before `year`.

        Raises:
            UsageError: no complete year before it is known, or there are no such bars.
        """
        if interval.name == "1d":
            return self.sessions.a_year(year)
        edges = [_micros(datetime(one, 1, 1, tzinfo=EPOCH.tzinfo)) for one in range(year - 5, year + 1)]
        counts = np.diff(self.positions(interval, np.array(edges)))
        known = _micros(self.sessions.known.start)
        whole = [int(count) for count, start in zip(counts, edges, strict=False) if start > known]
        if not whole:
            raise UsageError(f"the calendar {self.sessions.name} has no complete year before {year}")
        return sum(whole) / len(whole)

    def _within(self, interval: Interval, window: Window) -> Bars:
        """Bars of less than a session, of all parts that the window touches."""
        table, step = self.sessions, _step(interval)
        first = int(np.searchsorted(table.ends, _micros(window.start), side="right"))
        last = int(np.searchsorted(table.starts, _micros(window.end)))
        starts, ends, of = table.starts[first:last], table.ends[first:last], table.of[first:last]
        counts = -(-(ends - starts) // step)
        part = np.repeat(np.arange(starts.size), counts)
        number = np.arange(part.size) - np.repeat(np.cumsum(counts) - counts, counts)
        opens = starts[part] + number * step
        return Bars(opens, np.minimum(opens + step, ends[part]), table.labels[of[part]])

    def _over(self, interval: Interval) -> Bars:
        """Bars of whole sessions, all that are known."""
        table = self.sessions
        unit = _PERIODS.get(interval.name)
        if unit is None:
            raise UsageError(f"{table.name} has bars of less than a day, and of 1d, 1w and 1mo; not of {interval.name}")
        labels = table.labels + (_MONDAY if interval.name == "1w" else np.timedelta64(0, "D"))
        _, first = np.unique(labels.astype(unit), return_index=True)
        last: npt.NDArray[np.int64] = np.append(first[1:], len(table)) - 1
        return Bars(table.opens[first], table.closes[last], table.labels[first])


def _is_within(interval: Interval) -> bool:
    return interval.length is not None and interval.length < _DAY


def _step(interval: Interval) -> int:
    return (interval.length or _DAY) // _MICROSECOND


def _micros(instant: datetime) -> int:
    return (instant - EPOCH) // _MICROSECOND
