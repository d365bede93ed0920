"""Rows that coarser bars refute are set aside, where another object of the same time has no better ones. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from bcdata.interval import Interval
from bcdata.quality.compare.alternatives import as_bars, prefer_what_fits, within
from bcdata.quality.compare.coarser import Comparison, Contradiction, compare
from bcdata.quality.rules import sample
from bcdata.quality.verdict import Finding, Severity

REFUTED = "refuted"


@dataclass(frozen=True, slots=True)
class CheckedRows:
    """Rows as the controls leave them: those to publish, those set aside (`reason`, `evidence`), and what was found."""

    rows: pl.DataFrame
    rejected: pl.DataFrame
    findings: list[Finding] = field(default_factory=list)
    questioned: tuple[Contradiction, ...] = ()
    uncompared: tuple[date, ...] = ()


def check(
    rows: pl.DataFrame, others: pl.DataFrame, interval: Interval, controls: Mapping[str, pl.DataFrame]
) -> CheckedRows:
    """Compares rows with coarser bars, and takes others in the place of those that do not fit where these do.

    Args:
        rows: sound raw rows, one per open, ascending (times in µs).
        others: rows of the same opens with other values, out of objects that give way.
        interval: the length of the bars.
        controls: coarser bars by interval name.
    """
    found = compare(as_bars(rows), interval, controls)
    doubted = [*found.refuted, *found.questioned, *found.slight]
    if not doubted or others.is_empty():
        refuted = within(rows, found.refuted)
        kept = rows.join(refuted, on="open_time", how="anti", maintain_order="left") if refuted.height else rows
        return _checked(kept, refuted, found, replaced=0)

    def doubts(bars: pl.DataFrame) -> Iterator[Contradiction]:
        again = compare(bars, interval, controls)
        yield from (*again.refuted, *again.questioned, *again.slight)

    best, gave_way = prefer_what_fits(rows, others, doubted, doubts)
    # What is refuted still may have better rows all the same, if not ones that fit exactly.
    again = compare(as_bars(best), interval, controls)
    better, more = prefer_what_fits(best, others, again.refuted, lambda bars: compare(bars, interval, controls).refuted)
    final = compare(as_bars(better), interval, controls) if more.height else again
    still = within(better, final.refuted)
    kept = better.join(still, on="open_time", how="anti", maintain_order="left")
    return _checked(kept, pl.concat([gave_way, more, still]), final, replaced=gave_way.height + more.height)


def _checked(kept: pl.DataFrame, refuted: pl.DataFrame, found: Comparison, *, replaced: int) -> CheckedRows:
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
    return CheckedRows(kept, rejected, findings, questioned, found.uncompared)
