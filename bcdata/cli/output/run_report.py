"""What became of a run, on the terminal and as JSON."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from bcdata.cli.output.findings import print_findings
from bcdata.cli.output.show import print_json
from bcdata.cli.output.tables import print_table
from bcdata.pipeline.zones import Step, Zone
from bcdata.sizes import counted, size
from bcdata.terminal.console import err, notes, out

if TYPE_CHECKING:
    from bcdata.dagster.launch import Report
    from bcdata.pipeline.outcome import Outcome
    from bcdata.pipeline.records.findings import ReportedFinding
    from bcdata.runs.plan import Plan


def conclude(plan: "Plan", report: "Report", *, as_json: bool) -> None:
    """Shows what became of a plan: counts, findings, causes of what failed, and what is missing."""
    if as_json:
        print_json(document(plan, report))
        return
    found = _findings(report)
    columns, rows = _counts(plan, report)
    print_table(columns, rows, title=plan.dataset.name)
    print_findings(found)
    for line in _causes(report):
        err.print(line, highlight=False, markup=False)
    for line in _unanswered(report):
        notes.print(line, highlight=False, markup=False)
    for message in report.errors:
        err.print(f"error: {message}", highlight=False, markup=False)
    for line in _missing(report):
        out.print(line, highlight=False)


def document(plan: "Plan", report: "Report") -> dict[str, Any]:
    """What became of a plan, as JSON."""
    return {
        "dataset": plan.dataset.name,
        "ok": report.ok,
        "runs": report.runs,
        "errors": report.errors,
        "partitions": [_plain(step, outcome) for step, outcome in report.outcomes],
        "findings": [one.to_json() for one in _findings(report)],
    }


def _findings(report: "Report") -> "list[ReportedFinding]":
    from bcdata.pipeline.records.findings import of_outcome

    return [one for step, outcome in report.outcomes for one in of_outcome(step, outcome)]


def _counts(plan: "Plan", report: "Report") -> tuple[list[str], list[list[Any]]]:
    """Partitions of each asset by what became of them, without the states that none has; rows and bytes."""
    counts: dict[Step, Counter[str]] = {step: Counter() for step in plan.steps}
    rows, fetched = Counter[Step](), Counter[Step]()
    for step, outcome in report.outcomes:
        counts[step][outcome.state.value] += 1
        rows[step] += outcome.verdict.rows
        fetched[step] += outcome.fetched
    states = [state for state in _STATES if any(count[state] for count in counts.values())]
    table = [
        [_label(plan, step), *(count[state] for state in states), rows[step], size(fetched[step] or None)]
        for step, count in counts.items()
    ]
    return ["asset", *states, "rows", "fetched"], table


def _label(plan: "Plan", step: Step) -> str:
    """An asset by what tells it from the others of the table, whose title is the dataset."""
    return "/".join(part for part in step.key if part != plan.dataset.name)


def _causes(report: "Report") -> list[str]:
    """One line a cause: the first asset at which a partition stopped, and how many stopped there alike."""
    first: dict[tuple[str, str], tuple[Step, Outcome]] = {}
    for step, outcome in report.outcomes:
        if not outcome.ok:
            first.setdefault((outcome.partition.symbol, outcome.partition.date), (step, outcome))
    alike: dict[tuple[str, str], list[Outcome]] = {}
    for step, outcome in first.values():
        alike.setdefault(("/".join(step.key), outcome.verdict.summary()), []).append(outcome)
    return [
        f"{asset}: {stopped[0].partition.symbol} {stopped[0].partition.date}"
        + (f" and {len(stopped) - 1} more" if len(stopped) > 1 else "")
        + f" {stopped[0].state}: {why}"
        for (asset, why), stopped in alike.items()
    ]


def _unanswered(report: "Report") -> list[str]:
    """A warning where a source that only repairs could not be asked."""
    found = [
        finding
        for _, outcome in report.outcomes
        for finding in outcome.verdict.findings
        if finding.rule == "refill_unanswered"
    ]
    if not found:
        return []
    return [f"warning: REST left questions of {counted(len(found), 'partition')} unanswered: {found[0].message}"]


_STATES = ("published", "unchanged", "held back", "failed")


def _missing(report: "Report") -> list[str]:
    total: dict[str, int] = {}
    for step, outcome in report.outcomes:
        if step.zone is Zone.MERGED and outcome.ok:
            for status, bars in outcome.verdict.facts.get("missing", {}).items():
                total[status] = total.get(status, 0) + bars
    return (
        [f"gap ledger: {', '.join(f'{bars:,} bars {status}' for status, bars in sorted(total.items()))}"]
        if total
        else []
    )


def _plain(step: Step, outcome: "Outcome") -> dict[str, Any]:
    return {
        "asset": list(step.key),
        "symbol": outcome.partition.symbol,
        "date": outcome.partition.date,
        "state": outcome.state.value,
        "rows": outcome.verdict.rows,
        "fetched": outcome.fetched,
        "requests": outcome.requests,
        "verdict": outcome.verdict.to_json(),
    }
