"""The audit of funding settlements: bad rows are split off with their reason, the rest is judged as a whole.

The input is a raw frame: `time` in µs as Int64, `funding_rate`, `hours`; `name`, `from_us` and `to_us`, the row's
object and the window that it names; and `line`, its number there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from bcdata.frames.schema import FUNDING
from bcdata.quality.duplicates import said_once
from bcdata.quality.models import audit, funding_model
from bcdata.quality.rules import Rule, blame, findings, sample
from bcdata.quality.shares import BadRows, bad_objects, set_aside_objects
from bcdata.quality.verdict import Finding, Severity, Verdict

VERSION = "4"
"""Change it with any rule, or with what the ledger of settlements says: partitions made before become stale."""
LONGEST_HOURS = 24
HIGHEST_RATE = 0.03
"""No settlement is of more, either way, by any cap that exchanges state."""
_LARGEST_RATE = 1
"""More than the whole position at one settlement: no cap comes near it, and what says so is no rate."""
BEYOND_CAP = "rate_beyond_cap"
_VALUES = ("time", "funding_rate", "hours")

IS_ALLOWED = pl.col("funding_rate").abs() <= HIGHEST_RATE
# Both edges: by its milliseconds a settlement may stand in the object before its own, or after it.
IS_NAMED = pl.col("time").is_between(pl.col("from_us"), pl.col("to_us"))
"""Whether a row lies in the time that its object names."""


def rules(*, states_intervals: bool) -> tuple[Rule, ...]:
    """The rules that cost a row, in the order in which a row is blamed. REST states no intervals."""
    needed = pl.col(_VALUES if states_intervals else _VALUES[:2])
    rate = pl.col("funding_rate")
    is_small = (rate.abs() <= _LARGEST_RATE) | ~rate.is_finite() | rate.is_null()  # others are blamed above
    found = (
        Rule("values", Severity.ROW, pl.all_horizontal(needed.is_not_null()), "a value is missing or no number"),
        Rule("finite", Severity.ROW, rate.is_finite(), "a rate is infinite or NaN"),
        Rule("magnitude", Severity.ROW, is_small, "a rate is too large"),
        Rule("content_matches_name", Severity.ROW, IS_NAMED, "the row lies outside the time that its object names"),
    )
    if not states_intervals:
        return found
    words = f"the interval is not of 1 to {LONGEST_HOURS} hours"
    return (*found, Rule("interval", Severity.ROW, pl.col("hours").is_between(1, LONGEST_HOURS), words))


@dataclass(frozen=True, slots=True)
class AuditedSettlements:
    """Settlements fit to publish (`FUNDING`), the rows set aside (raw, with `reason` and `evidence`), and the verdict.

    `bad_objects` are the objects (by name) that are set aside whole, and why.
    """

    settled: pl.DataFrame
    rejected: pl.DataFrame
    verdict: Verdict
    bad_objects: Mapping[str, BadRows]


def audit_settlements(raw: pl.DataFrame, *, max_bad_share: float, states_intervals: bool = True) -> AuditedSettlements:
    """Judges raw rows of one partition, in any order.

    Rows of one minute that say the same are one settlement said twice; of rows that disagree none can be trusted.

    Args:
        raw: rows as read.
        max_bad_share: the share of an object's rows above which the whole object is set aside.
        states_intervals: whether the source states the interval of each; one that does has to.
    """
    broken = rules(states_intervals=states_intervals)
    found = findings(raw, broken)
    blamed = raw.with_columns(blame(broken))
    none: dict[str, int] = {}
    bad = bad_objects(blamed, none, max_bad_share, by="name")
    blamed = set_aside_objects(blamed, bad, by="name")
    sound = blamed.filter(pl.col("reason").is_null()).drop("reason", "evidence").sort("time", maintain_order=True)
    unique, conflicting, repeated = said_once(sound, "time", _VALUES, "settlement")
    found += repeated
    rejected = pl.concat([blamed.filter(pl.col("reason").is_not_null()), conflicting]).sort("name", "line")
    settled = unique.select(
        pl.col("time").cast(FUNDING["time"]), "funding_rate", pl.col("hours").alias("interval_hours")
    )
    beyond = settled.filter(~IS_ALLOWED)
    if beyond.height:
        words = f"rates are beyond {HIGHEST_RATE}, which is more than the exchange allows"
        found.append(Finding(BEYOND_CAP, Severity.WARN, beyond.height, words, sample(beyond)))
    found += audit(settled, funding_model(FUNDING))
    return AuditedSettlements(settled, rejected, Verdict(settled.height, tuple(found)), bad)
