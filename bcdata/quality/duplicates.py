"""Bars that are there more than once: identical ones are dropped, conflicting ones set aside, daily beats monthly."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from bcdata.frames.schema import WINDOW_BAR
from bcdata.quality.rules import sample
from bcdata.quality.verdict import Finding, Severity

DUPLICATE, CONFLICT = "duplicate", "duplicate_conflict"
AMBIGUOUS = "ambiguous_label"
"""Of a row whose label may mean two times, one of which another row may have."""
_VALUES = [name for name in WINDOW_BAR.names() if name not in {"open_time", "known_at"}]


@dataclass(frozen=True, slots=True)
class Deduplicated:
    """What is left of bars that were there more than once.

    Attributes:
        rows: one per open, ascending.
        rejected: rows set aside, with `reason`.
        others: sound rows that gave way to one of a lower rank with other values.
        findings: what there is to say about it.
    """

    rows: pl.DataFrame
    rejected: pl.DataFrame
    others: pl.DataFrame
    findings: list[Finding] = field(default_factory=list)


def resolve(rows: pl.DataFrame, *, by_window: bool = False) -> Deduplicated:
    """Leaves one row per `open_time`, by `rank` (0 = daily object, 1 = monthly).

    Within a rank, rows of one open with the same values are one row said twice; with other values none of them
    can be trusted. Between ranks the lower one wins and the difference is reported.

    Args:
        rows: raw rows (times in µs); a source's own `vwap` is one of their values.
        by_window: whether their objects are pages of windows: these may begin with the newest row, and neighbours have
            rows in common.
    """
    empty = rows.clear().with_columns(pl.lit(None, dtype=pl.String).alias("reason"))
    found: list[Finding] = []
    if not rows["open_time"].is_sorted():
        # Days beside their month are in order each, though not one after the other.
        if not by_window and rows.select((pl.col("open_time").diff().over("object") < 0).any()).item():
            found.append(Finding("order", Severity.WARN, 1, "rows were not in the order of time; sorted"))
        rows = rows.sort("open_time", "rank", maintain_order=True)
    if not rows["open_time"].is_duplicated().any():
        return Deduplicated(rows, empty, rows.clear(), found)

    values = [name for name in _VALUES if name in rows.columns]
    alike = ["open_time", "rank", *values]
    unique = rows.unique(subset=alike, keep="first", maintain_order=True)
    left = rows.unique(subset=[*alike, "object"]) if by_window else unique
    if left.height < rows.height:
        count = rows.height - left.height
        found.append(Finding(DUPLICATE, Severity.WARN, count, "identical rows were there more than once"))
    conflicting = pl.len().over("open_time", "rank") > 1
    rejected = unique.filter(conflicting).with_columns(pl.lit(CONFLICT).alias("reason"))
    if rejected.height:
        found.append(
            Finding(
                CONFLICT,
                Severity.ROW,
                rejected.height,
                "rows of the same open disagree",
                sample(rejected),
            )
        )
    ranked = unique.filter(~conflicting).sort("open_time", "rank", maintain_order=True)
    others = _others(ranked, values)
    kept = ranked.unique("open_time", keep="first", maintain_order=True)
    return Deduplicated(kept, rejected, others, [*found, *_disagreements(others, kept, values)])


def said_once(
    rows: pl.DataFrame, time: str, values: Sequence[str], what: str
) -> tuple[pl.DataFrame, pl.DataFrame, list[Finding]]:
    """Rows that say the same are one row said more than once; of rows that disagree about a time none can be trusted.

    Args:
        rows: by time.
        time: the column of their time.
        values: the columns that tell rows apart, the time among them.
        what: what a row is, for words.

    Returns:
        The rows that are left; those that are set aside, with `reason` and `evidence`; and what there is to say.
    """
    found: list[Finding] = []
    unique = rows.unique(values, keep="first", maintain_order=True)
    if repeated := rows.height - unique.height:
        found.append(Finding(DUPLICATE, Severity.WARN, repeated, "identical rows were there more than once"))
    is_conflict = pl.col(time).is_duplicated()
    conflicting = unique.filter(is_conflict).with_columns(
        reason=pl.lit(CONFLICT), evidence=pl.lit(None, dtype=pl.String)
    )
    if conflicting.height:
        words = f"rows of the same {what} disagree"
        found.append(Finding(CONFLICT, Severity.ROW, conflicting.height, words, sample(conflicting)))
    return unique.filter(~is_conflict), conflicting, found


def _others(ranked: pl.DataFrame, values: Sequence[str]) -> pl.DataFrame:
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).first().over("open_time")) for name in values)
    return ranked.filter(differs)


def _disagreements(others: pl.DataFrame, kept: pl.DataFrame, values: Sequence[str]) -> list[Finding]:
    """Rows of months that differ from those of days, shown with the values of both."""
    if others.is_empty():
        return []
    daily = kept.select("open_time", *[pl.col(name).alias(f"{name}_daily") for name in values])
    both = others.head(5).join(daily, on="open_time", how="left", maintain_order="left")
    shown = both.select("open_time", *[name for value in values for name in (value, f"{value}_daily")])
    words = "the monthly object has other values; the daily one is kept"
    return [Finding("daily_monthly_disagree", Severity.WARN, others.height, words, sample(shown))]
