"""What Dagster calls a partition after a run, and how a run keeps it from calling failures materialized."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
import pytest

from bcdata.dagster.internals import NO_MATERIALIZATION, emitted, plan_again
from bcdata.dagster.partitions import SymbolDates, fixed_ranges

START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
MONTHS = dg.TimeWindowPartitionsDefinition(start="2024-01", fmt="%Y-%m", cron_schedule="0 0 1 * *", end="2024-07")
GRID = SymbolDates({"symbol": dg.DynamicPartitionsDefinition(name="symbols"), "date": MONTHS})
KEYS = [f"2024-0{month}|{symbol}" for month in (1, 2, 3) for symbol in ("AAA", "BBB")]
RANGE = {START: KEYS[0], END: KEYS[-1]}
BAD: set[str] = set()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    BAD.clear()
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("symbols", ["AAA", "BBB"])
        yield instance


@dg.asset(partitions_def=GRID, backfill_policy=dg.BackfillPolicy.single_run())
def bars(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
    with fixed_ranges() as ranges:
        ranges.leave_out(BAD)
        order = emitted(context)
        if order:
            context.add_asset_metadata({"last": True}, partition_key=order[-1])
        yield dg.MaterializeResult(metadata={} if order else NO_MATERIALIZATION)


@dg.multi_asset_check(specs=[dg.AssetCheckSpec("gate", asset="bars")])
def gate() -> Iterator[dg.AssetCheckResult]:
    yield dg.AssetCheckResult(passed=not BAD)
    if BAD:
        raise dg.Failure("some are not published", allow_retries=False)


@dg.asset(partitions_def=GRID, deps=[bars], backfill_policy=dg.BackfillPolicy.single_run())
def features() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult()


def run(instance: dg.DagsterInstance, tags: dict[str, str]) -> dg.ExecuteInProcessResult:
    definitions = dg.Definitions(assets=[bars, features], asset_checks=[gate])
    job = definitions.resolve_implicit_global_asset_job_def()
    return job.execute_in_process(instance=instance, tags=tags, raise_on_error=False)


def statuses(instance: dg.DagsterInstance, asset: dg.AssetsDefinition, keys: Sequence[str]) -> dict[str, str]:
    found = instance.get_status_by_partition(asset.key, keys, GRID) or {}
    return {key: status.value for key, status in found.items() if status}


def told(instance: dg.DagsterInstance) -> list[str | None]:
    return [record.partition_key for record in instance.fetch_materializations(bars.key, limit=50).records]


def test_what_is_left_out_is_failed_and_what_depends_on_it_goes_on(instance: dg.DagsterInstance) -> None:
    BAD.add(KEYS[3])
    result = run(instance, RANGE)
    assert [event.step_key for event in result.get_step_failure_events()] == ["gate"]
    assert statuses(instance, bars, KEYS) == {key: "FAILED" if key == KEYS[3] else "MATERIALIZED" for key in KEYS}
    assert statuses(instance, features, KEYS) == dict.fromkeys(KEYS, "MATERIALIZED")
    assert sorted(map(str, told(instance))) == sorted(set(KEYS) - BAD), "each once"


def test_where_all_are_left_out_nothing_is_told_and_what_depends_on_it_goes_on(instance: dg.DagsterInstance) -> None:
    """Left alone, Dagster would tell of a materialization of the asset as if it had no partitions."""
    BAD.update(KEYS)
    run(instance, RANGE)
    assert told(instance) == []
    assert statuses(instance, bars, KEYS) == dict.fromkeys(KEYS, "FAILED")
    assert statuses(instance, features, KEYS) == dict.fromkeys(KEYS, "MATERIALIZED")


def test_a_later_success_clears_it_and_a_later_failure_sets_it_again(instance: dg.DagsterInstance) -> None:
    key, one = (
        KEYS[2],
        {"dagster/partition": KEYS[2]}
        | {
            f"dagster/partition/{name}": value
            for name, value in zip(("date", "symbol"), KEYS[2].split("|"), strict=True)
        },
    )
    for bad, status in ((True, "FAILED"), (False, "MATERIALIZED"), (True, "FAILED"), (False, "MATERIALIZED")):
        BAD.clear()
        BAD.update([key] if bad else [])
        run(instance, one if bad else RANGE)
        assert statuses(instance, bars, [key]) == {key: status}


@pytest.mark.parametrize("succeeds", [False, True])
def test_a_plan_of_a_run_that_fails_makes_a_partition_red(instance: dg.DagsterInstance, succeeds: bool) -> None:
    run(instance, RANGE)

    @dg.op(out={})
    def heal(context: dg.OpExecutionContext) -> Iterator[Any]:
        plan_again(context, bars.key, KEYS[0])
        yield dg.AssetObservation("bars", partition=KEYS[0])
        if not succeeds:
            raise dg.Failure("not published", allow_retries=False)

    job = dg.GraphDefinition(name="heal_bars", node_defs=[heal]).to_job()
    job.execute_in_process(instance=instance, raise_on_error=False)
    assert statuses(instance, bars, KEYS[:2]) == {
        KEYS[0]: "MATERIALIZED" if succeeds else "FAILED", KEYS[1]: "MATERIALIZED"
    }  # fmt: skip
    run(instance, RANGE)
    assert statuses(instance, bars, KEYS[:1]) == {KEYS[0]: "MATERIALIZED"}


def last_is_known(left_out: int) -> bool:
    """Whether the partition that is told of last is the one that was to be."""
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("symbols", ["AAA", "BBB"])
        BAD.clear()
        BAD.update(KEYS[:left_out])
        run(instance, RANGE)
        [latest] = instance.fetch_materializations(bars.key, limit=1).records
        return latest.asset_materialization is not None and "last" in latest.asset_materialization.metadata


@pytest.mark.parametrize("left_out", [0, 4])
def test_the_last_partition_that_is_told_of_can_be_known_before(left_out: int) -> None:
    assert last_is_known(left_out)


@pytest.mark.slow
@pytest.mark.one_in(6)
@pytest.mark.parametrize("seed", range(6))
def test_it_can_be_known_in_any_process(seed: int) -> None:
    """The order is that of a set of strings, which is another in each process."""
    script = f"from {__name__} import last_is_known; assert last_is_known(0) and last_is_known(4)"
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
