"""Two jobs a dataset: one over a range of its partitions, and one that heals any set of them."""

from typing import Any

import dagster as dg

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.assets.heal import heal_op
from bcdata.pipeline.zones import closure


def job_name(dataset: str) -> str:
    """The name of a dataset's job."""
    return f"materialize_{dataset}"


def heal_job_name(dataset: str) -> str:
    """The name of the job that heals a dataset."""
    return f"heal_{dataset}"


def build_jobs(catalog: Catalog) -> list[Any]:
    """The jobs of all datasets; Dagster's type of asset jobs is not public."""
    op = heal_op(catalog)
    return [*_ranges(catalog), *(_heal(dataset, op) for dataset in catalog)]


def _heal(dataset: Dataset, op: dg.OpDefinition) -> dg.JobDefinition:
    graph = dg.GraphDefinition(name=heal_job_name(dataset.name), node_defs=[op])
    return graph.to_job(description=f"Partitions of {dataset.name} that sensors ask for, in any number and order.")


def _ranges(catalog: Catalog) -> list[Any]:
    return [
        dg.define_asset_job(
            job_name(dataset.name),
            selection=dg.AssetSelection.assets(
                *(dg.AssetKey(step.key) for step in closure(dataset, catalog.joined(dataset)))
            ),
            description=f"All zones of {dataset.name}; what is there and still true is neither fetched nor computed.",
        )
        for dataset in catalog
    ]
