"""Which bars are expected: the calendar of a dataset laid over a window of time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from bcdata.clock import now
from bcdata.errors import UsageError
from bcdata.frames.schema import TIME, Type
from bcdata.interval import EPOCH, Interval
from bcdata.settings import Settings
from bcdata.venues.exchange_sessions import exchange_sessions, week_in_new_york
from bcdata.venues.hours import CURRENCY_WEEK, Hours
from bcdata.venues.pauses import Pause
from bcdata.venues.session_calendar import SessionCalendar
from bcdata.venues.session_interval import SessionInterval, interval_of
from bcdata.windows import Window

IntArray = npt.NDArray[np.int64]
_MICROSECOND = timedelta(microseconds=1)


class Calendar(Protocol):
    """When a market trades."""

    def opens(self, interval: Interval, window: Window) -> pl.Series:
        """The opens (UTC, ascending) of all bars expected in the window."""

    def positions(self, interval: Interval, instants: IntArray) -> IntArray:
        """How many bars open before each instant (µs since the epoch), counted from one that is the same for all."""

    def nth(self, interval: Interval, numbers: IntArray) -> IntArray:
        """The opens (µs since the epoch) of the bars that have these positions."""


class AlwaysOpen:
    """Trades around the clock, every day of the year."""

    def opens(self, interval: Interval, window: Window) -> pl.Series:
        """Every open of the interval's grid in the window."""
        start = interval.ceil(window.start)
        if start >= window.end:
            return pl.Series("open_time", [], dtype=TIME)
        step: timedelta | str = interval.length or "1mo"
        return pl.datetime_range(start, window.end, step, closed="left", time_unit="us", eager=True).alias("open_time")

    def positions(self, interval: Interval, instants: IntArray) -> IntArray:
        """How many opens of the interval's grid lie before each instant, counted from its anchor."""
        if interval.length is None:
            months = instants.astype("datetime64[us]").astype("datetime64[M]")
            is_later: npt.NDArray[np.bool_] = months.astype("datetime64[us]").astype(np.int64) < instants
            return months.astype(np.int64) + is_later
        ahead: IntArray = instants - (interval.anchor - EPOCH) // _MICROSECOND
        found: IntArray = -(-ahead // (interval.length // _MICROSECOND))
        return found

    def nth(self, interval: Interval, numbers: IntArray) -> IntArray:
        """The opens of the interval's grid that have these positions."""
        if interval.length is None:
            return numbers.astype("datetime64[M]").astype("datetime64[us]").astype(np.int64)
        return (interval.anchor - EPOCH) // _MICROSECOND + numbers * (interval.length // _MICROSECOND)


def sessions_of(hours: Hours) -> SessionCalendar:
    """The sessions of a market, computed once and then kept in the folder of the state.

    Raises:
        UsageError: there is no such calendar, it cannot be built, or what is said beside it contradicts it.
    """
    # A process that runs for a year looks again each month: what is ahead grows.
    return _sessions_of(hours, now().replace(day=1, hour=0, minute=0, second=0, microsecond=0), Settings().state)


@lru_cache(maxsize=64)
def _sessions_of(hours: Hours, month: datetime, state: Path) -> SessionCalendar:
    if hours.calendar == CURRENCY_WEEK:
        table = week_in_new_york(month)
    else:
        table = exchange_sessions(hours.calendar, month, state / "calendars")
    if hours.closed or hours.sessions:
        table = table.changed(hours.closed, {label: (first, last) for label, first, last in hours.sessions})
    paused = table.paused(map(Pause.parse, hours.pauses))
    if not paused.starts.size:
        raise UsageError(f"the pauses {', '.join(hours.pauses)} leave no time of the sessions of {hours.calendar}")
    return SessionCalendar(paused)


def calendar(hours: Hours) -> Calendar:
    """The calendar of a market; its sessions are loaded when they are first asked for.

    Raises:
        UsageError: there is no such calendar, or it cannot be built.
    """
    return sessions_of(hours) if hours.are_sessions else AlwaysOpen()


@dataclass(frozen=True, slots=True)
class Counted:
    """How many bars open in each of some spans: (n,) their number, the opens of the first and the last, and its end.

    Instants are µs since the epoch, UTC; of spans in which none opens they mean nothing.
    """

    bars: IntArray
    first: IntArray
    last: IntArray
    end: IntArray


def count_bars(hours: Hours, interval: Interval, starts: IntArray, ends: IntArray) -> Counted:
    """The bars that are expected to open in spans of time, without a list of them.

    Raises:
        UsageError: there is no such calendar, it cannot be built, or it has no bars of this interval.
    """
    within, of_market = calendar(hours), interval_of(interval, hours)
    before, until = within.positions(of_market, starts), within.positions(of_market, ends)
    is_there = until > before
    first, last = (within.nth(of_market, np.where(is_there, one, 0)) for one in (before, until - 1))
    return Counted(until - before, first, last, of_market.ends(last))


def bar_end(interval: Interval, open_time: str = "open_time") -> pl.Expr:
    """The end of the bars whose opens (UTC) stand in the column: the open plus the interval, or the close before it."""
    if interval.has_sessions:
        return _mapped(open_time, interval.ends, TIME)
    if interval.length is None:
        return pl.col(open_time).dt.offset_by(interval.name)
    return pl.col(open_time) + interval.length


def next_open(interval: Interval, open_time: str = "open_time") -> pl.Expr:
    """The open of the bar after each whose open (UTC) stands in the column."""
    if interval.has_sessions:
        return _mapped(open_time, lambda opens: interval.later(opens, 1), TIME)
    return bar_end(interval, open_time)


def bar_floor(interval: Interval, open_time: str = "open_time") -> pl.Expr:
    """The open of the bar that an instant (UTC) in the column lies in, or of the last one before it."""
    if isinstance(interval, SessionInterval):
        return _mapped(open_time, interval.floors, TIME)
    return pl.col(open_time).dt.truncate(interval.name)


def is_expected(interval: Interval, open_time: str = "open_time") -> pl.Expr:
    """Whether an instant (UTC) in the column is the open of a bar."""
    return bar_floor(interval, open_time) == pl.col(open_time)


def is_in_session(interval: SessionInterval, open_time: str = "open_time") -> pl.Expr:
    """Whether an instant (UTC) in the column lies in a session, outside of its breaks; of days, whether one opens."""
    return _mapped(open_time, interval.are_inside, pl.Boolean)


def session_of(interval: SessionInterval, open_time: str = "open_time") -> pl.Expr:
    """The label of the session in which a bar opens."""
    return _mapped(open_time, interval.calendar.labels, pl.Date)


def session_column(interval: Interval) -> list[pl.Expr]:
    """The column `session` of bars of a market that has sessions; none of others."""
    return [session_of(interval).alias("session")] if isinstance(interval, SessionInterval) else []


def _mapped(column: str, of: Callable[[IntArray], npt.NDArray[Any]], dtype: Type) -> pl.Expr:
    def mapped(times: pl.Series) -> pl.Series:
        known = times.drop_nulls().cast(TIME).to_physical().to_numpy()
        found = pl.Series(times.name, of(known)).cast(dtype)
        if not times.null_count():
            return found
        places = pl.when(times.is_not_null()).then(times.is_not_null().cum_sum() - 1)
        return found.gather(pl.select(places).to_series())

    return pl.col(column).map_batches(mapped, return_dtype=dtype, is_elementwise=True)


def closed_window(window: Window, interval: Interval, now: datetime) -> Window:
    """The part of the window whose bars have closed by `now`: a bar that still runs is not expected yet."""
    if isinstance(interval, SessionInterval):
        return interval.calendar.closed(interval, window, now)
    return window.until(interval.floor(now))
