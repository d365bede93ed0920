"""Funding settlements that are missing, by the interval in force, and what REST's answers prove about them. Pure."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import polars as pl

from bcdata.frames.schema import SETTLEMENT, TIME, schema_of
from bcdata.interval import SETTLEMENT_HOURS, settlement_intervals
from bcdata.ledger.ledger import Reason, explain, runs_told
from bcdata.windows import Window

USUAL = timedelta(hours=8)
"""How far apart settlements are expected where none is known: for the ledger alone, no settlement is given it."""
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_NEAR = timedelta(minutes=30)
"""A settlement that comes so much too early or too late is the one that was due."""
MISSING = schema_of({"at": pl.Int64, "open_time": TIME, "hours": pl.Int64})
"""A missing settlement: its number (of neighbours in one hole one more than before), its minute, the interval."""
_MINUTE = timedelta(minutes=1)


def missing_settlements(settled: pl.DataFrame, window: Window, before: pl.DataFrame | None = None) -> pl.DataFrame:
    """The settlements that should be in the window and are not.

    The interval follows from the spacings beside each settlement, the shorter of the two: a wide one on one side is a
    settlement that is missing, not another interval. That looks ahead, and is for the ledger alone.

    Args:
        settled: those that are there (`FUNDING`), ascending; `interval_hours` is what their source states.
        window: whole hours of UTC, up to which they are due.
        before: those of the day before the window, whose spacings count for the first ones.

    Returns:
        A frame of `MISSING`, ascending.
    """
    rows, number = [], 0
    early = settled.clear() if before is None else before
    for dues, step in _holes(settled.filter(pl.col("time") < window.end), early, window):
        number += 1  # a settlement that is there parts two holes
        for at in dues:
            rows.append((number, at, step // _HOUR))
            number += 1
    return pl.DataFrame(rows, schema=MISSING, orient="row")


def _holes(
    settled: pl.DataFrame, before: pl.DataFrame, window: Window
) -> Iterator[tuple[Sequence[datetime], timedelta]]:
    """What is due between two neighbouring settlements, or the window's edge and one; each with the interval there."""
    whole = pl.concat([before, settled])
    times, every = settled["time"].to_list(), _paces(whole)
    if not times:
        step = _at_edge(whole, every, -1) if every else USUAL
        yield _after(window.start - step, window.end, step), step
        return
    paces, step = every[before.height :], _at_edge(whole, every, before.height)
    yield _after(window.start - step, times[0] - _NEAR, step), step
    for (left, right), (early, late) in zip(pairwise(times), pairwise(paces), strict=True):
        # Where the interval changes the longer one holds, in the rhythm of the side that has it.
        step = max(early, late)
        yield (_before(left + _NEAR, right, step) if late > early else _after(left, right - _NEAR, step)), step
    step = _at_edge(whole, every, -1)
    rhythm = next(time for time, pace in zip(whole["time"].reverse(), reversed(every), strict=True) if pace >= step)
    yield [at for at in _after(rhythm, window.end, step) if at >= times[-1] + _NEAR], step


def _at_edge(settled: pl.DataFrame, paces: Sequence[timedelta], at: int) -> timedelta:
    """The interval beyond a settlement with nothing on its other side, where an extra one near it tells a short one.

    It is the longest within a day, or a shorter one that the source states, if that is no less than the one around it.
    """
    times, hours = settled["time"].to_list(), settled["interval_hours"].to_list()[at]
    day = {pace for time, pace in zip(times, paces, strict=True) if abs(time - times[at]) <= _DAY}
    stated = None if hours is None else hours * _HOUR
    return stated if stated is not None and stated in day and stated >= paces[at] else max(day)


def _after(left: datetime, right: datetime, step: timedelta) -> list[datetime]:
    """Every `step` after the left one, before the right one."""
    return [left + at * step for at in range(1, -((left - right) // step))]


def _before(left: datetime, right: datetime, step: timedelta) -> list[datetime]:
    """Every `step` before the right one, after the left one; ascending."""
    return [right - at * step for at in range(-((left - right) // step) - 1, 0, -1)]


def _paces(settled: pl.DataFrame) -> list[timedelta]:
    """The interval around each settlement: the shorter of the spacings beside it, as one of those in use.

    What its source states counts where spacings do not tell: where they are longer than any interval, and where
    settlements are missing on both sides of this one, which shows in closer ones within a day beyond them.
    """
    times, stated = settled["time"].to_list(), settled["interval_hours"].to_list()
    gaps = [later - earlier for earlier, later in pairwise(times)]
    spacings = [_in_use(min(gaps[max(0, at - 1) : at + 1], default=None)) for at in range(len(times))]
    found = []
    for at, (own, hours) in enumerate(zip(spacings, stated, strict=True)):
        said = USUAL if hours is None else min(USUAL, hours * _HOUR)
        is_told = own is not None and not (said < own and _is_closer_around(times, spacings, at, said))
        found.append(own if own is not None and is_told else said)
    return found


def _in_use(spacing: timedelta | None) -> timedelta | None:
    """The shortest interval in use that is not shorter than a spacing; None where there is none."""
    if spacing is None:
        return None
    return next((hours * _HOUR for hours in SETTLEMENT_HOURS if spacing < hours * _HOUR + _NEAR), None)


def _is_closer_around(
    times: Sequence[datetime], spacings: Sequence[timedelta | None], at: int, stated: timedelta
) -> bool:
    """Whether, before and after a settlement, there are others within a day whose spacing is at most as stated.

    Of the first one and the last one the neighbour tells alone: there the other side is not known.
    """
    sides = [side for side in (range(at - 1, -1, -1), range(at + 1, len(times))) if side]
    reach = _DAY // stated if len(sides) > 1 else 1
    return all(
        any((spacings[one] or USUAL) <= stated and abs(times[one] - times[at]) <= _DAY for one in side[:reach])
        for side in sides
    )


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
