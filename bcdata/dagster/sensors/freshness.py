"""Tells which partitions lack what should be there by now. It looks, and launches nothing."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from bcdata import clock
from bcdata.catalog import Catalog, Dataset
from bcdata.dagster.resources import StoreResource
from bcdata.dagster.sensors.requester import SymbolCursor, symbols_of
from bcdata.pipeline.zones import Step, Zone
from bcdata.settings import Settings

if TYPE_CHECKING:
    from bcdata.healing.freshness import Overdue

SHOWN = 50
"""So many partitions get an observation of their own a tick; all of them are counted, and in `bcdata status`."""


def freshness_sensors(catalog: Catalog) -> list[dg.SensorDefinition]:
    """One sensor for each dataset of bars."""
    return [_freshness(dataset) for dataset in catalog if dataset.frame_type.is_regular]


def _freshness(dataset: Dataset) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"freshness_{dataset.name}",
        minimum_interval_seconds=Settings().heal_every,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Observes which partitions of {dataset.name} lack bars that should be there by now.",
    )
    def sensor(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult:
        from bcdata.healing.freshness import freshness, merged_at
        from bcdata.pipeline.records.footer_cache import open_footer_cache
        from bcdata.store.store import Store

        symbols = SymbolCursor(symbols_of(context.instance, dataset))
        tried = merged_at(store.path(), dataset.name)
        with open_footer_cache(Store(store.path())) as footers:
            found = [one for symbol in symbols for one in freshness(footers, dataset, [symbol], tried, clock.now())]
        if symbols.cursor:
            # What was read is remembered, so that the next tick gets further.
            return dg.SensorResult(skip_reason=f"read {symbols.seen} symbols; goes on", cursor=context.cursor)
        said = f"{len(found)} partitions of {symbols.seen} symbols are overdue"
        digest = hashlib.sha256(repr(found).encode()).hexdigest()[:16]
        events = list(_observations(dataset, found)) if digest != context.cursor else []
        return dg.SensorResult(skip_reason=said, asset_events=events, cursor=digest)

    return sensor


def _observations(dataset: Dataset, found: Sequence["Overdue"]) -> Iterator[dg.AssetObservation]:
    """One for the dataset, whose table lists the first ones, and one for each of these."""
    lines = [f"| {one.symbol} | {one.date} | {one.since:%Y-%m-%d %H:%M} | {one.reason} |" for one in found[:SHOWN]]
    table = "\n".join(["| symbol | date | since (UTC) | reason |", "|---|---|---|---|", *lines])
    yield dg.AssetObservation(_key(dataset), metadata={"overdue": len(found), "which": dg.MetadataValue.md(table)})
    for one in found[:SHOWN]:
        key = dg.MultiPartitionKey({"date": one.date, "symbol": one.symbol})
        metadata = {"overdue_since": one.since.isoformat(), "reason": one.reason}
        yield dg.AssetObservation(_key(dataset), partition=str(key), metadata=metadata)


def _key(dataset: Dataset) -> dg.AssetKey:
    return dg.AssetKey(Step(Zone.MERGED, dataset.name).key)
