"""The gap ledger: every expected bar that is not there, in runs, with the reason and how it is known."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import polars as pl

from bcdata.bars.schema import LEDGER, TIME
from bcdata.windows import Window


class Status(StrEnum):
    """Why a bar is missing."""

    OPEN = "open"
    REFILLED = "refilled"
    UPSTREAM = "upstream"
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


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known about a partition's missing bars; earlier reasons beat later ones.

    `contradictions` are windows in which another file shows trading: whatever else is claimed, bars missing there
    are open.
    """

    reasons: Sequence[Reason] = ()
    contradictions: Sequence[Reason] = ()
    quarantined: Sequence[Reason] = field(default=())


UNKNOWN = "nobody could tell yet"


def ledger(expected: pl.Series, bars: pl.DataFrame, evidence: Evidence, *, archives: Sequence[str]) -> pl.DataFrame:
    """Explains every expected bar that is missing, and names the runs that another source filled.

    Args:
        expected: opens of all expected bars, ascending, UTC.
        bars: merged bars (`open_time`, `source`).
        evidence: what is known about the missing ones.
        archives: sources whose bars are not refills.

    Returns:
        A frame of `LEDGER`: one row per run, by start. All rows but the refilled ones, together with the bars,
        tile `expected`.
    """
    grid = pl.DataFrame({"open_time": expected}, schema={"open_time": TIME}).with_row_index("at")
    held = grid.join(bars.select("open_time", "source"), on="open_time", how="left", maintain_order="left")
    missing = _explain(held.filter(pl.col("source").is_null()).select("at", "open_time"), evidence)
    refilled = held.filter(pl.col("source").is_not_null() & ~pl.col("source").is_in(list(archives))).select(
        "at",
        "open_time",
        pl.lit(Status.REFILLED.value).alias("status"),
        # Not pl.format: in polars 2.1 it panics where the column's first chunk is empty (pinned by a facts test).
        (pl.lit("filled from ") + pl.col("source")).alias("evidence"),
    )
    return pl.concat([_runs(missing), _runs(refilled)]).sort("start")


def _explain(missing: pl.DataFrame, evidence: Evidence) -> pl.DataFrame:
    unknown = missing.with_columns(pl.lit(Status.OPEN.value).alias("status"), pl.lit(UNKNOWN).alias("evidence"))
    # From weakest to strongest: what is applied later overrides.
    for reason in (*reversed(evidence.reasons), *evidence.contradictions, *evidence.quarantined):
        inside = pl.col("open_time").is_between(
            pl.lit(reason.window.start, dtype=TIME), pl.lit(reason.window.end, dtype=TIME), closed="left"
        )
        unknown = unknown.with_columns(
            pl.when(inside).then(pl.lit(reason.status.value)).otherwise("status").alias("status"),
            pl.when(inside).then(pl.lit(reason.evidence)).otherwise("evidence").alias("evidence"),
        )
    return unknown


def _runs(rows: pl.DataFrame) -> pl.DataFrame:
    """Neighbours on the grid of expected bars with the same reason become one row."""
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
    rows = _runs(held.with_columns(pl.lit("").alias("status"), pl.lit("").alias("evidence")))
    return list(zip(rows["start"].to_list(), rows["end"].to_list(), strict=True))


def missing_opens(expected: pl.Series, opens: pl.Series) -> pl.Series:
    """The expected opens that are not among `opens`."""
    grid = pl.DataFrame({"open_time": expected}, schema={"open_time": TIME})
    return grid.join(opens.rename("open_time").to_frame(), on="open_time", how="anti", maintain_order="left")[
        "open_time"
    ]
