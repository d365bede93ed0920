"""Ends a run or a backfill, whoever started it."""

import os
import signal
import time
from pathlib import Path

import dagster as dg

from bcdata.dagster.history.listing import SHORT, status_of, status_of_backfill
from bcdata.dagster.internals import Backfill, cancel_backfill, is_over
from bcdata.errors import UsageError
from bcdata.store.state.liveness import dead_runs, forget, process_of

_PATIENCE = 30.0
"""Seconds to wait for a run to end: it finishes the request or partition at hand."""
_PAUSE = 0.1


def cancel(
    instance: dg.DagsterInstance, root: Path, one: dg.DagsterRun | Backfill, *, patience: float = _PATIENCE
) -> str:
    """Ends it; says what has become of it.

    A waiting run leaves the queue, a run of a command is interrupted as by Ctrl-C, a run of the daemon is ended by
    Dagster, and of one whose process is gone it is noted that it is over. What is published stays.

    Raises:
        UsageError: it is over, or nobody can reach it from here.
    """
    if not isinstance(one, dg.DagsterRun):
        if is_over(one):
            raise UsageError(f"backfill {one.backfill_id} is over: {status_of_backfill(one)}")
        cancel_backfill(instance, one)
        return f"backfill {one.backfill_id} is canceling: Dagster's daemon ends its runs"
    short = one.run_id[:SHORT]
    if one.is_finished:
        raise UsageError(f"run {short} is over: {status_of(instance, one, ())}")
    if one.status is dg.DagsterRunStatus.QUEUED:
        instance.report_run_canceling(one)
        instance.report_run_canceled(one)
        return f"run {short} left the queue"
    if (process := process_of(root, one.run_id)) is not None:
        instance.report_run_canceling(one)
        os.kill(process, signal.SIGINT)
    elif one.run_id in set(dead_runs(root)):
        instance.report_run_canceled(one, message="its process had ended without finishing it")
        forget(root, one.run_id)
        return f"run {short} is canceled: its process had ended without finishing it"
    elif not instance.run_coordinator.cancel_run(one.run_id):
        words = f"run {short} is {status_of(instance, one, ())}, and no process of this machine works on it"
        raise UsageError(f"{words}: end it where it runs")
    return f"run {short} {_after(instance, one.run_id, patience)}"


def _after(instance: dg.DagsterInstance, run_id: str, patience: float) -> str:
    """How the run ended, or that it is still ending."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        run = instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return "is over: " + (status_of(instance, run, ()) if run else "it was deleted")
        time.sleep(_PAUSE)
    return "was told to end, and is still at work on a partition"
