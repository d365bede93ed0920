"""People are told of runs that failed."""

import re
from collections.abc import Sequence

import dagster as dg

from bcdata import clock
from bcdata.alerts.settings import AlertSettings
from bcdata.dagster.checks import is_of_gate
from bcdata.dagster.partitions import ONE, RANGE_END, RANGE_START, is_of_command
from bcdata.dagster.resources import StoreResource

_RANGE = (RANGE_START, RANGE_END, ONE)


def on_if_wanted() -> dg.DefaultSensorStatus:
    """Alerts have one switch: whether there is anybody to tell."""
    return dg.DefaultSensorStatus.RUNNING if AlertSettings().is_on else dg.DefaultSensorStatus.STOPPED


def run_failure_sensor() -> dg.SensorDefinition:
    """One sensor for all jobs."""

    @dg.run_failure_sensor(
        name="alert_run_failure",
        minimum_interval_seconds=60,
        default_status=on_if_wanted(),
        description="Tells the channels of BCDATA_ALERT_URLS of runs that failed; alike ones are one message.",
    )
    def sensor(context: dg.RunFailureSensorContext, store: StoreResource) -> dg.SkipReason:
        from bcdata.alerts.deliver import tell
        from bcdata.reporting.notices import run_failure

        run, failures = context.dagster_run, context.get_step_failure_events()
        if is_of_command(run):
            return dg.SkipReason("a command's run: it has told whoever started it")
        if failures and all(is_of_gate(event) for event in failures):
            return dg.SkipReason("partitions were not published, which alert_quality tells")
        if run.status is dg.DagsterRunStatus.CANCELED:
            return dg.SkipReason(f"run {run.run_id} was ended by somebody")
        partitions = " .. ".join(run.tags[tag] for tag in _RANGE if tag in run.tags)
        cause = root_cause(
            [one for one in failures if not is_of_gate(one)], context.failure_event.message or "it failed"
        )
        done = tell(store.path(), [run_failure(run.job_name, run.run_id, partitions, cause)], clock.now())
        for trouble in done.troubles:
            context.log.warning(trouble)
        return dg.SkipReason(
            f"{done.sent} messages sent" if done.sent else "noted; told later, with others of its kind"
        )

    return sensor


def root_cause(events: Sequence[dg.DagsterEvent], otherwise: str) -> str:
    """The first line of the error at the bottom of the first failed step; Dagster's own words where no step failed."""
    error = events[0].step_failure_data.error if events else None
    while error is not None and error.cause is not None:
        error = error.cause
    text = error.message if error is not None else otherwise
    first = next((line.strip() for line in text.splitlines() if line.strip()), otherwise)
    return _OURS.sub("", first)


_OURS = re.compile(r"^bcdata\.errors\.\w+: ")
"""Errors whose words are meant for people: their names are not."""
