"""The scrub of the lake as a job: what it finds is observed on each asset."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.resources import run_context, sources_of
from bcdata.pipeline.zones import Step, Zone

if TYPE_CHECKING:
    from bcdata.healing.scrub_report import CheckedPartition, ScrubReport

JOB, OP = "verify", "sweep_raw"
_SHOWN = 50


class ScrubConfig(dg.Config):
    """What to look at: all datasets and symbols where none is named."""

    datasets: list[str] = Field(default=[], description="all if none is named")
    symbols: list[str] = Field(default=[], description="all if none is named")


def scrub_job(catalog: Catalog) -> dg.JobDefinition:
    """The job; it can be launched by hand for some datasets or symbols."""

    @dg.op(
        name=OP,
        out={},
        required_resource_keys=set().union(*(sources_of(dataset.parsed.market) for dataset in catalog)),
        description="Hashes all files of the lake, and compares raw with the archive's listing.",
    )
    def op(context: dg.OpExecutionContext, config: ScrubConfig) -> Iterator[dg.AssetObservation]:
        from bcdata.healing.scrub_published import verify_published
        from bcdata.healing.scrub_raw import verify

        with run_context(catalog, context.resources) as work:
            for dataset in [catalog[name] for name in config.datasets] or catalog:
                symbols = config.symbols or None
                checked = chain(verify(work, dataset, symbols), verify_published(work, dataset, symbols))
                for asset, found in _by_asset(dataset, checked).items():
                    yield dg.AssetObservation(dg.AssetKey(asset), metadata=_metadata(found))
                    words = ", ".join(f"{count} {trouble}" for trouble, count in found.counts.items())
                    told = ("/".join(asset), found.objects, words or "nothing is wrong")
                    context.log.info("%s: %d files: %s", *told)

    graph = dg.GraphDefinition(name=JOB, node_defs=[op])
    return graph.to_job(
        description="Whether the lake still holds what it did; the sensor `repair` has what is corrupted repaired."
    )


def _by_asset(dataset: Dataset, checked: Iterable["CheckedPartition"]) -> dict[Sequence[str], "ScrubReport"]:
    """What was found, by the key of the asset; ledgers belong to merged."""
    from bcdata.healing.scrub_report import ScrubReport

    raw = [Step(Zone.RAW, dataset.name, provider) for provider in dataset.sources]
    found: dict[Sequence[str], ScrubReport] = {tuple(step.key): ScrubReport(dataset.name) for step in raw}
    for one in checked:
        partition = one.partition
        zone = Zone.MERGED.value if partition.zone == "gaps" else partition.zone
        names = [zone, partition.provider, partition.dataset]
        found.setdefault(tuple(name for name in names if name), ScrubReport(dataset.name)).add(one)
    return found


def _metadata(found: "ScrubReport") -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "partitions": found.partitions,
        "objects": found.objects,
        "bytes": found.bytes,
        "unlisted": found.unlisted,
        "harmed": sum(found.counts.get(trouble, 0) for trouble in ("damaged", "missing", "unreadable")),
        "troubles": dg.MetadataValue.json(found.counts),
    }
    rows = found.rows()[:_SHOWN]
    if rows:
        lines = (f"| {row['symbol']} | {row['date']} | {row['object']} | {row['trouble']} |" for row in rows)
        metadata["which"] = dg.MetadataValue.md(
            "\n".join(["| symbol | date | object | trouble |", "|-|-|-|-|", *lines])
        )
    return metadata
