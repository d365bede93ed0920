"""Halts as a job: dates of which merged bars have changed are looked at again, and told as an asset beside merged."""

from collections.abc import Iterator

import dagster as dg
from pydantic import Field

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.assets.zones import OWNERS
from bcdata.dagster.resources import StoreResource
from bcdata.pipeline.zones import Step, Zone

JOB, OP = "find_halts", "look_for_halts"


class HaltsConfig(dg.Config):
    """Where to look: all datasets whose bars are short enough, if none is named."""

    datasets: list[str] = Field(default=[], description="all if none is named")


def halt_assets(catalog: Catalog) -> list[dg.AssetSpec]:
    """The halts of each dataset whose bars are short enough to tell them, as the UI shows them."""
    return [
        dg.AssetSpec(
            _key(dataset),
            deps=[dg.AssetKey(Step(Zone.MERGED, dataset.name).key)],
            group_name="halts",
            kinds={"halts", "parquet", "numpy"},
            owners=OWNERS,
            tags={"bcdata/zone": "halts", "bcdata/dataset": dataset.name, "bcdata/market": dataset.market},
            description=(
                f"Halts of {dataset.name}: when nobody traded in any liquid symbol of {dataset.market};"
                f" made by the job {JOB}."
            ),
        )
        for dataset in catalog
        if dataset.tells_halts
    ]


def halts_job(catalog: Catalog) -> dg.JobDefinition:
    """The job over all datasets and dates that have changed."""

    @dg.op(name=OP, out={}, description="Looks for halts where merged bars have changed.")
    def op(
        context: dg.OpExecutionContext, config: HaltsConfig, store: StoreResource
    ) -> Iterator[dg.AssetMaterialization]:
        from bcdata.pipeline.halts import watch
        from bcdata.store.store import Store

        lake = Store(store.path())
        try:
            chosen = [catalog[name] for name in config.datasets] or catalog
            for dataset in (one for one in chosen if one.tells_halts):
                for done in watch(lake, dataset):
                    context.log.info("%s %s: %d halts, %s", done.dataset, done.date, done.halts, done.state)
                    yield dg.AssetMaterialization(
                        _key(dataset),
                        partition=done.date,
                        metadata={
                            "dagster/row_count": done.halts,
                            "state": done.state.value,
                            "symbols": done.symbols,
                            "fingerprint": done.fingerprint,
                        },
                    )
        finally:
            lake.close()

    graph = dg.GraphDefinition(name=JOB, node_defs=[op])
    return graph.to_job(description="When venues stood still, out of merged bars; changed dates alone.")


def _key(dataset: Dataset) -> dg.AssetKey:
    return dg.AssetKey(["halts", dataset.name])
