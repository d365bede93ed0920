"""Which bars are expected: the calendar of a dataset laid over a window of time."""

from datetime import datetime, timedelta
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from bcdata.errors import UsageError
from bcdata.frames.schema import TIME
from bcdata.interval import EPOCH, Interval
from bcdata.windows import Window

IntArray = npt.NDArray[np.int64]
_MICROSECOND = timedelta(microseconds=1)


class Calendar(Protocol):
    """When a market trades."""

    def opens(self, interval: Interval, window: Window) -> pl.Series:
        """The opens (UTC, ascending) of all bars expected in the window."""

    def positions(self, interval: Interval, instants: IntArray) -> IntArray:
        """How many bars open before each instant (µs since the epoch), counted from one that is the same for all."""


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
            raise UsageError(f"bars of {interval.name} are of no fixed length: their opens are not counted")
        ahead: IntArray = instants - (interval.anchor - EPOCH) // _MICROSECOND
        found: IntArray = -(-ahead // (interval.length // _MICROSECOND))
        return found


def calendar(name: str) -> Calendar:
    """The calendar of this name.

    Raises:
        UsageError: there is none of that name.
    """
    if name == "24/7":
        return AlwaysOpen()
    raise UsageError(f"there is no calendar {name!r}; known: 24/7")


def closed_window(window: Window, interval: Interval, now: datetime) -> Window:
    """The part of the window whose bars have closed by `now`: a bar that still runs is not expected yet."""
    return window.until(interval.floor(now))
