"""Runs again what did not end well, from where it stopped, in this process."""

from contextlib import nullcontext
from pathlib import Path

import dagster as dg

from bcdata.catalog import Catalog
from bcdata.dagster.build import build_defs
from bcdata.dagster.checks import NOT_PUBLISHED_TAG
from bcdata.dagster.history.listing import BACKFILL_TAG, LOST, PARENT_TAG, SHORT, status_of
from bcdata.dagster.history.scope import scope_of, step_key, steps_of
from bcdata.dagster.internals import Backfill, is_over
from bcdata.dagster.launch import FOLDER_TAG, Report, execute
from bcdata.errors import UsageError
from bcdata.pipeline.zones import Step
from bcdata.runs.plan import Plan
from bcdata.runs.progress import Listener, listening
from bcdata.store.state.liveness import dead_runs, forget

_IMPLICIT = "__ASSET_JOB"
_ROOT_TAG = "dagster/root_run_id"
_RETRYABLE = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)
_OF_ONE_RUN = (
    NOT_PUBLISHED_TAG,
    BACKFILL_TAG,
    "dagster/will_retry",
    "dagster/auto_retry_run_id",
    "dagster/step_selection",
)
"""Tags that tell of the run itself and not of its work. A retry of a backfill's run is nobody's but its own."""


def to_retry(instance: dg.DagsterInstance, root: Path, one: dg.DagsterRun | Backfill) -> list[dg.DagsterRun]:
    """The runs that a retry of it runs again: itself, or those of a backfill that did not end well.

    Raises:
        UsageError: there is nothing to run again, with the reason.
    """
    if not isinstance(one, dg.DagsterRun):
        return _of_backfill(instance, root, one)
    one = _settled(instance, root, one)
    short, status = one.run_id[:SHORT], status_of(instance, one, ())
    if folder := one.tags.get(FOLDER_TAG):  # again would fetch what it was to spare
        raise UsageError(f"run {short} imported files, and the command goes on from there: bcdata import {folder}")
    if _is_unfinished(one):
        if newer := newest_retry(instance, one):
            newer = _settled(instance, root, newer)
            words = f"run {short} was tried again as {newer.run_id[:SHORT]}, which is {status_of(instance, newer, ())}"
            raise UsageError(f"{words}; retry that one" if _is_unfinished(newer) else words)
        return [one]
    if one.is_finished:
        raise UsageError(f"run {short} is done, and every partition of it is published: there is nothing to run again")
    raise UsageError(f"run {short} is {status}; wait for it, or end it first: bcdata jobs cancel {short}")


def retry(
    instance: dg.DagsterInstance, catalog: Catalog, run: dg.DagsterRun, listener: Listener | None = None
) -> Report:
    """Makes the assets of a run over assets that it did not make; any other job is run again as a whole.

    Raises:
        UsageError: the catalog in force has no such job, or none of the assets, any more.
        KeyboardInterrupt: Ctrl-C came while a step was at work.
    """
    report, defs = Report(), build_defs(catalog)
    names = defs.get_repository_def().job_names
    if run.job_name not in {*names, _IMPLICIT}:
        raise UsageError(f"the catalog has no job {run.job_name} any more, so its runs cannot be run again")
    job = (
        defs.resolve_implicit_global_asset_job_def()
        if run.job_name == _IMPLICIT
        else defs.resolve_job_def(run.job_name)
    )
    assets = _left(instance, catalog, run)
    if run.asset_selection and not assets:
        raise UsageError(f"the catalog has none of the assets of run {run.run_id[:SHORT]} any more")
    tags = {name: value for name, value in run.tags.items() if name not in _OF_ONE_RUN}
    tags |= {PARENT_TAG: run.run_id, _ROOT_TAG: _root_of(run)}
    with listening(report), listening(listener) if listener else nullcontext():
        execute(instance, job, report, assets=assets, tags=tags, run_config=run.run_config)
    return report


def plan_of(instance: dg.DagsterInstance, catalog: Catalog, run: dg.DagsterRun) -> Plan | None:
    """What a retry of a run over assets will bring up to date; None for other jobs."""
    left = _left(instance, catalog, run)
    cells = scope_of(run, catalog, instance).cells
    if not left or not cells:
        return None
    symbols, dates = dict.fromkeys(one for one, _ in cells), sorted({one for _, one in cells})
    return Plan(catalog[left[-1].dataset], tuple(symbols), tuple(dates), tuple(left))


def newest_retry(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRun | None:
    """The last run of the same root that came after it, if one did."""
    group = instance.get_runs(dg.RunsFilter(tags={_ROOT_TAG: _root_of(run)}))  # newest first
    return group[0] if group and group[0].run_id != run.run_id else None


def _left(instance: dg.DagsterInstance, catalog: Catalog, run: dg.DagsterRun) -> list[Step]:
    """The assets of a run that it did not make: those that failed, and all after them.

    Where partitions alone failed these are all: what is published is neither fetched nor computed again.
    """
    if NOT_PUBLISHED_TAG in run.tags:
        return steps_of(run, catalog)
    stats = instance.get_run_step_stats(run.run_id)
    ended = {one.step_key for one in stats if one.status and one.status.value == "SUCCESS"}
    return [step for step in steps_of(run, catalog) if step_key(step) not in ended]


def _settled(instance: dg.DagsterInstance, root: Path, run: dg.DagsterRun) -> dg.DagsterRun:
    """The run; one whose process has ended without finishing it is noted as failed first."""
    if status_of(instance, run, dead_runs(root)) != LOST:
        return run
    instance.report_run_failed(run, "its process has ended without finishing it")
    forget(root, run.run_id)
    return instance.get_run_by_id(run.run_id) or run


def _is_unfinished(run: dg.DagsterRun) -> bool:
    return run.status in _RETRYABLE


def _root_of(run: dg.DagsterRun) -> str:
    return run.root_run_id or run.tags.get(_ROOT_TAG) or run.run_id


def _of_backfill(instance: dg.DagsterInstance, root: Path, one: Backfill) -> list[dg.DagsterRun]:
    if not is_over(one):
        words = f"backfill {one.backfill_id} is at work"
        raise UsageError(f"{words}; wait for it, or end it first: bcdata jobs cancel {one.backfill_id}")
    runs = instance.get_runs(dg.RunsFilter(tags={BACKFILL_TAG: one.backfill_id}))[::-1]
    newest = {_root_of(run): _settled(instance, root, newest_retry(instance, run) or run) for run in runs}
    found = [run for run in newest.values() if _is_unfinished(run)]
    if found:
        return found
    if at_work := [run.run_id[:SHORT] for run in newest.values() if not run.is_finished]:
        words = f"what failed in backfill {one.backfill_id} is tried again by run {', '.join(at_work)}"
        raise UsageError(f"{words}; wait for it, or end it first: bcdata jobs cancel {at_work[0]}")
    failed = [run for run in runs if _is_unfinished(run)]
    why = "what failed was tried again, and is done" if failed else f"none of its {len(runs)} runs failed"
    why = why if runs else "it started none; launch it anew"
    raise UsageError(f"backfill {one.backfill_id} has no run to run again: {why}")
