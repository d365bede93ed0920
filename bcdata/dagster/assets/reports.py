"""reports: what the features of each partition look like beside the 30 days before, read across its border."""

import dagster as dg

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.assets.factory import make_asset, steps_in
from bcdata.pipeline.zones import Zone


def reports_assets(catalog: Catalog, dataset: Dataset) -> list[dg.AssetsDefinition]:
    """One asset a dataset that has features."""
    return [
        make_asset(
            catalog,
            dataset,
            step,
            description=f"How the features of {dataset.name} look: nulls, constant runs, quantiles, drift. Warns only.",
            kinds=["parquet", "numpy"],
        )
        for step in steps_in(dataset, Zone.REPORTS)
    ]
