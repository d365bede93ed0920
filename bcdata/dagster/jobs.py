"""Two jobs for each partitions definition: one over a range of partitions, and one that heals any set of them.

Dagster runs assets together only if they share their partitions: so there is a job for each market and grain.
"""

from typing import Any

import dagster as dg

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.assets.heal import heal_op
from bcdata.pipeline.zones import closure, steps
from bcdata.windows import Grain

HEAL_PREFIX = "heal_"


def job_name(market: str, grain: Grain) -> str:
    """The name of the job over ranges of partitions of a market and grain."""
    return f"materialize_{market}_{grain.value}"


def heal_job_name(market: str, grain: Grain) -> str:
    """The name of the job that heals partitions of a market and grain."""
    return f"{HEAL_PREFIX}{market}_{grain.value}"


def sharing(catalog: Catalog, market: str, grain: Grain) -> list[Dataset]:
    """The datasets that share the partitions of a market and grain."""
    return [dataset for dataset in catalog if (dataset.market, dataset.grain) == (market, grain)]


def asset_keys(catalog: Catalog, dataset: Dataset) -> list[dg.AssetKey]:
    """The assets of a dataset, and those of the settlements that its bars join: what a run over it makes."""
    return [dg.AssetKey(step.key) for step in closure(dataset, catalog.joined(dataset))]


def build_range_jobs(catalog: Catalog) -> list[Any]:
    """The jobs over ranges of partitions; Dagster's type of asset jobs is not public."""
    return [
        dg.define_asset_job(
            job_name(market, grain),
            selection=dg.AssetSelection.assets(
                *(dg.AssetKey(step.key) for dataset in sharing(catalog, market, grain) for step in steps(dataset))
            ),
            description=(
                f"All zones of the datasets of {market} with partitions of a {grain.value}:"
                f" {', '.join(dataset.name for dataset in sharing(catalog, market, grain))}."
                " What is there and still true is neither fetched nor computed."
            ),
        )
        for market, grain in catalog.shared()
    ]


def build_heal_jobs(catalog: Catalog) -> list[dg.JobDefinition]:
    """The jobs that heal."""
    op = heal_op(catalog)
    return [
        dg.GraphDefinition(name=heal_job_name(market, grain), node_defs=[op]).to_job(
            description=(
                f"Partitions of datasets of {market} by {grain.value} that sensors ask for, in any number and order."
            )
        )
        for market, grain in catalog.shared()
    ]
