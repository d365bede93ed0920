"""resampled: coarser bars, which say of how many finer ones they are made and how many of the rest are explained."""

import dagster as dg

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.assets.factory import make_asset, steps_in
from bcdata.pipeline.zones import Zone


def resampled_assets(catalog: Catalog, dataset: Dataset) -> list[dg.AssetsDefinition]:
    """One asset for each entry of the dataset's `resample`."""
    return [
        make_asset(
            catalog,
            dataset,
            step,
            description=f"{step.asset} out of {dataset.name}; complete where bars + explained = expected.",
            kinds=["parquet", "polars"],
        )
        for step in steps_in(dataset, Zone.RESAMPLED)
    ]
