"""The data flow: raw, parsed, merged, and what is made of merged. Thin: context in, values out and back."""

import dagster as dg

from bcdata.catalog import Catalog
from bcdata.dagster.assets.factory import make_asset
from bcdata.dagster.assets.zones import ZONES
from bcdata.pipeline.zones import steps


def build_assets(catalog: Catalog) -> list[dg.AssetsDefinition]:
    """All assets of all datasets in the catalog, zone by zone."""
    return [
        make_asset(catalog, dataset, step)
        for zone in ZONES
        for dataset in catalog
        for step in steps(dataset)
        if step.zone is zone
    ]
