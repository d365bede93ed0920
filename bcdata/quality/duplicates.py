"""Bars that are there more than once: identical ones are dropped, conflicting ones set aside, daily beats monthly."""

from dataclasses import dataclass, field

import polars as pl

from bcdata.bars.schema import BAR
from bcdata.quality.rules import sample
from bcdata.quality.verdict import Finding, Severity

_VALUES = [name for name in BAR.names() if name != "open_time"]


@dataclass(frozen=True, slots=True)
class Resolved:
    """One row per open, ascending; the rows set aside (with `reason`); what there is to say about it."""

    rows: pl.DataFrame
    rejected: pl.DataFrame
    findings: list[Finding] = field(default_factory=list)


def resolve(rows: pl.DataFrame) -> Resolved:
    """Leaves one row per `open_time`, by `rank` (0 = daily object, 1 = monthly).

    Within a rank, rows of one open with the same values are one row said twice; with other values none of them
    can be trusted. Between ranks the lower one wins and the difference is reported.
    """
    empty = rows.clear().with_columns(pl.lit(None, dtype=pl.String).alias("reason"))
    found: list[Finding] = []
    if not rows["open_time"].is_sorted():
        found.append(Finding("order", Severity.WARN, 1, "rows were not in the order of time; sorted"))
        rows = rows.sort("open_time", "rank", maintain_order=True)
    if not rows["open_time"].is_duplicated().any():
        return Resolved(rows, empty, found)

    unique = rows.unique(subset=["open_time", "rank", *_VALUES], keep="first", maintain_order=True)
    if unique.height < rows.height:
        count = rows.height - unique.height
        found.append(Finding("duplicate", Severity.WARN, count, "identical rows were there more than once"))
    conflicting = pl.len().over("open_time", "rank") > 1
    rejected = unique.filter(conflicting).with_columns(pl.lit("duplicate_conflict").alias("reason"))
    if rejected.height:
        found.append(
            Finding(
                "duplicate_conflict",
                Severity.ROW,
                rejected.height,
                "rows of the same open disagree",
                sample(rejected),
            )
        )
    ranked = unique.filter(~conflicting).sort("open_time", "rank", maintain_order=True)
    found.extend(_disagreements(ranked))
    return Resolved(ranked.unique("open_time", keep="first", maintain_order=True), rejected, found)


def _disagreements(ranked: pl.DataFrame) -> list[Finding]:
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).first().over("open_time")) for name in _VALUES)
    losers = ranked.filter(differs)
    if losers.is_empty():
        return []
    return [
        Finding(
            "daily_monthly_disagree",
            Severity.WARN,
            losers.height,
            "the monthly object says otherwise; the daily one is kept",
            sample(losers),
        )
    ]
