"""The one place that starts Dagster runs from a plan, in this process, and collects what became of them."""

import logging
import os
import sqlite3
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from sqlalchemy.exc import DBAPIError

from bcdata import errors
from bcdata.catalog import Catalog
from bcdata.dagster.build import build_defs
from bcdata.dagster.checks import is_of_gate
from bcdata.dagster.internals import of_workspace
from bcdata.dagster.interrupts import is_interrupted, noticed
from bcdata.dagster.partitions import COMMAND_TAG, OWN_TAG, partitions_of, symbol_set, with_symbols
from bcdata.dagster_storage import BAD_SETTINGS, damaged_databases, instance_for_commands
from bcdata.errors import BcdataError
from bcdata.pipeline.outcome import Outcome
from bcdata.pipeline.zones import Step
from bcdata.runs.plan import NOW_BACK, Plan, RangeRun, stretches
from bcdata.runs.progress import Listener, listening
from bcdata.settings import Settings
from bcdata.sqlite_files import TOO_MANY_FILES, too_many_files, trouble
from bcdata.store.state.liveness import heartbeat, show_ended

FOLDER_TAG = "bcdata/import"
"""The tag of a run that puts files of a user into raw; its value is their folder."""
Instance = dg.DagsterInstance
"""What Dagster knows of: for those who hand it on, and know nothing else of Dagster."""
_NAMED = 3


@dataclass(slots=True)
class Report:
    """What became of a plan: outcomes by asset, and the runs that made them."""

    outcomes: list[tuple[Step, Outcome]] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def fetched(self, _step: Step, _size: int) -> None:
        """Outcomes have their bytes."""

    def ended(self, step: Step, outcome: Outcome) -> None:
        """Notes an outcome."""
        self.outcomes.append((step, outcome))

    @property
    def ok(self) -> bool:
        """Whether every partition that was asked for is published."""
        return not self.errors and all(outcome.ok for _, outcome in self.outcomes)


@contextmanager
def open_instance(root: Path) -> Iterator[dg.DagsterInstance]:
    """The Dagster instance: DAGSTER_HOME, else a working directory with a dagster.yaml, else `<root>/.dagster`.

    Raises:
        BcdataError: its folder, its settings or its databases cannot be used.
    """
    try:
        os.environ["DAGSTER_HOME"] = str(_home(root))
        logging.getLogger("dagster").setLevel(logging.ERROR)
        # Of a cursor that Ctrl-C left behind it logs a traceback; what goes wrong is raised as well.
        logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
        with _instance() as instance:
            yield instance
    except (DBAPIError, sqlite3.Error) as error:
        raise BcdataError(_storage_trouble(getattr(error, "orig", None) or error)) from error
    except OSError as error:
        if too_many_files(error):
            raise BcdataError(TOO_MANY_FILES) from error
        raise BcdataError(f"cannot use {error.filename} for DAGSTER_HOME: {error.strerror or error}") from error


def _instance() -> dg.DagsterInstance:
    try:
        return instance_for_commands(Path(os.environ["DAGSTER_HOME"]))
    except (*BAD_SETTINGS, yaml.YAMLError) as error:
        settings = Path(os.environ["DAGSTER_HOME"], "dagster.yaml")
        words = " ".join(str(error).split())[:300]
        raise BcdataError(
            f"{settings} cannot be used: {words}; correct it, or move it away: a home without one is given a sound one"
        ) from None


def home_of(root: Path) -> Path:
    """Where the instance of a lake is, there or not."""
    if given := os.environ.get("DAGSTER_HOME"):
        return Path(given).absolute()
    return Path.cwd() if Path("dagster.yaml").is_file() else (root / ".dagster").absolute()


def _home(root: Path) -> Path:
    """The directory of the instance, made if it is not there."""
    home = home_of(root)
    home.mkdir(parents=True, exist_ok=True)
    return _settled(home)


def _settled(home: Path) -> Path:
    """Gives an empty home its settings, whole or not at all: another process may be starting there."""
    settings = home / "dagster.yaml"
    if not settings.exists():
        draft = home / f".dagster.yaml.{os.getpid()}"
        draft.write_text(_SETTINGS)
        draft.replace(settings)
    return home


_SETTINGS = """\
# Made by bcdata in an empty home. The files are those of Dagster's own defaults.
storage:
  custom:
    module: bcdata.dagster_storage
    class: PooledSqliteStorage
    config:
      base_dir: .
telemetry:
  enabled: false
nux:
  enabled: false
"""


def add_symbols(instance: dg.DagsterInstance, plan: Plan) -> list[RangeRun]:
    """Makes the plan's symbols partitions where they are not, and splits the plan into the fewest range runs."""
    known = with_symbols(instance, symbol_set(plan.dataset.market, plan.dataset.grain), plan.symbols)
    return [RangeRun(group, plan.dates) for group in stretches(plan.symbols, known)]


def count_runs(instance: dg.DagsterInstance, plan: Plan) -> int:
    """How many range runs the plan comes to, with its new symbols added at the end; adds none."""
    known = list(instance.get_dynamic_partitions(symbol_set(plan.dataset.market, plan.dataset.grain)))
    return len(stretches(plan.symbols, [*known, *sorted(set(plan.symbols) - set(known))]))


def launch(
    instance: dg.DagsterInstance,
    catalog: Catalog,
    plan: Plan,
    listener: Listener | None = None,
    *,
    now_back: bool = False,
) -> Report:
    """Runs the plan, one Dagster run for each stretch of neighbouring symbols, and reports on every partition.

    The listener hears of what happens meanwhile. With `now_back` partitions may be built as of an earlier instant than
    they were; runs have it as a tag.

    Raises:
        BcdataError: Dagster would cover other partitions than those that were asked for.
    """
    report = Report()
    job = build_defs(catalog).resolve_implicit_global_asset_job_def()
    command = str(uuid.uuid4())

    with listening(report), listening(listener) if listener else nullcontext():
        for run in add_symbols(instance, plan):
            _assert_covers(instance, catalog, plan, run)
            tags = {**run.tags, COMMAND_TAG: command, **({NOW_BACK: "true"} if now_back else {})}
            execute(instance, job, report, assets=plan.steps, tags=tags)
    return report


def execute(
    instance: dg.DagsterInstance,
    job: dg.JobDefinition,
    report: Report,
    *,
    assets: Sequence[Step] = (),
    tags: Mapping[str, str],
    run_config: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
) -> None:
    """One run in this process, which shows that it lives; notes in the report which it was, and what failed.

    `resources` take the place of the job's, by their keys.

    Raises:
        KeyboardInterrupt: Ctrl-C came meanwhile.
    """
    run_id = str(uuid.uuid4())
    heartbeat(Settings().root, run_id)  # before Dagster notes that it has started
    with noticed() as is_told_to_end:
        with of_workspace(instance, job):
            result = job.execute_in_process(
                instance=instance,
                run_id=run_id,
                asset_selection=[dg.AssetKey(step.key) for step in assets] or None,
                tags={COMMAND_TAG: run_id, **tags, OWN_TAG: run_id},
                resources=resources,
                run_config={**(run_config or {}), "loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                raise_on_error=False,
            )
        show_ended()
        report.runs.append(result.run_id)
        if is_interrupted(result.all_events):
            if run := instance.get_run_by_id(run_id):
                instance.report_run_canceled(run, message="Ctrl-C")  # to Dagster it has failed
            raise KeyboardInterrupt
        if is_told_to_end():
            raise KeyboardInterrupt
    failures = result.get_step_failure_events()
    report.errors += [_cause(event) for event in failures if not is_of_gate(event)]


def _assert_covers(instance: dg.DagsterInstance, catalog: Catalog, plan: Plan, run: RangeRun) -> None:
    """A range whose ends are reversed runs nothing and succeeds; one between non-neighbours runs too much."""
    start, end = run.tags.values()
    keys = partitions_of(catalog, plan.dataset).get_partition_keys_in_range(
        dg.PartitionKeyRange(start, end), dynamic_partitions_store=instance
    )
    if set(keys) != run.keys:
        raise BcdataError(f"Dagster would cover {len(keys)} partitions where {len(run.keys)} were asked for")


def _cause(event: dg.DagsterEvent) -> str:
    error = event.step_failure_data.error
    while error is not None and error.cause is not None and error.cls_name not in _OURS:
        error = error.cause
    if error is None:
        return "a step failed"
    if error.cls_name in _OURS:
        return error.message.strip().removeprefix(f"bcdata.errors.{error.cls_name}: ")
    words = error.message.strip().splitlines()[0]
    if too_many_files(OSError(words)):
        return TOO_MANY_FILES
    if error.cls_name in {"OperationalError", "DatabaseError"}:
        return _storage_trouble(sqlite3.OperationalError(words.removeprefix(f"sqlite3.{error.cls_name}: ")))
    return words


_OURS = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, BcdataError)}
"""Errors whose words are meant for users: what caused them is not."""


def _storage_trouble(error: BaseException) -> str:
    home, words = os.environ["DAGSTER_HOME"], " ".join(str(error).split())
    if too_many_files(error):
        return f"cannot use Dagster's storage under {home}: {TOO_MANY_FILES}"
    if found := damaged_databases(Path(home)):
        return (
            f"Dagster's {' and '.join(str(one) for one in found[:_NAMED])} cannot be read ({words}); move it away, with"
            " its -wal and -shm if there are any: what Dagster knows of earlier runs is lost, data is not"
        )
    return f"cannot use Dagster's storage under {home}: {trouble(error, 'is there space, may it be written?')}"
