"""What is needed of Dagster's private parts beside storage. Each is pinned by `bcdata_tests/facts/`."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION
from dagster._core.events import AssetMaterializationPlannedData, DagsterEvent
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

NO_MATERIALIZATION = {SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True}
"""Metadata of an output that is no materialization: what depends on its step goes on all the same."""


LOCATION = "bcdata"
"""The name of bcdata's code location in `workspace.yaml`, and in the workspace of `bcdata ui`."""
_NEVER = {"dagster/max_retries": "0"}


@contextmanager
def of_workspace(instance: dg.DagsterInstance, job: dg.JobDefinition) -> Iterator[None]:
    """Runs that this process creates meanwhile look as if the workspace's code location had.

    Dagster shows no others in its timeline. Its daemon would start them again if they fail: a tag forbids that.
    """
    location = RegisteredCodeLocationOrigin(LOCATION)
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(location, SINGLETON_REPOSITORY_NAME), job.name)
    create = instance.create_run_for_job

    def create_of_workspace(**given: Any) -> dg.DagsterRun:
        return create(**{**given, "tags": {**(given.get("tags") or {}), **_NEVER}, "remote_job_origin": origin})

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
