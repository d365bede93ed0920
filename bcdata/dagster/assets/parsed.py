"""parsed: one audited frame a source. Bad rows go to quarantine with the reason."""

import dagster as dg

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.assets.factory import make_asset, steps_in
from bcdata.pipeline.zones import Zone


def parsed_assets(catalog: Catalog, dataset: Dataset) -> list[dg.AssetsDefinition]:
    """One asset for each source of the dataset."""
    return [
        make_asset(
            catalog,
            dataset,
            step,
            description=f"{dataset.name} as {step.provider} has it, in the canonical frame; bad rows are quarantined.",
            kinds=["parquet", "polars"],
        )
        for step in steps_in(dataset, Zone.PARSED)
    ]
