"""Tells which partitions lack what should be there by now. It looks, and launches nothing."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import dagster as dg

from bcdata import clock
from bcdata.catalog import Automation, Catalog, Dataset
from bcdata.dagster.resources import StoreResource
from bcdata.dagster.sensors.requester import SymbolCursor, symbols_of
from bcdata.dagster.sensors.turns import Turn, take_turns
from bcdata.pipeline.zones import Step, Zone
from bcdata.settings import Settings

if TYPE_CHECKING:
    from bcdata.healing.freshness import Overdue

SHOWN = 50
"""So many partitions get an observation of their own a tick; all of them are counted, and in `bcdata status`."""


def freshness_sensor(catalog: Catalog, datasets: Sequence[Dataset]) -> dg.SensorDefinition:
    """The sensor over these datasets of bars."""

    @dg.sensor(
        name=Automation.FRESHNESS.value,
        minimum_interval_seconds=Settings().heal_every,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Observes which partitions lack bars that should be there by now.",
    )
    def sensor(context: dg.SensorEvaluationContext, store: StoreResource) -> dg.SensorResult:
        def look(name: str, cursor: str, seconds: float) -> Turn:
            return _freshness(context, catalog[name], store, cursor, seconds)

        return take_turns(context, [one.name for one in datasets], look)

    return sensor


def _freshness(
    context: dg.SensorEvaluationContext, dataset: Dataset, store: StoreResource, cursor: str, seconds: float
) -> Turn:
    from bcdata.healing.freshness import freshness, merged_at
    from bcdata.pipeline.records.footer_cache import open_footer_cache
    from bcdata.store.store import Store

    symbols = SymbolCursor(symbols_of(context.instance, dataset), seconds=seconds)
    tried = merged_at(store.path(), dataset.name)
    with open_footer_cache(Store(store.path())) as footers:
        found = [one for symbol in symbols for one in freshness(footers, dataset, [symbol], tried, clock.now())]
    if symbols.cursor:
        # What was read is remembered, so that the next tick gets further.
        return Turn(f"read {symbols.seen} symbols; goes on", cursor)
    digest = hashlib.sha256(repr(found).encode()).hexdigest()[:16]
    events = list(_observations(dataset, found)) if digest != cursor else []
    return Turn(f"{len(found)} partitions of {symbols.seen} symbols are overdue", digest, events=events)


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
