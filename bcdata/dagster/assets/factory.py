"""One asset from one step of a dataset."""

import warnings
from collections.abc import Iterable, Iterator

import dagster as dg

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.assets.body import run
from bcdata.dagster.assets.zones import OWNERS, group_of, kinds_of, shown, tags_of
from bcdata.dagster.checks import findings_spec
from bcdata.dagster.partitions import partitions_of
from bcdata.dagster.resources import sources_of
from bcdata.pipeline.zones import Step, Zone, upstream


def make_asset(catalog: Catalog, dataset: Dataset, step: Step) -> dg.AssetsDefinition:
    """An asset that materializes any range of its partitions in one go."""
    before = upstream(step, dataset, catalog.joined(dataset))
    with warnings.catch_warnings():
        # Known and pinned by a facts test; shown once an asset, it would bury what matters.
        warnings.filterwarnings("ignore", "Parameter `backfill_policy`", dg.BetaWarning)
        return _asset(catalog, dataset, step, before)


def _asset(catalog: Catalog, dataset: Dataset, step: Step, before: Iterable[Step]) -> dg.AssetsDefinition:
    @dg.asset(
        key=dg.AssetKey(step.key),
        deps=[dg.AssetKey(one.key) for one in before],
        partitions_def=partitions_of(catalog, dataset),
        required_resource_keys=sources_of(dataset.parsed.market),
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=[findings_spec(step)],
        group_name=group_of(dataset, step),
        description=shown(step).description(dataset, step),
        kinds=kinds_of(step),
        tags=tags_of(dataset, step),
        owners=OWNERS,
        pool=step.provider if step.zone is Zone.RAW else None,
    )
    def asset(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        yield from run(context, catalog, dataset, step)

    return asset
