"""A window in which coarser bars contradict the bars, and the words for it. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from bcdata.quality.compare.windows import VALUES, ControlComparison, any_differences, large_differences
from bcdata.windows import Window


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A half-open window (UTC) of an hour, of a day where there are no hours, or of a run of rows without trades.

    `evidence` is plain English with both values.
    """

    window: Window
    evidence: str


def say_differences(
    one: ControlComparison, windows: pl.DataFrame, *, largely: bool = True
) -> list[tuple[datetime, str]]:
    """The opens of windows of a comparison (rows of its table), and the first value that differs, in words.

    Named is the first that differs largely; or at all, if not `largely`.
    """
    flags = large_differences() if largely else any_differences()
    named = pl.coalesce([pl.when(flag).then(pl.lit(name)) for name, flag in zip(VALUES, flags, strict=True)])
    return [_said(one, row) for row in windows.with_columns(value=named.fill_null("trades")).iter_rows(named=True)]


def _said(one: ControlComparison, row: dict[str, Any]) -> tuple[datetime, str]:
    start, value = row["open_time"], row["value"]
    coarse = f"the {one.coarse.name} bar of {start:%Y-%m-%d %H:%M} has {value.replace('_', ' ')}"
    fine = f"where the {one.fine.name} bars have {number(row[value])}"
    return start, f"{coarse} {number(row[f'{value}_control'])} {fine}"


def number(value: float | None) -> str:
    """A number as people write it: thousands apart, no exponent, no trailing zeros."""
    if value is None:
        return "none"
    text = f"{value:,.8f}"
    return text.rstrip("0").rstrip(".")
