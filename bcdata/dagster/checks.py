"""The checks of every asset: `gate`, a step of its own, and `findings`, one verdict a run.

The gate itself is in the data (what fails is not published); checks only show it. That is why none blocks. A partition
that was not published has an evaluation of `gate` that says why; one that passes has none, or one that takes back what
was said of it before (decision 0039).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.partitions import keys_of_run, symbol_set
from bcdata.dagster.verdicts import FINDINGS, GATE, evaluation, gate_of_run
from bcdata.pipeline.zones import Step
from bcdata.settings import Settings
from bcdata.store.locks import locked

if TYPE_CHECKING:
    from bcdata.pipeline.outcome import Outcome

NOT_PUBLISHED_TAG = "bcdata/not_published"
_ASKED_AT_ONCE = 500
_REASONS = 200
"""So many evaluations are looked through for the reasons of those that stand."""


class NotPublished(dg.Failure):
    """Ends a step that has told its verdicts: partitions were not published, and the status of the run says so."""

    def __init__(self, number: int) -> None:
        partitions = "1 partition is" if number == 1 else f"{number:,} partitions are"
        super().__init__(f"{partitions} not published; the check {GATE!r} says which, and why", allow_retries=False)


def is_of_gate(event: dg.DagsterEvent) -> bool:
    """Whether a step failed for partitions that were not published, which have told why, and for nothing else."""
    error = event.step_failure_data.error
    return error is not None and error.cls_name == NotPublished.__name__


def is_incomplete(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether a run failed for partitions that were not published, and for nothing else."""
    if run.status is not dg.DagsterRunStatus.FAILURE or NOT_PUBLISHED_TAG not in run.tags:
        return False
    entries = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    events = [entry.dagster_event for entry in entries if entry.dagster_event]
    return bool(events) and all(is_of_gate(event) for event in events)


def findings_spec(step: Step) -> dg.AssetCheckSpec:
    """The check that an asset answers itself."""
    text = "What rules found in the partitions of the last run, published or not: a warning where there is any."
    return dg.AssetCheckSpec(FINDINGS, asset=dg.AssetKey(step.key), description=text)


def make_gate(catalog: Catalog, dataset: Dataset, step: Step) -> dg.AssetChecksDefinition:
    """The check that fails where a partition of the asset is not published, and its run with it where it is the run's.

    Nothing depends on it: what comes after its asset goes on with the partitions that are. A run of the check alone
    tells of the verdicts that stand.
    """
    text = "Whether all partitions passed and were published. A run fails if one of its own was not."
    spec = dg.AssetCheckSpec(GATE, asset=dg.AssetKey(step.key), description=text)

    @dg.multi_asset_check(name=spec.get_python_identifier(), specs=[spec])  # a check of one asset may yield nothing
    def gate(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
        keys = keys_of_run(context.run.tags, catalog, dataset, context.instance)
        bad = standing(context.instance, dataset, step)
        yield dg.AssetCheckResult(**gate_of_run(step, bad, keys))
        if own := bad.keys() & set(bad if keys is None else keys):
            raise NotPublished(len(own))

    return gate


def told(
    instance: dg.DagsterInstance, step: Step, outcomes: Mapping[str, "Outcome"]
) -> Iterator[dg.AssetCheckEvaluation]:
    """The evaluations to be stored, by partition key: what takes an earlier failure back, then failures.

    In this order, because Dagster shows the last one that is stored.
    """
    taken_back = _failed(instance, step, [key for key, outcome in outcomes.items() if outcome.ok])
    yield from (evaluation(step, outcomes[key], key) for key in taken_back)
    yield from (evaluation(step, outcome, key) for key, outcome in outcomes.items() if not outcome.ok)


def standing(instance: dg.DagsterInstance, dataset: Dataset, step: Step) -> dict[str, str]:
    """The partitions of an asset whose last verdict is that they were not published, with the reasons.

    Those of a symbol that is no partition any more are none: whoever deletes it has done with it.
    """
    symbols, said = set(instance.get_dynamic_partitions(symbol_set(dataset.market, dataset.grain))), dict[str, str]()
    bad = [key for key in _failed(instance, step, None) if key.partition("|")[2] in symbols]
    for record in instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(dg.AssetKey(step.key), GATE), limit=_REASONS if bad else 0
    ):
        if record.partition and record.evaluation:
            said.setdefault(record.partition, record.evaluation.description or "")
    return {key: said.get(key, "") for key in bad}


def _failed(instance: dg.DagsterInstance, step: Step, keys: Sequence[str] | None) -> list[str]:
    """The partitions whose last verdict is a failure, of these keys or of all."""
    check, storage = dg.AssetCheckKey(dg.AssetKey(step.key), GATE), instance.event_log_storage
    asked = [None] if keys is None else [keys[at : at + _ASKED_AT_ONCE] for at in range(0, len(keys), _ASKED_AT_ONCE)]
    found = [one for some in asked for one in storage.get_asset_check_partition_info([check], partition_keys=some)]
    return [one.partition_key for one in found if one.partition_key and one.latest_execution_status.value == "FAILED"]


def note_not_published(instance: dg.DagsterInstance, run_id: str, outcomes: Iterable["Outcome"]) -> None:
    """Tags the run with how many partitions it did not publish; a step adds to what others have noted.

    One at a time: steps may be at work side by side, in processes of their own.
    """
    left = sum(not outcome.ok for outcome in outcomes)
    if not left:
        return
    with locked(Settings().root, "not-published"):
        run = instance.get_run_by_id(run_id)
        if run is not None:
            noted = int(run.tags.get(NOT_PUBLISHED_TAG, "0"))
            instance.add_run_tags(run_id, {NOT_PUBLISHED_TAG: str(noted + left)})
