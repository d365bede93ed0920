"""seasonality: volatility by time of day. The 20 days before are read across borders and kept as a fingerprint."""

import dagster as dg

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.assets.factory import make_asset, steps_in
from bcdata.pipeline.zones import Zone


def seasonality_assets(catalog: Catalog, dataset: Dataset) -> list[dg.AssetsDefinition]:
    """One asset a dataset that has features and whose bars fill quarters of an hour."""
    return [
        make_asset(
            catalog,
            dataset,
            step,
            description=f"Volatility of {dataset.name} by quarters of an hour, over the 20 days before each day.",
            kinds=["parquet", "numpy"],
        )
        for step in steps_in(dataset, Zone.SEASONALITY)
    ]
