"""The data flow: raw, parsed, merged, and what is made of merged. Thin: context in, values out and back."""

import dagster as dg

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.assets.factory import make_asset
from bcdata.dagster.assets.zones import ZONES
from bcdata.dagster.checks import make_gate
from bcdata.pipeline.zones import Step, steps


def build_assets(catalog: Catalog) -> list[dg.AssetsDefinition]:
    """All assets of all datasets in the catalog, zone by zone."""
    return [make_asset(catalog, dataset, step) for dataset, step in _in_order(catalog)]


def build_gates(catalog: Catalog) -> list[dg.AssetChecksDefinition]:
    """The gates of all these assets."""
    return [make_gate(catalog, dataset, step) for dataset, step in _in_order(catalog)]


def _in_order(catalog: Catalog) -> list[tuple[Dataset, Step]]:
    return [(dataset, step) for zone in ZONES for dataset in catalog for step in steps(dataset) if step.zone is zone]
