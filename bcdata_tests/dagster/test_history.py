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
from dagster._core.execution.backfill import PartitionBackfill
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from bcdata.catalog import Catalog
from bcdata.dagster.build import build_defs
from bcdata.dagster.history.cancel import cancel
from bcdata.dagster.history.found import find
from bcdata.dagster.history.listing import jobs
from bcdata.dagster.history.retry import to_retry
from bcdata.dagster.partitions import symbol_set
from bcdata.errors import UsageError
from bcdata.store.state.liveness import heartbeat, process_of, show_ended
from bcdata.windows import Grain
from bcdata_tests.world import D

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
