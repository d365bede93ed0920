"""What asset checks are in a run over a range of partitions, and what Dagster makes of a failed one."""

from collections.abc import Iterator

import dagster as dg
import pytest

START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
MONTHS = dg.StaticPartitionsDefinition(["2024-01", "2024-02", "2024-03"])
SANE = dg.AssetCheckSpec("sane", asset="bars")
KEY = dg.AssetCheckKey(dg.AssetKey("bars"), "sane")
RANGE = {START: "2024-01", END: "2024-03"}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def verdicts(instance: dg.DagsterInstance) -> dict[str | None, str]:
    """Status by partition, newest first; the aggregate stands under None."""
    history = instance.event_log_storage.get_asset_check_execution_history(KEY, limit=50)
    assert len(history) == len({record.partition for record in history})
    return {record.partition: record.status.value for record in history}


def bars_that(*, logs_each: bool) -> dg.AssetsDefinition:
    @dg.asset(name="bars", partitions_def=MONTHS, check_specs=[SANE], backfill_policy=dg.BackfillPolicy.single_run())
    def bars(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        for key in context.partition_keys if logs_each else ():
            evaluation = dg.AssetCheckEvaluation(
                asset_key=context.asset_key, check_name="sane", passed=key != "2024-02", partition=key
            )
            context.log_event(evaluation)
        return dg.MaterializeResult(check_results=[dg.AssetCheckResult(check_name="sane", passed=False)])

    return bars


def test_a_check_of_a_range_run_has_one_verdict(instance: dg.DagsterInstance) -> None:
    dg.materialize([bars_that(logs_each=False)], instance=instance, tags=RANGE)
    assert verdicts(instance) == {None: "FAILED"}


def test_log_event_gives_each_partition_its_verdict(instance: dg.DagsterInstance) -> None:
    dg.materialize([bars_that(logs_each=True)], instance=instance, tags=RANGE)
    assert verdicts(instance) == {
        "2024-01": "SUCCEEDED",
        "2024-02": "FAILED",
        "2024-03": "SUCCEEDED",
        None: "FAILED",
    }


def test_a_declared_check_must_be_answered(instance: dg.DagsterInstance) -> None:
    @dg.asset(check_specs=[SANE])
    def bars() -> dg.MaterializeResult:
        return dg.MaterializeResult()

    with pytest.raises(dg.DagsterInvariantViolationError, match="while op has 2 outputs"):
        dg.materialize([bars], instance=instance)


def test_what_fails_its_check_is_materialized_all_the_same(instance: dg.DagsterInstance) -> None:
    result = dg.materialize([bars_that(logs_each=True)], instance=instance, tags=RANGE)
    assert result.success
    assert instance.get_materialized_partitions(dg.AssetKey("bars")) == set(MONTHS.get_partition_keys())


def test_blocking_holds_within_the_run_only(instance: dg.DagsterInstance) -> None:
    @dg.asset(check_specs=[dg.AssetCheckSpec("sane", asset="bars", blocking=True)])
    def bars() -> dg.MaterializeResult:
        return dg.MaterializeResult(check_results=[dg.AssetCheckResult(check_name="sane", passed=False)])

    @dg.asset(deps=[bars])
    def features() -> dg.MaterializeResult:
        return dg.MaterializeResult()

    together = dg.materialize([bars, features], instance=instance, raise_on_error=False)
    assert not together.success
    assert instance.get_latest_materialization_event(features.key) is None
    later = dg.materialize([bars, features], instance=instance, selection=[features])
    assert later.success
    assert instance.get_latest_materialization_event(features.key) is not None
