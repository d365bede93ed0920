"""What proves that bars do not exist: an answer or a file with bars on both sides and none between. Pure.

A source that ends before a hole, or begins after it, may have been cut off; one that goes on beyond it was not.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

import polars as pl

from bcdata.frames.schema import TIME
from bcdata.interval import Interval
from bcdata.ledger.ledger import missing_opens, runs_of, window_of_run, windows_of_runs
from bcdata.windows import Window


def empty_windows(opens: Iterable[datetime], interval: Interval) -> list[Window]:
    """The windows without a bar between two bars of one complete answer (opens in UTC, in any order)."""
    found = []
    for left, right in pairwise(sorted(set(opens))):
        after = interval.next(left)
        if after < right:
            found.append(Window(after, right))
    return found


def withheld(known: pl.Series, opens: Sequence[datetime], interval: Interval) -> pl.Series:
    """The bars known from elsewhere that an answer lacks, if it has any: its other rows are then not to be believed.

    Args:
        known: opens of bars that are known to exist in the window that was asked for, UTC.
        opens: the opens that came. None at all is an answer of its own kind, which is weighed elsewhere.
        interval: the length of the bars; what opened off the grid (early 2018) counts for its place on it.
    """
    if not opens:
        return known.clear()
    came = pl.Series([interval.floor(at) for at in opens], dtype=TIME)
    return known.filter(~known.is_in(came.implode()))


def asked_twice(
    runs: Iterable[tuple[datetime, datetime]], earlier: Sequence[tuple[Window, Sequence[datetime]]]
) -> list[tuple[datetime, datetime]]:
    """The runs (first and last open) about which one of the earlier answers (window, opens) said nothing at all."""
    return [
        (first, last)
        for first, last in runs
        if any(
            first in window and last in window and not any(first <= at <= last for at in opens)
            for window, opens in earlier
        )
    ]


def still_empty(windows: Iterable[Window], opens: pl.Series, interval: Interval) -> list[Window]:
    """What is left of the windows, on the interval's grid, without the bars that came after all."""
    found = []
    for window in windows:
        start = interval.ceil(window.start)
        if start >= window.end:
            continue
        step = interval.length or "1mo"
        grid = pl.datetime_range(start, window.end, step, closed="left", time_unit="us", eager=True).cast(TIME)
        found += [window_of_run(*run, interval) for run in runs_of(missing_opens(grid, opens), grid)]
    return found


def absent_too(
    missing: pl.Series, fine: Interval, opens: pl.Series, coarse: Interval, read: Sequence[Window]
) -> tuple[Window, ...]:
    """Where files of a coarser interval lack the bars whose fine bars are all missing, between two that they have.

    A coarse bar that is absent beside some of its fine bars is the coarse file's defect, and proves nothing.

    Args:
        missing: opens of the missing fine bars, UTC.
        fine: their interval; its length divides the coarse one's.
        opens: opens of the coarse bars in the files that were read.
        coarse: the interval of these.
        read: the windows that these files name. What is absent up to their edges may have been cut off.
    """
    if fine.length is None or coarse.length is None or missing.is_empty():
        return ()
    slots = missing.dt.truncate(coarse.name).value_counts(name="bars").sort(missing.name)
    whole = slots.filter(pl.col("bars") == coarse.length // fine.length)[missing.name]
    whole = whole.filter(pl.Series([any(at in window for window in read) for at in whole], dtype=pl.Boolean))
    edges = {edge for window in read for edge in (window.start, window.end)}
    silent = [one for one in empty_windows(opens, coarse) if not {one.start, one.end} & edges]
    absent = whole.filter(pl.Series([any(at in window for window in silent) for at in whole], dtype=pl.Boolean))
    return tuple(windows_of_runs(absent, coarse))
