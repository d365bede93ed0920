"""The gap ledger: every expected bar that is not there, in runs, with the reason and how it is known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bcdata.frames.schema import LEDGER, TIME
from bcdata.interval import Interval
from bcdata.windows import Window


class Status(StrEnum):
    """Why a bar is missing."""

    OPEN = "open"
    REFILLED = "refilled"
    UPSTREAM = "upstream"
    NO_TRADES = "no_trades"
    NOT_LISTED = "not_listed"
    DELISTED = "delisted"
    NOT_PUBLISHED = "not_published"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Reason:
    """A window of time, what is known about bars missing in it, and how that is known (in words)."""

    window: Window
    status: Status
    evidence: str


UNKNOWN = "unknown so far"


def ledger(
    expected: pl.Series, bars: pl.DataFrame, reasons: Sequence[Reason], *, archives: Sequence[str]
) -> pl.DataFrame:
    """Explains every expected bar that is missing, and names the runs that another source filled.

    Args:
        expected: opens of all expected bars, ascending, UTC.
        bars: merged bars (`open_time`, `source`).
        reasons: what is known about the missing ones, the strongest first.
        archives: sources whose bars are not refills.

    Returns:
        A frame of `LEDGER`: one row per run, by start. All rows but the refilled ones, together with the bars,
        tile `expected`.
    """
    grid = pl.DataFrame({"open_time": expected}, schema={"open_time": TIME}).with_row_index("at")
    held = grid.join(bars.select("open_time", "source"), on="open_time", how="left", maintain_order="left")
    absent = held.filter(pl.col("source").is_null()).select("at", "open_time")
    refilled = held.filter(pl.col("source").is_not_null() & ~pl.col("source").is_in(list(archives)))
    if absent.is_empty() and refilled.is_empty():
        return pl.DataFrame(schema=LEDGER)
    missing = explain(absent, reasons)
    return pl.concat([runs_told(missing), runs_told(_refills(refilled, reasons))]).sort("start")


def explain(missing: pl.DataFrame, reasons: Sequence[Reason]) -> pl.DataFrame:
    """The frame (`open_time`) with `status` and `evidence` of the strongest reason that holds; open where none does."""
    found = pl.Series(_strongest(missing["open_time"], [reason.window for reason in reasons]))
    statuses = pl.Series([*(reason.status.value for reason in reasons), Status.OPEN.value], dtype=pl.String)
    evidence = pl.Series([*(reason.evidence for reason in reasons), UNKNOWN], dtype=pl.String)
    return missing.with_columns(statuses.gather(found).alias("status"), evidence.gather(found).alias("evidence"))


def _strongest(opens: pl.Series, windows: Sequence[Window]) -> NDArray[np.int64]:
    """For each open the number of the first window that holds it, or how many windows there are."""
    found = np.full(opens.len(), len(windows), dtype=np.int64)
    order = opens.arg_sort()
    ascending, place = opens.gather(order), order.to_numpy()
    starts, ends = (
        ascending.search_sorted(pl.Series(edges, dtype=TIME), side="left").to_numpy()
        for edges in ([window.start for window in windows], [window.end for window in windows])
    )
    # From weakest to strongest: what is applied later overrides.
    for at in reversed(range(len(windows))):
        found[place[starts[at] : ends[at]]] = at
    return found


def worth_asking(missing: pl.DataFrame, reasons: Sequence[Reason]) -> pl.DataFrame:
    """The missing rows (`open_time`) that nothing explains yet, or that files need not have yet."""
    # A row that was set aside explains nothing here: REST may have a sound one.
    told = explain(missing, [one for one in reasons if one.status is not Status.QUARANTINED])
    return told.filter(pl.col("status").is_in([Status.OPEN.value, Status.NOT_PUBLISHED.value]))


def _refills(held: pl.DataFrame, reasons: Sequence[Reason]) -> pl.DataFrame:
    """What another source filled, and why it had to where the archive's own row was set aside."""
    set_aside = explain(held, [reason for reason in reasons if reason.status is Status.QUARANTINED])
    # Not pl.format: in polars 2.1 it panics where the column's first chunk is empty (pinned by a facts test).
    filled = pl.lit("filled from ") + pl.col("source")
    is_quarantined = pl.col("status") == Status.QUARANTINED.value
    return set_aside.select(
        "at",
        "open_time",
        pl.lit(Status.REFILLED.value).alias("status"),
        pl.when(is_quarantined).then(filled + "; " + pl.col("evidence")).otherwise(filled).alias("evidence"),
    )


def runs_told(rows: pl.DataFrame) -> pl.DataFrame:
    """Neighbours with the same reason become one row of a ledger.

    Args:
        rows: `at` (of neighbours one more than the row before), `open_time`, `status`, `evidence`; by time.
    """
    if rows.is_empty():
        return pl.DataFrame(schema=LEDGER)
    same = (
        (pl.col("at").cast(pl.Int64).diff() == 1)
        & (pl.col("status") == pl.col("status").shift(1))
        & (pl.col("evidence") == pl.col("evidence").shift(1))
    )
    run = (~same.fill_null(value=False)).cum_sum().alias("run")
    return (
        rows.with_columns(run)
        .group_by("run", maintain_order=True)
        .agg(
            pl.col("open_time").first().alias("start"),
            pl.col("open_time").last().alias("end"),
            pl.len().cast(pl.Int64).alias("bars"),
            pl.col("status").first(),
            pl.col("evidence").first(),
        )
        .select(LEDGER.names())
    )


def runs_of(opens: pl.Series, expected: pl.Series) -> list[tuple[datetime, datetime]]:
    """Runs of neighbouring opens on the expected grid, as (first, last) pairs."""
    grid = pl.DataFrame({"open_time": expected}, schema={"open_time": TIME}).with_row_index("at")
    held = grid.join(opens.rename("open_time").to_frame(), on="open_time", how="semi")
    rows = runs_told(held.with_columns(pl.lit("").alias("status"), pl.lit("").alias("evidence")))
    return list(zip(rows["start"].to_list(), rows["end"].to_list(), strict=True))


def missing_opens(expected: pl.Series, opens: pl.Series) -> pl.Series:
    """The expected opens that are not among `opens`."""
    grid = pl.DataFrame({"open_time": expected}, schema={"open_time": TIME})
    return grid.join(opens.rename("open_time").to_frame(), on="open_time", how="anti", maintain_order="left")[
        "open_time"
    ]


def window_of_run(first: datetime, last: datetime, interval: Interval) -> Window:
    """The half-open window of a run of opens (first and last included)."""
    return Window(first, interval.end(last))


def windows_of_runs(opens: Iterable[datetime], interval: Interval) -> list[Window]:
    """Neighbouring opens as one half-open window each, ascending."""
    runs: list[list[datetime]] = []
    end = None
    for at in sorted(opens):
        if at != end:
            runs.append([at, at])
        runs[-1][1] = end = interval.next(at)
    return [Window(start, after) for start, after in runs]
