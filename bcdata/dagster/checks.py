"""Verdicts of the gate as Dagster asset checks: `gate`, one evaluation a partition, and `findings`, one a run.

The gate itself is in the data (what fails is not published); a check only shows it. That is why none blocks.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from bcdata.pipeline.zones import Step

if TYPE_CHECKING:
    from bcdata.pipeline.outcome import Outcome

GATE, FINDINGS = "gate", "findings"
NOT_PUBLISHED_TAG = "bcdata/not_published"
_SHOWN = 20
_SAID = 3


def specs(step: Step) -> list[dg.AssetCheckSpec]:
    """The checks that every asset has."""
    told = {
        GATE: "Write, audit, publish: whether the partition passed and was published; findings by rule.",
        FINDINGS: "What rules found in the partitions of the last run, published or not: a warning where there is any.",
    }
    return [dg.AssetCheckSpec(name, asset=dg.AssetKey(step.key), description=text) for name, text in told.items()]


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


def results(step: Step, outcomes: Sequence["Outcome"]) -> list[dg.AssetCheckResult]:
    """The verdicts on a whole run."""
    return [_gate(step, outcomes), dg.AssetCheckResult(**_found(step, outcomes))]


def findings(step: Step, outcomes: Sequence["Outcome"]) -> dg.AssetCheckEvaluation:
    """What rules found in the partitions of a run, as an event of its own: healing has no steps that are assets."""
    return dg.AssetCheckEvaluation(**_found(step, outcomes))


def _found(step: Step, outcomes: Sequence["Outcome"]) -> dict[str, Any]:
    """Findings counted by rule, the costliest first."""
    from bcdata.pipeline.records.findings import count, of_outcome

    rows = [one for outcome in outcomes for one in of_outcome(step, outcome)]
    counted = count(rows)
    said = [f"{one.rule}: {one.rows:,} in {_partitions(one.partitions)}, {one.text}" for one in counted[:_SAID]]
    said += [f"{len(counted) - _SAID} more rules"] if len(counted) > _SAID else []
    metadata: dict[str, Any] = {"partitions": len(outcomes), "with_findings": len({(r.symbol, r.date) for r in rows})}
    if rows:
        lines = [f"- `{one.severity}` **{one.symbol} {one.date}** {one.rule}: {one.text}" for one in rows[:_SHOWN]]
        metadata["which"] = dg.MetadataValue.md("\n".join(lines))
    return {
        "asset_key": dg.AssetKey(step.key),
        "check_name": FINDINGS,
        "passed": not rows,
        "severity": dg.AssetCheckSeverity.WARN,
        "description": "; ".join(said) or f"nothing to remark in {_partitions(len(outcomes))}",
        "metadata": metadata,
    }


def _partitions(number: int) -> str:
    return f"{number:,} partition{'' if number == 1 else 's'}"


def _gate(step: Step, outcomes: Sequence["Outcome"]) -> dg.AssetCheckResult:
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


def note_not_published(instance: dg.DagsterInstance, run_id: str, outcomes: Iterable["Outcome"]) -> None:
    """Tags the run with how many partitions it did not publish: to Dagster it succeeds all the same.

    A step adds to what those before it have noted.
    """
    left = sum(not outcome.ok for outcome in outcomes)
    run = instance.get_run_by_id(run_id) if left else None
    if run is not None:
        noted = int(run.tags.get(NOT_PUBLISHED_TAG, "0"))
        instance.add_run_tags(run_id, {NOT_PUBLISHED_TAG: str(noted + left)})
