"""What did not end well is run again, from where it stopped; and what is not, with the reason."""

import signal
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus

from bcdata.catalog import Catalog
from bcdata.dagster.checks import NOT_PUBLISHED_TAG
from bcdata.dagster.history.cancel import cancel
from bcdata.dagster.history.found import find
from bcdata.dagster.history.listing import jobs
from bcdata.dagster.history.retry import plan_of, retry, to_retry
from bcdata.dagster.launch import launch
from bcdata.errors import BcdataError, UsageError
from bcdata.pipeline.outcome import Outcome
from bcdata.pipeline.zones import Step, Zone
from bcdata.runs.plan import MaterializeRequest, make_plan
from bcdata_tests.dagster.test_history import add, filled, of_partitions
from bcdata_tests.mirror import made_day
from bcdata_tests.run import Lake
from bcdata_tests.world import BARS_BY_DAY, D, World

__all__ = ["filled"]


A_DAY = MaterializeRequest(D, ("BTCUSDT",), "2025-01-01", "2025-01-01", Zone.MERGED, refill=False)


@pytest.fixture
def lake_in_force(world: World, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake of bars by day that the environment names; nothing is in it."""
    lake = world.lake(BARS_BY_DAY)
    monkeypatch.setenv("BCDATA_ROOT", str(lake.root))
    monkeypatch.setenv("BCDATA_NOW", lake.now.isoformat())
    return lake


def test_what_is_done_is_not_run_again(filled: dg.DagsterInstance, lake: Path) -> None:
    number = add(filled, dg.DagsterRunStatus.SUCCESS)
    with pytest.raises(UsageError, match="is done, and every partition of it is published"):
        to_retry(filled, lake, find(filled, number))


def test_what_was_tried_again_is_not_tried_twice(filled: dg.DagsterInstance, lake: Path) -> None:
    first = add(filled, dg.DagsterRunStatus.FAILURE)
    second = add(filled, dg.DagsterRunStatus.FAILURE, dagster__root_run_id=first, dagster__parent_run_id=first)
    with pytest.raises(UsageError, match=f"was tried again as {second[:8]}, which is failed; retry that one"):
        to_retry(filled, lake, find(filled, first))
    assert [run.run_id for run in to_retry(filled, lake, find(filled, second))] == [second]


def test_of_a_retry_whose_process_is_gone_it_is_said(filled: dg.DagsterInstance, lake: Path) -> None:
    first = add(filled, dg.DagsterRunStatus.FAILURE)
    second = add(filled, dg.DagsterRunStatus.STARTED, dagster__root_run_id=first, dagster__parent_run_id=first)
    (lake / ".state" / "runs").mkdir(parents=True)
    (lake / ".state" / "runs" / second).touch()  # as a killed process leaves it
    with pytest.raises(UsageError, match=f"was tried again as {second[:8]}, which is failed; retry that one"):
        to_retry(filled, lake, find(filled, first))


@pytest.mark.filterwarnings("ignore:Function `AssetSelection.sources` is deprecated")
def test_of_a_backfill_the_newest_tries_are_tried_again(filled: dg.DagsterInstance, small: Catalog, lake: Path) -> None:
    backfill = of_partitions(filled, small, ["2023-01|AAAUSDT", "2023-02|AAAUSDT"])
    filled.update_backfill(backfill.with_status(BulkActionStatus.COMPLETED_FAILED))
    found = find(filled, "abc")

    def numbers() -> list[str]:
        return [run.run_id for run in to_retry(filled, lake, found)]

    with pytest.raises(UsageError, match="it started none"):
        numbers()
    own = {"dagster__backfill": backfill.backfill_id}
    add(filled, dg.DagsterRunStatus.SUCCESS, **own)
    with pytest.raises(UsageError, match="none of its 1 runs failed"):
        numbers()
    first, second = add(filled, dg.DagsterRunStatus.FAILURE, **own), add(filled, dg.DagsterRunStatus.CANCELED, **own)
    assert numbers() == [first, second]
    again = add(filled, dg.DagsterRunStatus.FAILURE, dagster__root_run_id=first)
    assert numbers() == [again, second]
    add(filled, dg.DagsterRunStatus.SUCCESS, dagster__root_run_id=first)
    assert numbers() == [second]
    running = add(filled, dg.DagsterRunStatus.STARTED, dagster__root_run_id=second)
    with pytest.raises(UsageError, match=f"is tried again by run {running[:8]}; wait for it"):
        numbers()
    filled.report_run_canceled(found_run(filled, running))
    add(filled, dg.DagsterRunStatus.SUCCESS, dagster__root_run_id=second)
    with pytest.raises(UsageError, match="what failed was tried again, and is done"):
        numbers()
    with pytest.raises(UsageError, match="backfill abcdefgh is over: failed"):
        cancel(filled, lake, found)


def found_run(instance: dg.DagsterInstance, number: str) -> dg.DagsterRun:
    run = instance.get_run_by_id(number)
    assert run is not None
    return run


def test_a_partition_that_could_not_be_got_is_got_by_a_retry(
    world: World, lake_in_force: Lake, instance: dg.DagsterInstance
) -> None:
    lake = lake_in_force
    for day in ("2025-01-01", "2025-01-02"):
        world.mirror.put_day("BTCUSDT", day, made_day(day))
    fault = world.add("2025-01-02", "status", status=500)
    asked = MaterializeRequest(D, ("BTCUSDT",), "2025-01-01", "2025-01-02", Zone.MERGED, refill=False)
    report = launch(instance, lake.catalog, make_plan(lake.catalog, asked, lake.now))
    assert not report.ok
    [number] = report.runs
    one = jobs(instance, lake.catalog, lake.root, most=1)[0]
    assert (one.status, one.total) == ("incomplete", 6)
    assert one.done == 6 - sum(not outcome.ok for _, outcome in report.outcomes)
    run = instance.get_run_by_id(number)
    assert run is not None
    assert run.tags[NOT_PUBLISHED_TAG] == str(one.total - one.done)

    world.exchange.remove(fault)
    [again] = to_retry(instance, lake.root, find(instance, number))
    plan = plan_of(instance, lake.catalog, again)
    assert plan is not None
    assert (plan.symbols, plan.dates, plan.partitions) == (("BTCUSDT",), ("2025-01-01", "2025-01-02"), 6)
    second = retry(instance, lake.catalog, again)
    assert second.ok
    newest = jobs(instance, lake.catalog, lake.root, most=1)[0]
    assert (newest.status, newest.done, newest.total, newest.goes_on_from) == ("done", 6, 6, number)
    with pytest.raises(UsageError, match="was tried again as"):
        to_retry(instance, lake.root, find(instance, number))


class Stop:
    """A listener that fails a step."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone

    def fetched(self, _step: Step, _size: int) -> None:
        pass

    def ended(self, step: Step, _outcome: Outcome) -> None:
        if step.zone is self._zone:
            raise BcdataError("the disk is full")


def test_a_run_that_failed_goes_on_with_what_it_had_not_made(
    world: World, lake_in_force: Lake, instance: dg.DagsterInstance
) -> None:
    lake = lake_in_force
    world.mirror.put_day("BTCUSDT", "2025-01-01", made_day("2025-01-01"))
    report = launch(instance, lake.catalog, make_plan(lake.catalog, A_DAY, lake.now), Stop(Zone.PARSED))
    assert report.errors == ["the disk is full"]
    assert jobs(instance, lake.catalog, lake.root, most=1)[0].status == "failed"
    instance.add_run_tags(report.runs[0], {"dagster/backfill": "abcdefgh"})
    [run] = to_retry(instance, lake.root, find(instance, report.runs[0]))
    plan = plan_of(instance, lake.catalog, run)
    assert plan is not None
    assert [step.zone for step in plan.steps] == [Zone.PARSED, Zone.MERGED]
    again = retry(instance, lake.catalog, run)
    assert again.ok
    assert [step.zone for step, _ in again.outcomes] == [Zone.PARSED, Zone.MERGED]
    [one] = jobs(instance, lake.catalog, lake.root, most=2)  # a retry of a backfill's run has a line of its own
    assert (one.id, one.status, one.done, one.total) == (again.runs[0], "done", 2, 2)


class Key:
    """A listener that presses Ctrl-C."""

    def fetched(self, _step: Step, _size: int) -> None:
        pass

    def ended(self, _step: Step, _outcome: Outcome) -> None:
        signal.raise_signal(signal.SIGINT)


def test_a_run_that_somebody_interrupts_is_canceled_and_has_not_failed(
    world: World, lake_in_force: Lake, instance: dg.DagsterInstance
) -> None:
    lake = lake_in_force
    world.mirror.put_day("BTCUSDT", "2025-01-01", made_day("2025-01-01"))
    with pytest.raises(KeyboardInterrupt):
        launch(instance, lake.catalog, make_plan(lake.catalog, A_DAY, lake.now), Key())
    [one] = jobs(instance, lake.catalog, lake.root, most=2)
    assert one.status == "canceled"
    assert [run.run_id for run in to_retry(instance, lake.root, find(instance, one.id))] == [one.id]
