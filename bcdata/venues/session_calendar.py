"""Which bars are expected of a market with sessions."""

from dataclasses import dataclass, field
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
    _counted: dict[str, IntArray] = field(default_factory=dict, init=False)
    _whole: dict[str, Bars] = field(default_factory=dict, init=False)

    def ends(self, interval: Interval, opens: IntArray) -> IntArray:
        """When bars end (µs): at the close of their part or session at the latest.

        What opens at no session of the calendar ends after a whole interval.
        """
        if not _is_within(interval):
            over = self._over(interval)
            at = np.clip(np.searchsorted(over.opens, opens), 0, len(over.opens) - 1)
            return np.where(over.opens[at] == opens, over.ends[at], opens + _step(interval))
        table, whole = self.sessions, opens + _step(interval)
        part = np.maximum(np.searchsorted(table.starts, opens, side="right") - 1, 0)
        is_inside = (table.starts[part] <= opens) & (opens < table.ends[part])
        return np.where(is_inside, np.minimum(whole, table.ends[part]), whole)

    def labels(self, instants: IntArray) -> Dates:
        """The label of the session in which each instant lies, or of the last one that opened before it."""
        at = np.searchsorted(self.sessions.opens, instants, side="right") - 1
        return self.sessions.labels[np.maximum(at, 0)]

    def opens_of(self, interval: Interval, labels: Dates) -> tuple[IntArray, "npt.NDArray[np.bool_]"]:
        """The opens of the bars of a day or longer that the dates lie in, and whether there is a bar of each date.

        A date of a day's bar has to be the label of a session; one of a longer bar lies in its week or month.
        """
        over, unit = self._over(interval), _PERIODS[interval.name]
        names, wanted = (_period(one, interval).astype(unit) for one in (over.sessions, labels))
        at = np.clip(np.searchsorted(names, wanted), 0, names.size - 1)
        return over.opens[at], names[at] == wanted

    def nth(self, interval: Interval, numbers: IntArray) -> IntArray:
        """The opens of the bars that have these positions.

        Raises:
            UsageError: the calendar does not reach so far.
        """
        if not _is_within(interval):
            found = self._over(interval).opens
            self._require_number(numbers, found.size)
            return found[numbers]
        before = self._before(interval)
        self._require_number(numbers, int(before[-1]))
        part = np.searchsorted(before, numbers, side="right") - 1
        opens: IntArray = self.sessions.starts[part] + (numbers - before[part]) * _step(interval)
        return opens

    def closed(self, interval: Interval, window: Window, now: datetime) -> Window:
        """The part of the window whose bars have ended by `now`; all of it where they all have, and it is over."""
        bars = self.bars(interval, window)
        done = int((bars.ends <= _micros(now)).sum())
        if done == len(bars.ends):
            return window if now >= window.end or not done else window.until(_instant(bars.ends[-1]))
        return window.until(_instant(bars.ends[done - 1])) if done else Window(window.start, window.start)

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
        step, before = _step(interval), self._before(interval)
        counts = np.diff(before)
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
        known = self.sessions.known
        begun, over = _micros(known.start), _micros(known.end)
        whole = [
            int(count)
            for count, start, end in zip(counts, edges, edges[1:], strict=False)
            if begun < start and end <= over
        ]
        if not whole:
            raise UsageError(f"the calendar {self.sessions.name} has no complete year before {year}")
        return sum(whole) / len(whole)

    @property
    def usual_length(self) -> timedelta:
        """How long a session is mostly traded in, breaks left out: the median of all that are known."""
        traded = np.bincount(self.sessions.of, weights=(self.sessions.ends - self.sessions.starts).astype(np.float64))
        return int(np.median(traded)) * _MICROSECOND

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
        if interval.name not in self._whole:
            _, first = np.unique(_period(table.labels, interval).astype(unit), return_index=True)
            last: npt.NDArray[np.int64] = np.append(first[1:], len(table)) - 1
            self._whole[interval.name] = Bars(table.opens[first], table.closes[last], table.labels[first])
        return self._whole[interval.name]

    def _before(self, interval: Interval) -> IntArray:
        """How many bars there are before each part, and before what comes after the last one."""
        if interval.name not in self._counted:
            table = self.sessions
            counts = -(-(table.ends - table.starts) // _step(interval))
            self._counted[interval.name] = np.concatenate([[0], np.cumsum(counts)])
        return self._counted[interval.name]

    def _require_number(self, numbers: IntArray, count: int) -> None:
        if numbers.size and (numbers.min() < 0 or numbers.max() >= count):
            known = self.sessions.known
            words = f"the calendar {self.sessions.name} is known from {known.start:%Y-%m-%d} to {known.end:%Y-%m-%d}"
            raise UsageError(f"{words} ({self.sessions.source}); bars beyond it are not expected and not denied")


def _period(labels: Dates, interval: Interval) -> Dates:
    """Dates, moved where weeks are asked for so that numpy's weeks begin on Mondays."""
    return labels + (_MONDAY if interval.name == "1w" else np.timedelta64(0, "D"))


def _is_within(interval: Interval) -> bool:
    return interval.length is not None and interval.length < _DAY


def _step(interval: Interval) -> int:
    return (interval.length or _DAY) // _MICROSECOND


def _instant(micros: "np.int64 | int") -> datetime:
    return EPOCH + int(micros) * _MICROSECOND


def _micros(instant: datetime) -> int:
    return (instant - EPOCH) // _MICROSECOND
