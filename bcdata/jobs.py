"""One job a dataset: what schedules, sensors and people launch over a range of its partitions."""

from typing import Any

import dagster as dg

from bcdata.catalog import Catalog
from bcdata.operations.zones import closure


def job_name(dataset: str) -> str:
    """The name of a dataset's job."""
    return f"materialize_{dataset}"


def build_jobs(catalog: Catalog) -> list[Any]:
    """One job a dataset: raw to features, for any range of partitions; Dagster's type of these is not public."""
    return [
        dg.define_asset_job(
            job_name(dataset.name),
            selection=dg.AssetSelection.assets(
                *(dg.AssetKey(step.key) for step in closure(dataset, catalog.funding(dataset.market)))
            ),
            description=f"All zones of {dataset.name}; what is there and still true is neither fetched nor computed.",
        )
        for dataset in catalog
    ]
