"""What is read of Dagster's backfills, and how one is told to end: no public type says so."""

from datetime import UTC, datetime

import dagster as dg
import pytest
from dagster._core.execution.backfill import BULK_ACTION_TERMINAL_STATUSES, BulkActionStatus, PartitionBackfill

from bcdata.dagster.internals import backfill_of, backfills_of, cancel_backfill, done_of, is_over, targets_of

GRID = dg.MultiPartitionsDefinition(
    {"date": dg.StaticPartitionsDefinition(["2024-01", "2024-02"]), "symbol": dg.StaticPartitionsDefinition(["A", "B"])}
)


@dg.asset(partitions_def=GRID)
def bars() -> None: ...


def added(instance: dg.DagsterInstance, keys: list[str]) -> PartitionBackfill:
    backfill = PartitionBackfill.from_asset_partitions(
        backfill_id="abcdefgh",
        asset_graph=dg.Definitions([bars]).resolve_asset_graph(),
        backfill_timestamp=datetime(2025, 1, 1, tzinfo=UTC).timestamp(),
        tags={},
        asset_selection=[bars.key],
        partition_names=keys,
        dynamic_partitions_store=instance,
        all_partitions=False,
        title=None,
        description=None,
        run_config=None,
    )
    instance.add_backfill(backfill)
    return backfill


@pytest.mark.filterwarnings("ignore:Function `AssetSelection.sources` is deprecated")  # Dagster calls it itself
def test_a_backfill_over_assets_says_which_partitions_it_is_about_and_is_told_to_end() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        keys = {"2024-01|A", "2024-02|B"}
        added(instance, sorted(keys))
        found = backfill_of(instance, "abcdefgh")
        assert found is not None
        assert backfills_of(instance, 5) == [found]
        assert targets_of(found) == {("bars",): keys}
        assert done_of(found) == 0
        assert not is_over(found)
        cancel_backfill(instance, found)
        canceling = backfill_of(instance, "abcdefgh")
        assert canceling is not None
        assert canceling.status is BulkActionStatus.CANCELING


def test_the_statuses_that_end_a_backfill() -> None:
    going = {BulkActionStatus.REQUESTED, BulkActionStatus.CANCELING, BulkActionStatus.FAILING}
    assert set(BulkActionStatus) - set(BULK_ACTION_TERMINAL_STATUSES) == going


def test_runs_of_backfills_are_left_out_of_a_list_on_request() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_run(dg.DagsterRun("one", "1b4e28ba-2fa1-11d2-883f-0016d3cca427"))
        tags = {"dagster/backfill": "abcdefgh"}
        instance.add_run(dg.DagsterRun("two", "1b4e28bb-2fa1-11d2-883f-0016d3cca427", tags=tags))
        own = instance.get_run_records(dg.RunsFilter(exclude_subruns=True))
        assert [record.dagster_run.job_name for record in own] == ["one"]
