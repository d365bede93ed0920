"""Funding settlements that are missing, by the interval in force, and what REST's answers prove about them. Pure."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

import polars as pl

from bcdata.bars.gaps import Reason, explain, runs_told
from bcdata.bars.schema import SETTLEMENT, TIME, schema_of
from bcdata.intervals import settlement_intervals
from bcdata.windows import Window

USUAL = timedelta(hours=8)
"""How far apart settlements are expected where none is known: for the ledger alone, no settlement is given it."""
_HOUR_US = 3_600_000_000
MISSING = schema_of({"at": pl.Int64, "open_time": TIME, "hours": pl.Int64})
"""A missing settlement: its number (of neighbours in one hole one more than before), its minute, the interval."""
_MINUTE = timedelta(minutes=1)


def missing_settlements(settled: pl.DataFrame, window: Window) -> pl.DataFrame:
    """The settlements that should be in the window and are not.

    Args:
        settled: those that are there (`FUNDING`), ascending. Where the source states no interval, the spacing to the
            settlement before or after counts, whichever is shorter: a wide spacing on one side is a settlement that is
            missing, not another interval. That looks ahead, and is for the ledger alone.
        window: whole hours of UTC, up to which they are due.

    Returns:
        A frame of `MISSING`, ascending.
    """
    rows, number = [], 0
    for left, right, step in _stretches(settled.filter(pl.col("time") < window.end), window):
        number += 1  # a settlement that is there parts two holes
        due = left + step
        while due < right:
            rows.append((number, due, step // timedelta(hours=1)))
            number, due = number + 1, due + step
    return pl.DataFrame(rows, schema=MISSING, orient="row")


def _stretches(settled: pl.DataFrame, window: Window) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """What lies between two neighbouring settlements, or the window's edge and one; each with the interval in it."""
    times = settled["time"].to_list()
    hours = [timedelta(hours=value) for value in _paces(settled)]
    if not times:
        yield window.start - USUAL, window.end, USUAL
        return
    yield window.start - hours[0], times[0], hours[0]
    for at in range(1, len(times)):
        # Where the interval changes, files label the settlement with the old one or the new: the longer one holds.
        yield times[at - 1], times[at], max(hours[at - 1], hours[at])
    yield times[-1], window.end, hours[-1]


def _paces(settled: pl.DataFrame) -> pl.Series:
    """The interval around each settlement: as stated, or the shorter of the spacings beside it."""
    spacing = pl.col("time").diff().dt.total_microseconds()
    shorter = pl.min_horizontal(spacing, spacing.shift(-1))
    longest = USUAL // timedelta(hours=1)
    hours = ((shorter + _HOUR_US // 2) // _HOUR_US).clip(1, longest)
    return settled.select(pl.coalesce("interval_hours", hours, pl.lit(longest))).to_series()


def in_force(settled: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """The settlements with the interval that was in force at each (`settlement_intervals`).

    Args:
        settled: of one partition, ascending (`SETTLEMENT`, whose `interval_hours` is not read).
        before: those of the day before the partition's window, ascending, of the same columns.
    """
    whole = pl.concat([before, settled])
    hours = settlement_intervals(whole["time"].to_physical().to_list(), whole["file_interval_hours"].to_list())
    found = pl.Series("interval_hours", hours, dtype=SETTLEMENT["interval_hours"])
    return settled.with_columns(found[before.height :])


def settlement_ledger(missing: pl.DataFrame, reasons: Sequence[Reason]) -> pl.DataFrame:
    """Explains the missing settlements (`MISSING`) by the strongest of the reasons (strongest first), as a `LEDGER`."""
    every = pl.lit(" (every ") + pl.col("hours").cast(pl.String) + " h)"
    return runs_told(explain(missing, reasons).with_columns(pl.col("evidence") + every))


def silent(span: Window, unusable: Collection[datetime]) -> list[Window]:
    """The span of a complete answer without the minutes of which a row came that did not pass.

    A settlement in what is left that is not among the sound ones did not come.
    """
    found, start = [], span.start
    for at in sorted(one for one in unusable if one in span):
        found.append(Window(start, at))
        start = at + _MINUTE
    return [one for one in (*found, Window(start, span.end)) if not one.is_empty]
