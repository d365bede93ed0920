"""A window in which coarser bars contradict the bars, and the words for it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from bcdata.quality.compared_windows import VALUES, Compared, large_differences
from bcdata.windows import Window

_WORDS = {name: name.replace("_", " ") for name in VALUES}


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A half-open window (UTC) of an hour, of a day where there are no hours, or of a run of rows without trades.

    `evidence` is plain English with both values.
    """

    window: Window
    evidence: str


def say_difference(row: Mapping[str, Any], one: Compared) -> str:
    """How a window of a comparison (a row of its table) differs: the first value that differs largely."""
    frame = pl.DataFrame([row], schema=one.table.schema)
    flags = frame.select(large_differences()).row(0, named=True)
    name = next((name for name in VALUES if flags[name]), "trades")
    return (
        f"the {one.coarse.name} bar of {row['open_time']:%Y-%m-%d %H:%M} has {_WORDS[name]} "
        f"{number(row[f'{name}_control'])} where the {one.fine.name} bars have {number(row[name])}"
    )


def number(value: float | None) -> str:
    """A number as people write it: thousands apart, no exponent, no trailing zeros."""
    if value is None:
        return "none"
    text = f"{value:,.8f}"
    return text.rstrip("0").rstrip(".")
