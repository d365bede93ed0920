"""What Dagster's pages show of verdicts: outcomes of partitions as values of checks, in words and tables."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from bcdata.pipeline.zones import Step

if TYPE_CHECKING:
    from bcdata.pipeline.outcome import Outcome
    from bcdata.quality.verdict import Finding, Verdict

GATE, FINDINGS = "gate", "findings"
_SHOWN = 20
_SAID = 3
_COSTS = {"warn": "costs nothing", "row": "costs these rows", "partition": "costs the partition"}


def evaluation(step: Step, outcome: "Outcome", key: str) -> dg.AssetCheckEvaluation:
    """The verdict of the gate on one partition."""
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(step.key),
        check_name=GATE,
        passed=outcome.ok,
        severity=dg.AssetCheckSeverity.WARN if outcome.ok else dg.AssetCheckSeverity.ERROR,
        description=reason(outcome) or f"{outcome.state}: {outcome.verdict.rows:,} rows, nothing to remark",
        metadata={"state": outcome.state.value, "rows": outcome.verdict.rows, **rules(outcome.verdict)},
        partition=key,
    )


def reason(outcome: "Outcome") -> str:
    """Why a partition was not published, or what there is to remark, in a line."""
    return outcome.verdict.summary()


def rules(verdict: "Verdict") -> dict[str, Any]:
    """A line for each rule that did not hold, and a table of some of the rows that broke it."""
    shown: dict[str, Any] = {}
    for one in verdict.findings:
        shown[f"rule {one.rule}"] = _line(one)
        if one.sample:
            shown[f"rows by {one.rule}"] = _table(one.sample)
    return shown


def facts(told: Mapping[str, Any]) -> dict[str, Any]:
    """What a zone tells beside its findings, a line each: `{"missing": {"open": 2}}` is `missing, open: 2`."""
    lines: dict[str, Any] = {}
    for name, value in told.items():
        if isinstance(value, Mapping):
            lines |= {f"{name}, {inner}": shown for inner, shown in facts(value).items()}
        elif isinstance(value, list):
            more = [f"and {len(value) - _SHOWN} more"] if len(value) > _SHOWN else []
            lines[name] = ", ".join([*map(str, value[:_SHOWN]), *more])
        elif value is not None:
            lines[name] = value if isinstance(value, int | float | str) else str(value)
    return lines


def _line(finding: "Finding") -> str:
    words = f"{finding.count:,} × {finding.rule}, {_COSTS[finding.severity.value]}"
    return f"{words}: {finding.message}" if finding.message else words


def _table(sample: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    columns = list(dict.fromkeys(name for row in sample for name in row))
    records = [dg.TableRecord({name: _cell(row.get(name)) for name in columns}) for row in sample]
    return dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(name, "string") for name in columns]))


def _cell(value: object) -> str:
    return "" if value is None else str(value).removesuffix("+00:00")


def gate_of_run(step: Step, standing: Mapping[str, str], keys: Collection[str] | None) -> dict[str, Any]:
    """The verdict of the gate after a run. It passes where no partition of the asset stands as not published.

    Args:
        step: the asset.
        standing: the partitions of the asset that are not published, by key, with the reasons.
        keys: the partitions of the run; None if it was about the whole asset.
    """
    own = sorted(standing if keys is None else standing.keys() & set(keys))
    others = sorted(standing.keys() - set(own))
    metadata: dict[str, Any] = {"not_published": len(own)} if keys is None else {
        "partitions": len(keys), "not_published": len(own), "not_published_elsewhere": len(others)
    }  # fmt: skip
    if standing:
        metadata["which"] = dg.MetadataValue.md(_listed(f"- **{key}** {standing[key]}" for key in (*own, *others)))
    said = [f"{_count(len(own))} not published"] if own else []
    said += [f"{_count(len(others))} of other runs not published"] if others else []
    said += [f"{key}: {standing[key]}" for key in (*own, *others)[:1]]
    return {
        "asset_key": dg.AssetKey(step.key),
        "check_name": GATE,
        "passed": not standing,
        "severity": dg.AssetCheckSeverity.ERROR if standing else dg.AssetCheckSeverity.WARN,
        "description": "; ".join(said) or "all partitions are published",
        "metadata": metadata,
    }


def findings_of_run(step: Step, outcomes: Collection["Outcome"]) -> dict[str, Any]:
    """What rules found in the partitions of a run, counted by rule, the costliest first."""
    from bcdata.pipeline.records.findings import count, of_outcome

    rows = [one for outcome in outcomes for one in of_outcome(step, outcome)]
    counted = count(rows)
    said = [f"{one.rule}: {one.rows:,} in {_count(one.partitions)}, {one.text}" for one in counted[:_SAID]]
    said += [f"{len(counted) - _SAID} more rules"] if len(counted) > _SAID else []
    metadata: dict[str, Any] = {"partitions": len(outcomes), "with_findings": len({(r.symbol, r.date) for r in rows})}
    if rows:
        lines = (f"- `{one.severity}` **{one.symbol} {one.date}** {one.rule}: {one.text}" for one in rows)
        metadata["which"] = dg.MetadataValue.md(_listed(lines))
    return {
        "asset_key": dg.AssetKey(step.key),
        "check_name": FINDINGS,
        "passed": not rows,
        "severity": dg.AssetCheckSeverity.WARN,
        "description": "; ".join(said) or f"nothing to remark in {_count(len(outcomes))}",
        "metadata": metadata,
    }


def _listed(lines: Iterable[str]) -> str:
    """The first lines, and how many more there are."""
    every = list(lines)
    more = [f"- and {len(every) - _SHOWN:,} more"] if len(every) > _SHOWN else []
    return "\n".join([*every[:_SHOWN], *more])


def _count(number: int) -> str:
    return f"{number:,} partition{'' if number == 1 else 's'}"
