"""raw: bytes exactly as a provider sent them, with a manifest. Nothing is read into them here."""

import dagster as dg

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.assets.factory import make_asset, steps_in
from bcdata.pipeline.zones import REST, Zone

_ARCHIVE = (
    "Archive objects of {name} with checksum states, hours and days beside them; republished ones are new versions."
)
_REST = "REST answers of {name}, asked only for expected bars that the archive lacks; pages as sent."


def raw_assets(catalog: Catalog, dataset: Dataset) -> list[dg.AssetsDefinition]:
    """One asset for each source of the dataset."""
    return [
        make_asset(
            catalog,
            dataset,
            step,
            description=(_REST if step.provider == REST else _ARCHIVE).format(name=dataset.name),
            kinds=["json"] if step.provider == REST else ["zip"],
            pool=step.provider,
        )
        for step in steps_in(dataset, Zone.RAW)
    ]
