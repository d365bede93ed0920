"""Rows that coarser bars refute are set aside, where another object of the same time has no better ones. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from bcdata.bars.schema import BAR, TIME, conform
from bcdata.intervals import Interval
from bcdata.quality.compare import Comparison, Contradiction, compare
from bcdata.quality.rules import sample
from bcdata.quality.verdict import Finding, Severity

REFUTED = "refuted"


@dataclass(frozen=True, slots=True)
class Checked:
    """Rows as the controls leave them: those to publish, those set aside (`reason`, `evidence`), and what was found."""

    rows: pl.DataFrame
    rejected: pl.DataFrame
    findings: list[Finding] = field(default_factory=list)
    questioned: tuple[Contradiction, ...] = ()
    uncompared: tuple[date, ...] = ()


def check(
    rows: pl.DataFrame, others: pl.DataFrame, interval: Interval, controls: Mapping[str, pl.DataFrame]
) -> Checked:
    """Compares rows with coarser bars, and takes others in the place of those that are refuted where these are not.

    Args:
        rows: sound raw rows, one per open, ascending (times in µs).
        others: rows of the same opens with other values, out of objects that give way.
        interval: the length of the bars.
        controls: coarser bars by interval name.
    """
    found = compare(as_bars(rows), interval, controls)
    refuted = within(rows, found.refuted)
    if refuted.height and others.height and (better := within(others, found.refuted)).height:
        # Once more with the rows of the objects that gave way: what is refuted then too has no sound row.
        opens = better["open_time"].implode()
        swapped = pl.concat([rows.filter(~pl.col("open_time").is_in(opens)), better.select(rows.columns)])
        swapped = swapped.sort("open_time")
        again = compare(as_bars(swapped), interval, controls)
        still = within(swapped, again.refuted)
        lost = refuted.join(still, on="open_time", how="anti")
        kept = swapped.join(still, on="open_time", how="anti")
        # A row that is refuted either way is shown as the object of the lower rank has it.
        both = pl.concat([refuted, still.filter(~pl.col("open_time").is_in(refuted["open_time"].implode()))])
        return _checked(kept, both, again, replaced=lost.height)
    kept = rows.join(refuted, on="open_time", how="anti", maintain_order="left") if refuted.height else rows
    return _checked(kept, refuted, found, replaced=0)


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


def _checked(kept: pl.DataFrame, refuted: pl.DataFrame, found: Comparison, *, replaced: int) -> Checked:
    findings = list(found.findings)
    if refuted.height:
        first = f"coarser bars contradict them: {refuted['evidence'][0]}"
        more = f"; {replaced} rows of the monthly object are there in their place" if replaced else ""
        findings.append(Finding(REFUTED, Severity.ROW, refuted.height, first + more, sample(refuted)))
    questioned = tuple(sorted((*found.questioned, *found.slight), key=lambda one: one.window.start))
    if questioned:
        words = f"a second source is asked: {questioned[0].evidence}"
        findings.append(Finding("questioned", Severity.WARN, len(questioned), words))
    rejected = refuted.with_columns(reason=pl.lit(REFUTED))
    return Checked(kept, rejected, findings, questioned, found.uncompared)
