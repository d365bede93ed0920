"""Days that no coarser bar confirms: jumps of the price, volumes and repetitions are looked at instead. Pure."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

import polars as pl

from bcdata.interval import Interval
from bcdata.quality.compare.coarser import Contradiction
from bcdata.quality.compare.contradiction import number
from bcdata.quality.compare.suspicion import Step, find_steps, repeated_days, split_returning, unusual_volume_per_trade
from bcdata.quality.verdict import SAMPLE, Finding, Severity
from bcdata.windows import Window

STEP = "step"


def look_into(
    bars: pl.DataFrame, interval: Interval, unconfirmed: Collection[date], between: Sequence[Window] = ()
) -> tuple[list[Contradiction], list[Finding]]:
    """The windows of rows that are held back, and what else is suspicious.

    A jump that a later one takes back sets the rows between aside. One that nothing takes back is published with a
    finding: a real crash is exactly when no second source answers.

    Args:
        bars: sound bars (`BAR`), ascending.
        interval: their length.
        unconfirmed: UTC days with bars that no control covers.
        between: the times between two instruments of one ticker: a jump over them is none.
    """
    if not unconfirmed:
        return [], []
    days = set(unconfirmed)
    steps = [step for step in find_steps(bars, interval) if _touches(step, interval, days)]
    steps = [step for step in steps if not _is_across(step, bars, between)]
    windows, left = split_returning(steps)
    at = {step.at: step for step in steps}
    held = [
        Contradiction(one, f"{_said(at[one.start])}, and comes back at {one.end:%Y-%m-%d %H:%M}") for one in windows
    ]
    findings = []
    if left:
        shown = tuple({"open_time": one.at.isoformat(), "close": one.close, "open": one.open} for one in left[:SAMPLE])
        findings.append(Finding(STEP, Severity.WARN, len(left), f"{_said(left[0])}; published", shown))
    return held, [*findings, *_volumes(bars, days), *_repetitions(bars, days)]


def _touches(step: Step, interval: Interval, days: set[date]) -> bool:
    """Whether one of the two bars lies on a day that is not confirmed."""
    assert interval.length is not None  # noqa: S101 # nosec B101 # months have no steps
    return step.at.date() in days or (step.at - interval.length).date() in days


def _is_across(step: Step, bars: pl.DataFrame, between: Sequence[Window]) -> bool:
    """Whether the two bars of a jump belong to two instruments."""
    before = bars.filter(pl.col("open_time") < step.at)["open_time"].max()
    return any(isinstance(before, datetime) and before < one.end <= step.at for one in between)


def _said(step: Step) -> str:
    prices = f"from {number(step.close)} to {number(step.open)}"
    return f"the price jumps {prices} at {step.at:%Y-%m-%d %H:%M}, which no coarser bar confirms"


def _volumes(bars: pl.DataFrame, days: set[date]) -> list[Finding]:
    found = [(day, factor) for day, factor in unusual_volume_per_trade(bars) if day in days]
    if not found:
        return []
    day, factor = found[0]
    words = f"volume per trade of {day} is {factor:.3g} times the median of the seven days before"
    shown = tuple({"day": one.isoformat(), "factor": factor} for one, factor in found[:SAMPLE])
    return [Finding("volume_per_trade", Severity.WARN, len(found), words, shown)]


def _repetitions(bars: pl.DataFrame, days: set[date]) -> list[Finding]:
    found = [(day, first) for day, first in repeated_days(bars) if day in days or first in days]
    if not found:
        return []
    words = f"{found[0][0]} has the very values of {found[0][1]}"
    shown = tuple({"day": day.isoformat(), "same_as": first.isoformat()} for day, first in found[:SAMPLE])
    return [Finding("repeated_day", Severity.WARN, len(found), words, shown)]
