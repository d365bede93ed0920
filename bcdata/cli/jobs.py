"""`bcdata jobs`: runs and backfills of this lake's Dagster instance, to look at, to end and to run again."""

from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bcdata.cli.complete import jobs as known_jobs
from bcdata.cli.output.run_report import conclude, document
from bcdata.cli.output.show import duration, print_json, say_if_no_lake
from bcdata.cli.output.tables import print_table
from bcdata.terminal.console import err, out

if TYPE_CHECKING:
    from bcdata.catalog import Catalog
    from bcdata.dagster.history.listing import Job
    from bcdata.dagster.launch import Report
    from bcdata.runs.plan import Plan

Json = Annotated[bool, typer.Option("--json", help="Report as JSON.")]
Number = Annotated[
    str,
    typer.Argument(metavar="ID", help="The ID of a run or a backfill, or its beginning.", autocompletion=known_jobs),
]
group = typer.Typer(invoke_without_command=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(group, name="jobs")


@group.callback()
def listing(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """List runs and backfills; end one, run one again.

    What they are about, how far they are, and how long they took. Progress counts partitions of assets that are
    made: those of an asset when all of them are. `jobs cancel ID` ends one, `jobs retry ID` runs again what failed.

    Example: bcdata jobs --limit 5
    """
    if context.invoked_subcommand is not None:
        return
    from bcdata.catalog import load_catalog
    from bcdata.dagster.history.listing import jobs
    from bcdata.dagster.launch import home_of, open_instance
    from bcdata.settings import Settings

    catalog, root, now = load_catalog(), Settings().root, datetime.now(UTC)  # Dagster goes by the real clock
    found: list[Job] = []
    if (home_of(root) / "dagster.yaml").is_file():
        with open_instance(root) as instance:
            found = jobs(instance, catalog, root, most=limit)
    if as_json:
        print_json([_plain(one, now) for one in found])
    elif found:
        columns = ["id", "what", "status", "progress", "started", "took", "partitions", "kind"]
        print_table(columns, [_row(one, now) for one in found])
    elif not say_if_no_lake(root):
        out.print(f"no runs yet in {home_of(root)}; begin with: bcdata materialize --help", highlight=False)


@group.command("cancel")
def cancel(number: Number) -> None:
    """End a run or a backfill. What is published stays.

    A run of a command ends as by Ctrl-C, one that waits leaves the queue, one whose process is gone is noted as over.

    Example: bcdata jobs cancel 6c8a7325
    """
    from bcdata.dagster.history.cancel import cancel as end
    from bcdata.dagster.history.found import find
    from bcdata.dagster.launch import open_instance

    root = _root()
    with open_instance(root) as instance:
        out.print(end(instance, root, find(instance, number)), highlight=False, markup=False)


@group.command("retry")
def retry(number: Number, as_json: Json = False) -> None:
    """Run again what failed in a run or a backfill.

    It goes on from where that stopped, in this process. Steps that had ended well are left out, and what is
    published is neither fetched nor computed again. Ends as `materialize` does: with status 0 when every partition
    is published, 1 when one failed or was held back. With `--json` a backfill has a list, a report for each run.

    Example: bcdata jobs retry 6c8a7325
    """
    from bcdata.catalog import load_catalog
    from bcdata.dagster.history.found import find, is_backfill
    from bcdata.dagster.history.retry import to_retry
    from bcdata.dagster.launch import open_instance

    root, catalog = _root(), load_catalog()
    with open_instance(root) as instance:
        one = find(instance, number)
        again = one.backfill_id if is_backfill(one) else None
        runs = to_retry(instance, root, one)
        done = [_run(instance, catalog, run, again=again, as_json=as_json) for run in runs]
    if as_json:
        documents = [_document(plan, report) for plan, report in done]
        print_json(documents if is_backfill(one) else documents[0])
    if not all(report.ok for _, report in done):
        raise typer.Exit(1)


def _run(
    instance: Any, catalog: "Catalog", run: Any, *, again: str | None, as_json: bool
) -> "tuple[Plan | None, Report]":
    from bcdata.dagster.history.listing import SHORT
    from bcdata.dagster.history.retry import newest_retry, plan_of
    from bcdata.dagster.history.retry import retry as run_again
    from bcdata.terminal.progress import RunProgress

    plan = plan_of(instance, catalog, run)
    progress = None if plan is None else RunProgress(plan, quiet=as_json)
    try:
        with progress or nullcontext():
            report = run_again(instance, catalog, run, progress)
    except KeyboardInterrupt:
        far = f": {progress.summary()}" if progress else ""
        again = again or (newest_retry(instance, run) or run).run_id[:SHORT]
        err.print(f"interrupted{far}. Go on from here: bcdata jobs retry {again}", highlight=False)
        raise typer.Exit(130) from None
    if as_json:
        return plan, report
    if plan is not None:
        conclude(plan, report, as_json=False)
    else:
        for message in report.errors:
            err.print(f"error: {message}", highlight=False, markup=False)
    went = "went on" if report.ok else "failed again"
    out.print(f"run {run.run_id[:SHORT]} {went} as {report.runs[0][:SHORT]}", highlight=False)
    return plan, report


def _document(plan: "Plan | None", report: "Report") -> dict[str, Any]:
    if plan is not None:
        return document(plan, report)
    return {"ok": report.ok, "runs": report.runs, "errors": report.errors}


def _root() -> Path:
    from bcdata.dagster.launch import home_of
    from bcdata.errors import UsageError
    from bcdata.settings import Settings

    root = Settings().root
    if not (home_of(root) / "dagster.yaml").is_file():
        raise UsageError(f"there are no runs: {home_of(root)} is no home of Dagster's; bcdata jobs lists them")
    return root


def _row(one: "Job", now: datetime) -> list[Any]:
    from bcdata.dagster.history.listing import SHORT

    progress = f"{one.done:,}/{one.total:,}" if one.total else ""
    begun = (one.started or one.created).replace(second=0, microsecond=0)
    took = duration(one.seconds(now))
    return [one.id[:SHORT], one.what, one.status, progress, begun, took, one.partitions, one.kind]


def _plain(one: "Job", now: datetime) -> dict[str, Any]:
    seconds = one.seconds(now)
    instants = {"created": one.created, "started": one.started, "ended": one.ended}
    return {
        "id": one.id,
        "kind": one.kind,
        "what": one.what,
        "partitions": one.partitions,
        "status": one.status,
        **{name: at.isoformat(timespec="seconds") if at else None for name, at in instants.items()},
        "seconds": None if seconds is None else round(seconds, 1),
        "done": one.done,
        "total": one.total,
        "goes_on_from": one.goes_on_from,
    }
