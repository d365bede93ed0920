"""Verdicts of the gate as Dagster asset checks: one check an asset, one evaluation a partition.

The gate itself is in the data (what fails is not published); a check only shows it. That is why none blocks.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from bcdata.operations.zones import Step

if TYPE_CHECKING:
    from bcdata.operations.outcome import Outcome

GATE = "gate"
_SHOWN = 20


def gate_spec(step: Step) -> dg.AssetCheckSpec:
    """The check that every asset has."""
    return dg.AssetCheckSpec(
        GATE,
        asset=dg.AssetKey(step.key),
        description="Write, audit, publish: whether the partition passed and was published; findings by rule.",
    )


def evaluation(step: Step, outcome: "Outcome", key: str) -> dg.AssetCheckEvaluation:
    """The verdict on one partition. Dagster itself would store one for a run, and none for its partitions."""
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(step.key),
        check_name=GATE,
        passed=outcome.ok,
        severity=_severity([outcome]),
        description=outcome.verdict.summary() or f"{outcome.state}: {outcome.verdict.rows:,} rows, nothing to remark",
        metadata=verdict_metadata(outcome),
        partition=key,
    )


def aggregate(step: Step, outcomes: Sequence["Outcome"]) -> dg.AssetCheckResult:
    """The verdict on a whole run."""
    bad = [outcome for outcome in outcomes if not outcome.ok]
    metadata: dict[str, Any] = {"partitions": len(outcomes), "not_published": len(bad)}
    if bad:
        lines = "\n".join(f"- **{one.partition}** {one.state}: {one.verdict.summary()}" for one in bad[:_SHOWN])
        metadata["which"] = dg.MetadataValue.md(lines)
    return dg.AssetCheckResult(
        check_name=GATE,
        asset_key=dg.AssetKey(step.key),
        passed=not bad,
        severity=_severity(outcomes),
        metadata=metadata,
    )


def verdict_metadata(outcome: "Outcome") -> dict[str, Any]:
    """State, rows, counts per rule and a sample of the rows that broke one."""
    verdict = outcome.verdict
    metadata: dict[str, Any] = {"state": outcome.state.value, "rows": verdict.rows}
    if verdict.findings:
        metadata["rules"] = dg.MetadataValue.json(
            {
                one.rule: {"severity": one.severity.value, "count": one.count, "why": one.message}
                for one in verdict.findings
            }
        )
        metadata["sample"] = dg.MetadataValue.json({one.rule: list(one.sample) for one in verdict.findings})
    return metadata


def _severity(outcomes: Sequence["Outcome"]) -> dg.AssetCheckSeverity:
    return dg.AssetCheckSeverity.WARN if all(one.ok for one in outcomes) else dg.AssetCheckSeverity.ERROR
