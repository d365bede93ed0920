"""The sweep over raw as a job: what it finds is observed on each raw asset."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from bcdata.catalog import Catalog, Dataset
from bcdata.operations.zones import Step, Zone
from bcdata.resources import BinanceArchiveResource, BinanceRestResource, StoreResource, workbench

if TYPE_CHECKING:
    from bcdata.operations.swept import Checked, Summary

JOB, OP = "verify", "sweep_raw"
_SHOWN = 50


class SweepConfig(dg.Config):
    """What to look at: all datasets and symbols where none is named."""

    datasets: list[str] = Field(default=[], description="all if none is named")
    symbols: list[str] = Field(default=[], description="all if none is named")


def sweep_job(catalog: Catalog) -> dg.JobDefinition:
    """The job; it can be launched by hand for some datasets or symbols."""

    @dg.op(name=OP, out={}, description="Checks stored raw objects against their digests and the archive's listing.")
    def op(
        context: dg.OpExecutionContext,
        config: SweepConfig,
        store: StoreResource,
        binance_archive: BinanceArchiveResource,
        binance_rest: BinanceRestResource,
    ) -> Iterator[dg.AssetObservation]:
        from bcdata.operations.sweep import verify  # noqa: PLC0415

        with workbench(catalog, store, binance_archive, binance_rest) as work:
            for dataset in [catalog[name] for name in config.datasets] or catalog:
                for provider, found in _by_provider(dataset, verify(work, dataset, config.symbols or None)).items():
                    asset = dg.AssetKey(Step(Zone.RAW, dataset.name, provider).key)
                    yield dg.AssetObservation(asset, metadata=_metadata(found))
                    words = ", ".join(f"{count} {trouble}" for trouble, count in found.counts.items())
                    context.log.info("%s: %d objects: %s", dataset.name, found.objects, words or "nothing is wrong")

    graph = dg.GraphDefinition(name=JOB, node_defs=[op])
    return graph.to_job(description="Whether raw still holds what came; what is harmed is fetched again by `mend_...`.")


def _by_provider(dataset: Dataset, checked: Iterable["Checked"]) -> dict[str, "Summary"]:
    from bcdata.operations.swept import Summary  # noqa: PLC0415

    found = {provider: Summary(dataset.name) for provider in dataset.sources}
    for one in checked:
        found[str(one.partition.provider)].add(one)
    return found


def _metadata(found: "Summary") -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "partitions": found.partitions,
        "objects": found.objects,
        "bytes": found.bytes,
        "unlisted": found.unlisted,
        "harmed": sum(found.counts.get(trouble, 0) for trouble in ("damaged", "missing")),
        "troubles": dg.MetadataValue.json(found.counts),
    }
    rows = found.rows()[:_SHOWN]
    if rows:
        lines = (f"| {row['symbol']} | {row['date']} | {row['object']} | {row['trouble']} |" for row in rows)
        metadata["which"] = dg.MetadataValue.md(
            "\n".join(["| symbol | date | object | trouble |", "|-|-|-|-|", *lines])
        )
    return metadata
