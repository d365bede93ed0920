"""Questions that coarser bars raise about the archive's own rows, and what a second source says to them. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from bcdata.interval import Interval
from bcdata.quality.compare.coarser import Contradiction, compare
from bcdata.quality.compare.same import same_rows
from bcdata.windows import Window


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of questions.

    Attributes:
        replaced: windows in which the second source's rows agree with coarser bars, and the first one's do not.
        confirmed: windows in which both sources are equal: the rows stay.
        undecided: windows in which the second source's rows are others, and no better.
        left: windows for which the second source has not all rows, or in which the first has none left.
    """

    replaced: tuple[Contradiction, ...] = ()
    confirmed: tuple[Contradiction, ...] = ()
    undecided: tuple[Contradiction, ...] = ()
    left: tuple[Contradiction, ...] = ()


def settle(
    archive: pl.DataFrame,
    rows: pl.DataFrame,
    questions: Sequence[Contradiction],
    controls: Mapping[str, pl.DataFrame],
    fine: Interval,
) -> Answers:
    """Decides between the archive's rows and those of a second source, window by window.

    Args:
        archive: the archive's bars (`BAR`) of the partition, ascending, UTC.
        rows: those of the second source, sound in themselves and vouched for.
        questions: windows in which coarser bars doubt the archive's rows.
        controls: coarser bars by interval name.
        fine: the interval of both.
    """
    replaced, confirmed, undecided, left = [], [], [], []
    for one in questions:
        mine, theirs = _within(archive, one.window), _within(rows, one.window)
        if mine.is_empty() or mine.join(theirs, on="open_time", how="anti").height:
            left.append(one)
        elif same_rows(mine, theirs).height == mine.height:
            confirmed.append(one)
        elif _agrees(_instead(archive, theirs, one.window), one.window, controls, fine):
            replaced.append(one)
        else:
            undecided.append(one)
    return Answers(tuple(replaced), tuple(confirmed), tuple(undecided), tuple(left))


def _within(bars: pl.DataFrame, window: Window) -> pl.DataFrame:
    return bars.filter(pl.col("open_time").is_between(window.start, window.end, closed="left"))


def _instead(archive: pl.DataFrame, theirs: pl.DataFrame, window: Window) -> pl.DataFrame:
    outside = archive.filter(~pl.col("open_time").is_between(window.start, window.end, closed="left"))
    return pl.concat([outside, theirs.select(archive.columns)]).sort("open_time")


def _agrees(bars: pl.DataFrame, window: Window, controls: Mapping[str, pl.DataFrame], fine: Interval) -> bool:
    comparison = compare(bars, fine, controls)
    return not any(
        one.window.start < window.end and window.start < one.window.end
        for one in (*comparison.refuted, *comparison.questioned, *comparison.slight)
    )
