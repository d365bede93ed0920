"""merged: one truth per bar out of all sources, and a ledger that explains every missing one."""

import dagster as dg

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.assets.factory import make_asset, steps_in
from bcdata.pipeline.zones import Zone


def merged_assets(catalog: Catalog, dataset: Dataset) -> list[dg.AssetsDefinition]:
    """One asset a dataset."""
    order = " > ".join(dataset.sources)
    return [
        make_asset(
            catalog,
            dataset,
            step,
            description=f"{dataset.name}: one series per symbol ({order}), source on every row; gap ledger beside it.",
            kinds=["parquet", "polars"],
        )
        for step in steps_in(dataset, Zone.MERGED)
    ]
