"""Rows of objects that give way, taken where they fit and those that were preferred do not. Pure."""

from collections.abc import Callable, Iterable, Sequence

import polars as pl

from bcdata.frames.schema import BAR, TIME, conform
from bcdata.quality.compare.contradiction import Contradiction
from bcdata.windows import Window

Doubts = Callable[[pl.DataFrame], Iterable[Contradiction]]
"""From bars (`BAR`) to the windows of them that are doubted."""


def as_bars(rows: pl.DataFrame) -> pl.DataFrame:
    """Raw rows (times in µs) as bars."""
    return conform(rows.with_columns(pl.col("open_time").cast(BAR["open_time"])), BAR)


def within(rows: pl.DataFrame, windows: Sequence[Contradiction]) -> pl.DataFrame:
    """The raw rows that lie in one of the windows (which do not overlap), with its `evidence`."""
    if not windows:
        return rows.clear().with_columns(evidence=pl.lit(None, dtype=pl.String))
    starts = pl.Series([one.window.start for one in windows], dtype=TIME).cast(pl.Int64)
    ends = pl.Series([one.window.end for one in windows], dtype=TIME).cast(pl.Int64)
    table = pl.DataFrame({"start": starts, "end": ends, "evidence": [one.evidence for one in windows]}).sort("start")
    joined = rows.sort("open_time").join_asof(table, left_on="open_time", right_on="start", strategy="backward")
    return joined.filter(pl.col("open_time") < pl.col("end")).drop("start", "end", strict=False)


def instead(rows: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """The rows, with others in the place of those of the same opens."""
    kept = rows.filter(~pl.col("open_time").is_in(theirs["open_time"].implode()))
    return pl.concat([kept, theirs.select(rows.columns)]).sort("open_time")


def prefer_what_fits(
    rows: pl.DataFrame, others: pl.DataFrame, doubted: Sequence[Contradiction], doubts: Doubts
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Takes the others' rows in those of the doubted windows in which nothing is doubted then.

    Args:
        rows: sound raw rows, one per open, ascending (times in µs).
        others: rows of the same opens with other values, out of objects that give way.
        doubted: windows of `rows`.
        doubts: what is doubted.

    Returns:
        The rows, and those that gave way, with `evidence`.
    """
    spans = _joined(doubted)
    theirs = within(others, spans)
    none = rows.clear().with_columns(evidence=pl.lit(None, dtype=pl.String))
    if theirs.is_empty():
        return rows, none
    left = list(doubts(as_bars(instead(rows, theirs))))
    won = [span for span in spans if not any(_overlap(span.window, one.window) for one in left)]
    best = within(theirs.drop("evidence"), won)
    if best.is_empty():
        return rows, none
    gave_way = within(rows, won)
    gave_way = gave_way.filter(pl.col("open_time").is_in(best["open_time"].implode()))
    return instead(rows, best), gave_way


def _joined(windows: Sequence[Contradiction]) -> list[Contradiction]:
    """Windows that overlap as one, with the evidence of the first."""
    found: list[Contradiction] = []
    for one in sorted(windows, key=lambda one: (one.window.start, one.window.end)):
        if found and one.window.start < found[-1].window.end:
            before = found[-1]
            end = max(before.window.end, one.window.end)
            found[-1] = Contradiction(Window(before.window.start, end), before.evidence)
        else:
            found.append(one)
    return found


def _overlap(one: Window, other: Window) -> bool:
    return one.start < other.end and other.start < one.end
