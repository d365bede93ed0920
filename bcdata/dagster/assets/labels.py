"""labels: forward returns, apart from the features. Later bars are read across borders and kept as a fingerprint."""

import dagster as dg

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.assets.factory import make_asset, steps_in
from bcdata.pipeline.zones import Zone


def labels_assets(catalog: Catalog, dataset: Dataset) -> list[dg.AssetsDefinition]:
    """One asset a dataset whose catalog entry has `labels`."""
    return [
        make_asset(
            catalog,
            dataset,
            step,
            description=f"Forward returns of {dataset.name}, known at `known_at`: to be learned, never to learn from.",
            kinds=["parquet", "polars"],
        )
        for step in steps_in(dataset, Zone.LABELS)
    ]
