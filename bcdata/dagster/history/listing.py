"""What an instance has run and runs: what each run and backfill is about, and how far it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from bcdata.catalog import Catalog
from bcdata.dagster.checks import is_incomplete
from bcdata.dagster.history.scope import Scope, scope_of
from bcdata.dagster.internals import Backfill, backfills_of, done_of, is_over, targets_of
from bcdata.store.state.liveness import dead_runs

BACKFILL_TAG, PARENT_TAG = "dagster/backfill", "dagster/parent_run_id"
SHORT = 8
"""Letters of an ID that tables show; backfills have no more."""
_INCOMPLETE = "incomplete"
"""The status of a run that did all it was asked for, and could not publish all of its partitions."""
LOST = "lost"
"""The status of a run whose process has ended without finishing it."""
_STATUSES = {"success": "done", "started": "running", "failure": "failed", "not_started": "waiting"}
_BACKFILL_STATUSES = {
    "requested": "running",
    "completed": "done",
    "completed_success": "done",
    "completed_failed": "failed",
    "failing": "failing",
}


@dataclass(frozen=True, slots=True)
class Job:
    """A run, or a backfill, which starts runs.

    Attributes:
        id: its whole ID.
        kind: `run` or `backfill`.
        what: the dataset, the asset, or the job.
        partitions: the symbols and dates it is about, in words.
        status: waiting, queued, starting, running, canceling, done, incomplete, failed, canceled or lost.
        created: when it was asked for, UTC.
        started: when it began.
        ended: when it ended.
        done: partitions that are published, counted asset by asset; those of an asset when all of them are tried.
        total: all of them, where that is known.
        goes_on_from: the run that this one is a retry of.
    """

    id: str
    kind: str
    what: str
    partitions: str
    status: str
    created: datetime
    started: datetime | None
    ended: datetime | None
    done: int
    total: int | None
    goes_on_from: str | None = None

    def seconds(self, now: datetime) -> float | None:
        """How long it took, or has been going on."""
        if self.started is None or (self.ended is None and self.status not in {"running", "canceling", "failing"}):
            return None
        return max((self.ended or now).timestamp() - self.started.timestamp(), 0.0)


def jobs(instance: dg.DagsterInstance, catalog: Catalog, root: Path, *, most: int) -> list[Job]:
    """The newest runs and backfills, newest first. Runs that a backfill has started count as part of that."""
    lost = set(dead_runs(root))
    found = [_of_backfill(one) for one in backfills_of(instance, most)]
    records = instance.get_run_records(dg.RunsFilter(exclude_subruns=True), limit=most)
    found += [_of_run(instance, catalog, one, lost) for one in records]
    return sorted(found, key=lambda one: one.created, reverse=True)[:most]


def status_of(instance: dg.DagsterInstance, run: dg.DagsterRun, lost: Iterable[str]) -> str:
    """The status of a run in a word."""
    if run.run_id in lost and not run.is_finished:
        return LOST
    if is_incomplete(instance, run):
        return _INCOMPLETE
    word = run.status.value.lower()
    return _STATUSES.get(word, word)


def status_of_backfill(backfill: Backfill) -> str:
    """The status of a backfill in a word."""
    word = backfill.status.value.lower()
    return _BACKFILL_STATUSES.get(word, word)


def _of_run(instance: dg.DagsterInstance, catalog: Catalog, record: dg.RunRecord, lost: set[str]) -> Job:
    run = record.dagster_run
    scope = scope_of(run, catalog, instance)
    made = instance.get_run_stats(run.run_id).materializations if scope.total else 0
    return Job(
        id=run.run_id,
        kind="run",
        what=scope.what,
        partitions=scope.words,
        status=status_of(instance, run, lost),
        created=record.create_timestamp.astimezone(UTC),
        started=_instant(record.start_time),
        ended=_instant(record.end_time),
        done=made,
        total=scope.total or None,
        goes_on_from=run.parent_run_id or run.tags.get(PARENT_TAG),
    )


def _of_backfill(backfill: Backfill) -> Job:
    scope = _scope_of_backfill(backfill)
    created = _instant(backfill.backfill_timestamp)
    return Job(
        id=backfill.backfill_id,
        kind="backfill",
        what=scope.what,
        partitions=scope.words,
        status=status_of_backfill(backfill),
        created=created or datetime.fromtimestamp(0, UTC),
        started=created,
        ended=_instant(backfill.backfill_end_timestamp) if is_over(backfill) else None,
        done=done_of(backfill),
        total=scope.total or None,
    )


def _scope_of_backfill(backfill: Backfill) -> Scope:
    targets = targets_of(backfill)
    if not targets:
        assets = [tuple(key.path) for key in backfill.asset_selection or ()]
        keys: Sequence[str] = backfill.partition_names or ()
        return Scope.of(dict.fromkeys(assets, ()), backfill.job_name, cells=_cells(keys))
    return Scope.of({asset: _cells(keys) for asset, keys in targets.items()})


def _cells(keys: Iterable[str]) -> list[tuple[str, str]]:
    return [(symbol, date) for date, _, symbol in (key.partition("|") for key in keys)]


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
