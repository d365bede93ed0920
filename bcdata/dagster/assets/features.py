"""features: one wide table per symbol and partition. Warm-up is read across borders and kept as a fingerprint."""

import dagster as dg

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.assets.factory import make_asset, steps_in
from bcdata.pipeline.zones import Zone


def features_assets(catalog: Catalog, dataset: Dataset) -> list[dg.AssetsDefinition]:
    """One asset a dataset of bars."""
    return [
        make_asset(
            catalog,
            dataset,
            step,
            description=f"Features of {dataset.name}; each row is known at `known_at`.",
            kinds=["parquet", "numpy"],
        )
        for step in steps_in(dataset, Zone.FEATURES)
    ]
