"""Runs and backfills from the command line: what is listed, what ends, and what is run again."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from bcdata.catalog import Catalog
from bcdata.dagster.build import build_defs
from bcdata.dagster.checks import NOT_PUBLISHED_TAG
from bcdata.dagster.history.cancel import cancel
from bcdata.dagster.history.found import find
from bcdata.dagster.history.listing import jobs
from bcdata.dagster.history.retry import plan_of, retry, to_retry
from bcdata.dagster.launch import launch
from bcdata.dagster.partitions import symbol_set
from bcdata.errors import BcdataError, UsageError
from bcdata.pipeline.outcome import Outcome
from bcdata.pipeline.zones import Step, Zone
from bcdata.runs.plan import MaterializeRequest, make_plan
from bcdata.store.state.liveness import heartbeat, process_of, show_ended
from bcdata.windows import Grain
from bcdata_tests.mirror import made_day
from bcdata_tests.world import BARS_BY_DAY, D, World

SPOT = symbol_set("spot", Grain.MONTH)
RANGE = {
    "dagster/asset_partition_range_start": "2023-01|AAAUSDT",
    "dagster/asset_partition_range_end": "2023-03|BBBUSDT",
}
REPOSITORY = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("bcdata"), "__repository__")
KEYS = frozenset(dg.AssetKey([*parts, D]) for parts in (["raw", "binance_archive"], ["merged"]))
SLEEPER = """
import sys, time
from pathlib import Path
from bcdata.store.state.liveness import heartbeat
heartbeat(Path(sys.argv[1]), sys.argv[2])
print("there", flush=True)
try:
    time.sleep(60)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def add(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, number: str | None = None, **tags: str) -> str:
    """A run over two assets, three months and two symbols."""
    run_id = number or str(uuid4())
    named = {name.replace("__", "/"): value for name, value in tags.items()}
    origin = RemoteJobOrigin(REPOSITORY, "__ASSET_JOB")
    run = dg.DagsterRun(
        "__ASSET_JOB",
        run_id,
        status=status,
        asset_selection=KEYS,
        tags={**RANGE, **named},
        remote_job_origin=origin,
    )
    instance.add_run(run)
    return run_id


@pytest.fixture
def filled(instance: dg.DagsterInstance) -> dg.DagsterInstance:
    instance.add_dynamic_partitions(SPOT, ["AAAUSDT", "BBBUSDT"])
    return instance


def status_in(instance: dg.DagsterInstance, catalog: Catalog, root: Path, number: str) -> str:
    return next(one.status for one in jobs(instance, catalog, root, most=50) if one.id == number)


def test_a_run_says_what_it_is_about_and_how_far_it_is(filled: dg.DagsterInstance, small: Catalog, lake: Path) -> None:
    number = add(filled, dg.DagsterRunStatus.QUEUED)
    (one,) = jobs(filled, small, lake, most=5)
    assert (one.id, one.kind, one.what, one.status) == (number, "run", D, "queued")
    assert one.partitions == "2 symbols 2023-01..2023-03"
    assert (one.done, one.total) == (0, 2 * 3 * 2)
    assert one.seconds(datetime.now(UTC)) is None, "it has not begun"


def test_runs_of_a_dataset_that_the_catalog_has_no_more_are_listed(
    filled: dg.DagsterInstance, small: Catalog, lake: Path
) -> None:
    gone = dg.DagsterRun(
        "__ASSET_JOB", str(uuid4()), asset_selection=frozenset({dg.AssetKey(["merged", "um_klines_1w"])})
    )
    filled.add_run(gone)
    (one,) = jobs(filled, small, lake, most=5)
    assert (one.what, one.partitions, one.total) == ("merged/um_klines_1w", "", None)


@pytest.mark.filterwarnings("ignore:Function `AssetSelection.sources` is deprecated")  # Dagster calls it itself
def test_a_backfill_is_one_line_with_its_partitions(filled: dg.DagsterInstance, small: Catalog, lake: Path) -> None:
    backfill = of_partitions(filled, small, ["2023-01|AAAUSDT", "2023-02|AAAUSDT"])
    add(filled, dg.DagsterRunStatus.SUCCESS, dagster__backfill=backfill.backfill_id)
    (one,) = jobs(filled, small, lake, most=5)
    assert (one.kind, one.what, one.status) == ("backfill", "merged/spot_klines_1m", "running")
    assert (one.partitions, one.done, one.total) == ("AAAUSDT 2023-01..2023-02", 0, 2)
    assert "canceling" in cancel(filled, lake, find(filled, backfill.backfill_id))
    (one,) = jobs(filled, small, lake, most=5)
    assert one.status == "canceling"
    with pytest.raises(UsageError, match="is at work"):
        to_retry(filled, lake, find(filled, backfill.backfill_id))


def of_partitions(instance: dg.DagsterInstance, catalog: Catalog, keys: list[str]) -> PartitionBackfill:
    backfill = PartitionBackfill.from_asset_partitions(
        backfill_id="abcdefgh",
        asset_graph=build_defs(catalog).resolve_asset_graph(),
        backfill_timestamp=datetime.now(UTC).timestamp(),
        tags={},
        asset_selection=[dg.AssetKey(["merged", D])],
        partition_names=keys,
        dynamic_partitions_store=instance,
        all_partitions=False,
        title=None,
        description=None,
        run_config=None,
    )
    instance.add_backfill(backfill)
    return backfill


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1b4e", "2 runs or backfills begin with '1b4e': 1b4e28b[ab], 1b4e28b[ab]; write more of it"),
        ("1b4e28bc", "no run or backfill begins with '1b4e28bc'; did you mean 1b4e28b[ab] or 1b4e28b[ab]"),
        ("zzz", "no run or backfill begins with 'zzz'; the newest are "),
        (" ", "the newest are "),
    ],
)
def test_an_id_that_is_none_or_several_is_told_with_those_near(
    filled: dg.DagsterInstance, text: str, words: str
) -> None:
    for letter in "ab":
        add(filled, dg.DagsterRunStatus.SUCCESS, f"1b4e28b{letter}-2fa1-11d2-883f-0016d3cca427")
    with pytest.raises(UsageError, match=words):
        find(filled, text)
    found = find(filled, "1B4E28BA")
    assert isinstance(found, dg.DagsterRun)
    assert found.run_id.startswith("1b4e28ba")


def test_an_instance_without_runs_says_so(instance: dg.DagsterInstance) -> None:
    with pytest.raises(UsageError, match="has none yet"):
        find(instance, "1b4e")


def test_a_run_that_waits_leaves_the_queue(filled: dg.DagsterInstance, small: Catalog, lake: Path) -> None:
    number = add(filled, dg.DagsterRunStatus.QUEUED)
    assert "left the queue" in cancel(filled, lake, find(filled, number))
    assert status_in(filled, small, lake, number) == "canceled"
    with pytest.raises(UsageError, match="is over: canceled"):
        cancel(filled, lake, find(filled, number))


def test_a_run_whose_process_is_gone_is_lost_and_can_be_ended(
    filled: dg.DagsterInstance, small: Catalog, lake: Path
) -> None:
    number = add(filled, dg.DagsterRunStatus.STARTED)
    heartbeat(lake, number)
    assert status_in(filled, small, lake, number) == "running"
    with pytest.raises(UsageError, match="is running; wait for it, or end it first: bcdata jobs cancel"):
        to_retry(filled, lake, find(filled, number))
    show_ended()
    (lake / ".state" / "runs" / number).touch()  # as a killed process leaves it
    assert status_in(filled, small, lake, number) == "lost"
    assert "is canceled: its process had ended" in cancel(filled, lake, find(filled, number))
    assert status_in(filled, small, lake, number) == "canceled"
    assert [run.run_id for run in to_retry(filled, lake, find(filled, number))] == [number]


@pytest.fixture
def sleeper(lake: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A process that is at work on a run until it is interrupted."""
    number = str(uuid4())
    words = [sys.executable, "-c", SLEEPER, str(lake), number]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "there\n"
        yield number, process
        process.send_signal(signal.SIGKILL)


def test_a_run_in_another_process_is_interrupted(
    filled: dg.DagsterInstance, lake: Path, sleeper: tuple[str, subprocess.Popen[str]]
) -> None:
    number, process = sleeper
    add(filled, dg.DagsterRunStatus.STARTED, number)
    assert process_of(lake, number) == process.pid
    assert "still at work" in cancel(filled, lake, find(filled, number), patience=0.2)
    assert process.wait(20) == 0
    run = filled.get_run_by_id(number)
    assert run is not None
    assert run.status is dg.DagsterRunStatus.CANCELING, "its own process notes the end, and this one has no run"
    assert process_of(lake, number) is None


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
    world: World, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = world.lake(BARS_BY_DAY)
    monkeypatch.setenv("BCDATA_ROOT", str(lake.root))
    monkeypatch.setenv("BCDATA_NOW", lake.now.isoformat())
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
    world: World, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = world.lake(BARS_BY_DAY)
    monkeypatch.setenv("BCDATA_ROOT", str(lake.root))
    monkeypatch.setenv("BCDATA_NOW", lake.now.isoformat())
    world.mirror.put_day("BTCUSDT", "2025-01-01", made_day("2025-01-01"))
    asked = MaterializeRequest(D, ("BTCUSDT",), "2025-01-01", "2025-01-01", Zone.MERGED, refill=False)
    report = launch(instance, lake.catalog, make_plan(lake.catalog, asked, lake.now), Stop(Zone.PARSED))
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
    world: World, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = world.lake(BARS_BY_DAY)
    monkeypatch.setenv("BCDATA_ROOT", str(lake.root))
    monkeypatch.setenv("BCDATA_NOW", lake.now.isoformat())
    world.mirror.put_day("BTCUSDT", "2025-01-01", made_day("2025-01-01"))
    asked = MaterializeRequest(D, ("BTCUSDT",), "2025-01-01", "2025-01-01", Zone.MERGED, refill=False)
    with pytest.raises(KeyboardInterrupt):
        launch(instance, lake.catalog, make_plan(lake.catalog, asked, lake.now), Key())
    [one] = jobs(instance, lake.catalog, lake.root, most=2)
    assert one.status == "canceled"
    assert [run.run_id for run in to_retry(instance, lake.root, find(instance, one.id))] == [one.id]
