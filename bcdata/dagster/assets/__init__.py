"""The data flow, in rooms: raw, parsed, merged, and what is made of merged. Thin: context in, values out and back."""

import dagster as dg

from bcdata.catalog import Catalog
from bcdata.dagster.assets.features import features_assets
from bcdata.dagster.assets.labels import labels_assets
from bcdata.dagster.assets.merged import merged_assets
from bcdata.dagster.assets.parsed import parsed_assets
from bcdata.dagster.assets.raw import raw_assets
from bcdata.dagster.assets.reports import reports_assets
from bcdata.dagster.assets.resampled import resampled_assets
from bcdata.dagster.assets.seasonality import seasonality_assets


def build_assets(catalog: Catalog) -> list[dg.AssetsDefinition]:
    """All assets of all datasets in the catalog."""
    made = (features_assets, reports_assets, seasonality_assets, labels_assets, resampled_assets)
    rooms = (raw_assets, parsed_assets, merged_assets, *made)
    return [asset for room in rooms for dataset in catalog for asset in room(catalog, dataset)]
