"""What is needed of Dagster's private parts beside storage. Each is pinned by `bcdata_tests/facts/`."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph_subset import AssetGraphSubset
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION
from dagster._core.events import AssetMaterializationPlannedData, DagsterEvent
from dagster._core.execution.backfill import BULK_ACTION_TERMINAL_STATUSES, BulkActionStatus, PartitionBackfill
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from bcdata.dagster.partitions import MAX_RETRIES, NO_RETRIES

NO_MATERIALIZATION = {SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True}
"""Metadata of an output that is no materialization: what depends on its step goes on all the same."""
Backfill = PartitionBackfill
LOCATION = "bcdata"
"""The name of bcdata's code location in `workspace.yaml`, and in the workspace of `bcdata ui`."""


@contextmanager
def of_workspace(instance: dg.DagsterInstance, job: dg.JobDefinition) -> Iterator[None]:
    """Runs that this process creates meanwhile look as if the workspace's code location had.

    Dagster shows no others in its timeline. Its daemon would start them again if they fail: a tag forbids that.
    """
    location = RegisteredCodeLocationOrigin(LOCATION)
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME), job.name)
    create = instance.create_run_for_job

    def create_of_workspace(**given: Any) -> dg.DagsterRun:
        tags = {**(given.get("tags") or {}), MAX_RETRIES: NO_RETRIES}
        return create(**{**given, "tags": tags, "remote_job_origin": origin})

    instance.create_run_for_job = create_of_workspace  # type: ignore[assignment,method-assign]  # execute_in_process takes none
    try:
        yield
    finally:
        del instance.create_run_for_job


def plan_again(context: dg.OpExecutionContext, asset: dg.AssetKey, partition: str) -> None:
    """Tells Dagster that the run was to make a partition.

    If the run then fails, and has not told of a materialization since, the partition is shown as failed.
    """
    event = DagsterEvent.build_asset_materialization_planned_event(
        context.job_name, str(context.op_handle), AssetMaterializationPlannedData(asset, partition=partition)
    )
    context.instance.report_dagster_event(event, context.run_id, logging.DEBUG)


def emitted(context: dg.AssetExecutionContext) -> list[str]:
    """The partitions that a step's result will be taken for, in the order in which Dagster tells of them.

    That is the order of a Python set. The page of an asset shows what is told last.
    """
    definition = context.assets_def.partitions_def
    if definition is None:
        return []
    with partition_loading_context(dynamic_partitions_store=context.instance):
        range_ = context.partition_key_range
        return list(definition.empty_subset().with_partition_key_range(definition, range_).get_partition_keys())


def backfill_of(instance: dg.DagsterInstance, number: str) -> Backfill | None:
    """A backfill by its ID."""
    return instance.get_backfill(number)


def backfills_of(instance: dg.DagsterInstance, most: int) -> Sequence[Backfill]:
    """The newest backfills of an instance, newest first."""
    return instance.get_backfills(limit=most)


def is_over(backfill: Backfill) -> bool:
    """Whether nothing more comes of a backfill."""
    return backfill.status in BULK_ACTION_TERMINAL_STATUSES


def cancel_backfill(instance: dg.DagsterInstance, backfill: Backfill) -> None:
    """Asks the daemon to end a backfill and its runs, as the pages of Dagster do."""
    canceling: Backfill = backfill.with_status(BulkActionStatus.CANCELING)  # type: ignore[no-untyped-call]
    instance.update_backfill(canceling)


def targets_of(backfill: Backfill) -> dict[tuple[str, ...], set[str]]:
    """The partitions of each asset that a backfill over assets is about; nothing where Dagster would need its code."""
    data = backfill.asset_backfill_data
    return _keys(data.target_subset) if data else {}


def done_of(backfill: Backfill) -> int:
    """How many of its partitions a backfill over assets has materialized, counted asset by asset."""
    data = backfill.asset_backfill_data
    return sum(map(len, _keys(data.materialized_subset).values())) if data else 0


def _keys(subset: AssetGraphSubset) -> dict[tuple[str, ...], set[str]]:
    found = subset.partitions_subsets_by_asset_key
    return {tuple(key.path): set(keys.get_partition_keys()) for key, keys in found.items()}
