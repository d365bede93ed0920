"""`bcdata materialize`: a rectangle of symbols × dates, through as many zones as are asked for."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bcdata import clock
from bcdata.cli.findings import print_findings
from bcdata.cli.show import err, out, print_json, say_what_ends_at_raw, size, utf8
from bcdata.cli.tables import print_table
from bcdata.pipeline.zones import Step, Zone

if TYPE_CHECKING:
    from bcdata.dagster.launch import Report
    from bcdata.pipeline.outcome import Outcome
    from bcdata.runs.plan import Plan


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("materialize")(materialize)


def materialize(
    dataset: Annotated[str, typer.Option(help="A dataset of the catalog, e.g. spot_klines_1m.")],
    symbols: Annotated[str, typer.Option(help="Symbols with commas between, e.g. BTCUSDT,ETHUSDT.")],
    first: Annotated[str, typer.Option("--from", help="First date key, included: 2023-01, or 2023-01-05 by day.")],
    last: Annotated[str, typer.Option("--to", help="Last date key, included.")],
    until: Annotated[Zone | None, typer.Option(help="Only this zone and those before it; all by default.")] = None,
    no_refill: Annotated[bool, typer.Option("--no-refill", help="Do not ask REST for what the archive lacks.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    now_back: Annotated[
        bool, typer.Option("--now-back", help="Build as of now what was built as of a later instant.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Report as JSON.")] = False,
) -> None:
    """Bring bars and features of some symbols and dates up to date.

    Upstream zones run first. What is there and still true is neither fetched nor computed again. Ends with status
    0 when every partition is published, 1 when one failed or was held back, 2 when the request makes no sense.

    Example: bcdata materialize --dataset spot_klines_1m --symbols BTCUSDT,ETHUSDT --from 2023-01 --to 2023-06
    """
    from bcdata.catalog import load_catalog
    from bcdata.net.settings import HttpSettings
    from bcdata.providers.registry import provider_of
    from bcdata.runs.plan import MaterializeRequest, make_plan
    from bcdata.settings import Settings

    catalog = load_catalog()
    HttpSettings()  # a mistake in a setting is said before anything runs
    wanted = tuple(name.strip() for name in utf8(symbols, "a name").split(",") if name.strip())
    request = MaterializeRequest(dataset, wanted, first, last, until, not no_refill)
    plan = make_plan(catalog, request, clock.now())
    for source in plan.dataset.sources:
        if (settings := provider_of(source).settings) is not None:
            settings()
    root = Settings().root
    say_what_ends_at_raw([plan.dataset])
    if dry_run:
        _dry_run(root, catalog, plan, as_json=as_json)
        return
    report = _run(root, catalog, plan, now_back=now_back, as_json=as_json)
    _conclude(plan, report, as_json=as_json)
    if not report.ok:
        raise typer.Exit(1)


def _dry_run(root: Path, catalog: Any, plan: "Plan", *, as_json: bool) -> None:
    from bcdata.dagster.launch import count_runs, open_instance
    from bcdata.runs.estimate import estimate

    with open_instance(root) as instance:
        runs = count_runs(instance, plan)
    found = estimate(root, catalog, plan, runs=runs)
    if as_json:
        print_json(found)
        return
    print_table(
        ["symbols", "dates", "assets", "partitions", "runs", "objects to fetch", "bytes to fetch",
         "control objects", "bytes of these", "requests"],
        [[found["symbols"], found["dates"], found["assets"], found["partitions"], found["runs"], found["objects"],
          size(found["bytes"]), found["control_objects"], size(found["control_bytes"]), found["requests"]]],
        title=f"{plan.dataset.name}: what a run would do",
    )  # fmt: skip


def _run(root: Path, catalog: Any, plan: "Plan", *, now_back: bool, as_json: bool) -> "Report":
    from bcdata.cli.progress import RunProgress
    from bcdata.runs.preflight import prepare

    prepare(root, plan)
    from bcdata.dagster.launch import launch, open_instance

    progress = RunProgress(plan, quiet=as_json)
    try:
        with open_instance(root) as instance, progress:
            return launch(instance, catalog, plan, progress, now_back=now_back)
    except KeyboardInterrupt:
        err.print(f"interrupted: {progress.summary()}. Run the same command again to go on from here.", highlight=False)
        raise typer.Exit(130) from None


def _conclude(plan: "Plan", report: "Report", *, as_json: bool) -> None:
    from bcdata.pipeline.records.findings import of_outcome

    found = [one for step, outcome in report.outcomes for one in of_outcome(step, outcome)]
    if as_json:
        print_json(
            {
                "dataset": plan.dataset.name,
                "ok": report.ok,
                "runs": report.runs,
                "errors": report.errors,
                "partitions": [_plain(step, outcome) for step, outcome in report.outcomes],
                "findings": [one.to_json() for one in found],
            }
        )
        return
    columns, rows = _counts(plan, report)
    print_table(columns, rows, title=plan.dataset.name)
    print_findings(found)
    for line in (*_causes(report), *_unanswered(report)):
        err.print(line, highlight=False, markup=False)
    for message in report.errors:
        err.print(f"error: {message}", highlight=False, markup=False)
    for line in _missing(report):
        out.print(line, highlight=False)


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
    return [f"warning: REST left questions of {len(found)} partitions unanswered: {found[0].message}"]


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
