"""The audit of parsed bars: bad rows are split off with their reason, the rest is judged as a whole."""

from dataclasses import dataclass

import polars as pl

from bcdata.bars.schema import BAR, CONTRACT_BAR, PARSED_BAR, conform
from bcdata.intervals import Interval
from bcdata.quality.duplicates import resolve
from bcdata.quality.models import audit, bar_model
from bcdata.quality.rules import blame, count_violations, findings, row_rules, warning_rules
from bcdata.quality.verdict import Finding, Severity, Verdict


@dataclass(frozen=True, slots=True)
class Audited:
    """Bars fit to publish, the rows set aside (as sent, with `reason`), and the verdict."""

    bars: pl.DataFrame
    rejected: pl.DataFrame
    verdict: Verdict


def audit_bars(raw: pl.DataFrame, *, interval: Interval, max_bad_share: float, bad_lines: int = 0) -> Audited:
    """Judges raw rows of one partition.

    Args:
        raw: rows as sent (times in µs), with `from_us`, `to_us` (the window of the row's object) and `rank`; and
            `known_at` (µs), if the received bars of some ended later than their calendar says.
        interval: the length of the bars.
        max_bad_share: the share of rows above which the whole partition fails.
        bad_lines: lines that were no rows at all; they count as bad rows.
    """
    rules = row_rules(interval)
    found: list[Finding] = []
    sound, rejected = raw, raw.clear().with_columns(pl.lit(None, dtype=pl.String).alias("reason"))
    if count_violations(raw, rules):
        found.extend(findings(raw, rules))
        blamed = raw.with_columns(blame(rules))
        sound = blamed.filter(pl.col("reason").is_null()).drop("reason")
        rejected = blamed.filter(pl.col("reason").is_not_null())
    resolved = resolve(sound)
    found.extend(resolved.findings)
    rejected = (
        pl.concat([rejected, resolved.rejected]).sort("open_time", "object", "line").drop("known_at", strict=False)
    )
    if bad_lines:
        found.append(Finding("unreadable_line", Severity.ROW, bad_lines, "a line is no row of klines"))

    found.extend(findings(resolved.rows, warning_rules(interval)))
    contracts = "contracts" in raw.columns
    bars = conform(
        resolved.rows.with_columns(pl.col("open_time").cast(BAR["open_time"])),
        CONTRACT_BAR if contracts else PARSED_BAR,
    )
    found.extend(too_many(rejected.height + bad_lines, raw.height + bad_lines, max_bad_share))
    found.extend(audit(bars, bar_model(interval, contracts=contracts)))
    return Audited(bars, rejected, Verdict(bars.height, tuple(found)))


def too_many(bad: int, total: int, max_bad_share: float) -> list[Finding]:
    """What it costs that so many rows of all are bad: the partition, where that is more than the share allows."""
    if not total or bad / total <= max_bad_share:
        return []
    message = f"{bad} of {total} rows are bad, more than the share of {max_bad_share:.0%} that the catalog allows"
    return [Finding("bad_share", Severity.PARTITION, bad, message)]
