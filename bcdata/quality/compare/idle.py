"""Flat bars without trades where the coarser bar has trades that the others do not: just these are wrong. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from bcdata.quality.compare.contradiction import Contradiction, number
from bcdata.quality.compare.windows import VALUES, ControlComparison, lay_beside, length_of, lies_within, windows_of
from bcdata.windows import Window

_IS_IDLE = (pl.col("trades") == 0) & (pl.col("volume") == 0) & (pl.col("high") == pl.col("low"))


@dataclass(frozen=True, slots=True)
class IdleRows:
    """Runs of rows without trades; `explained` are the opens of the coarse windows that they account for."""

    refuted: tuple[Contradiction, ...] = ()
    questioned: tuple[Contradiction, ...] = ()
    explained: frozenset[datetime] = frozenset()


def rows_without_trades(bars: pl.DataFrame, one: ControlComparison, lacking: pl.DataFrame) -> IdleRows:
    """Looks into windows that lack trades (rows of the comparison's table).

    Where the rows that have trades lie within the coarse bar and the others are flat, those others are refuted if the
    window differs largely. Otherwise, and where rows are missing that may hold the trades, they are questioned.
    """
    if lacking.is_empty():
        return IdleRows()
    at = pl.col("open_time").dt.truncate(length_of(one.coarse)).alias("window")
    inside = bars.with_columns(at).filter(pl.col("window").is_in(lacking["open_time"].implode()))
    idle = inside.filter(_IS_IDLE)
    if idle.is_empty():
        return IdleRows()
    wrong = _exceeding(inside.filter(~_IS_IDLE).drop("window"), one, lacking)
    is_mended = pl.col("open_time").is_in(idle["window"].implode()) & ~pl.col("open_time").is_in(wrong.implode())
    refuted: list[Contradiction] = []
    questioned: list[Contradiction] = []
    explained = set()
    for row in lacking.filter(is_mended).iter_rows(named=True):
        explained.add(row["open_time"])
        words = (
            f"the {one.coarse.name} bar of {row['open_time']:%Y-%m-%d %H:%M} has {number(row['trades_control'])} "
            f"trades where the {one.fine.name} bars have {number(row['trades'])}, and these are flat and without trades"
        )
        runs = _runs(idle.filter(pl.col("window") == row["open_time"])["open_time"], one)
        is_wrong = row["complete"] and row["differs"]
        (refuted if is_wrong else questioned).extend(Contradiction(window, words) for window in runs)
    return IdleRows(tuple(refuted), tuple(questioned), frozenset(explained))


def _exceeding(trading: pl.DataFrame, one: ControlComparison, lacking: pl.DataFrame) -> pl.Series:
    """The windows (opens) whose rows with trades do not lie within the coarse bar."""
    control = lacking.select("open_time", *[pl.col(f"{name}_control").alias(name) for name in VALUES])
    beside = lay_beside(windows_of(trading, one.coarse), control, one.fine, one.coarse)
    return beside.table.filter(~lies_within())["open_time"]


def _runs(opens: pl.Series, one: ControlComparison) -> Iterator[Window]:
    """Neighbouring opens as half-open windows."""
    step = length_of(one.fine)
    start = last = None
    for at in opens.to_list():
        if start is None or last is None or at != last + step:
            if start is not None and last is not None:
                yield Window(start, last + step)
            start = at
        last = at
    if start is not None and last is not None:
        yield Window(start, last + step)
