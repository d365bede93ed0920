"""Pictures in the metadata of materializations: drawn by reports, shown by Dagster as images."""

import base64
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from bcdata.catalog import Dataset
from bcdata.dagster.assets.preview import preview
from bcdata.pipeline.zones import Step, Zone
from bcdata.store.layout import Partition

if TYPE_CHECKING:
    from bcdata.pipeline.context import RunContext

Shown = tuple[Partition | None, str, dg.MarkdownMetadataValue]
"""The partition that it shows, None if it shows all of the run; its name, and the image."""


def of_run(work: "RunContext", step: Step, partitions: Sequence[Partition], last: Partition) -> dict[str, Any]:
    """What is shown of a run that made these partitions, for the metadata of the one that is told of last."""
    dataset = work.catalog[step.dataset]
    shown = {name: image for one, name, image in pictures(work, dataset, step, partitions) if one in {None, last}}
    return {**preview(work.store.root, step, last), **shown}


def pictures(work: "RunContext", dataset: Dataset, step: Step, partitions: Sequence[Partition]) -> Iterator[Shown]:
    """What is drawn of a run's partitions.

    Maps show them all, once a run. A day's curve is small, and each partition has its own.
    """
    match step.zone:
        case Zone.MERGED:
            from bcdata.reporting.gap_report import neighbourhood as coverage

            yield from _shown(None, "coverage of the run", coverage(work.store, dataset, partitions, work.now))
        case Zone.REPORTS:
            from bcdata.reporting.feature_report import neighbourhood as reports

            yield from _shown(None, "features of the run", reports(work.store, dataset, partitions))
        case Zone.SEASONALITY:
            from bcdata.reporting.day_curve import curve

            for one in partitions:
                yield from _shown(one, "day", curve(work.store, one))


def _shown(partition: Partition | None, name: str, svg: str | None) -> Iterator[Shown]:
    if svg:
        body = base64.b64encode(svg.encode()).decode()
        yield partition, name, dg.MetadataValue.md(f"![{name}](data:image/svg+xml;base64,{body})")
