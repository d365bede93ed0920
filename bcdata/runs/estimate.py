"""What a run would do: partitions, runs, objects, bytes and requests, from listings alone."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

from bcdata import clock
from bcdata.catalog import Catalog, Dataset
from bcdata.ledger.answered import is_covered
from bcdata.net.loop import BackgroundLoop
from bcdata.pipeline.choosing.controls import ControlObjects
from bcdata.pipeline.choosing.policy import first_choice, policy_of
from bcdata.pipeline.context import open_client, series_of
from bcdata.pipeline.raw.due import settled_by
from bcdata.pipeline.raw.listings import Listings
from bcdata.pipeline.raw.objects import is_version
from bcdata.pipeline.raw.pages import StoredPages
from bcdata.pipeline.records.manifests import archive_manifest
from bcdata.pipeline.records.objects import ObjectRecord
from bcdata.pipeline.records.shapes import in_force
from bcdata.pipeline.zones import Step, Zone
from bcdata.providers.base import BulkObject
from bcdata.providers.capabilities import Role
from bcdata.providers.clients import Clients
from bcdata.providers.registry import SOURCES, role_of
from bcdata.runs.footprint import footprint
from bcdata.runs.plan import Plan
from bcdata.runs.rates import seconds_of
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.venues.calendar import closed_window

_AT_ONCE = 16
"""Symbols whose listings are in flight at once; the client bounds connections below that."""


@dataclass(slots=True)
class _Cost:
    """What raw would fetch: bytes by key of objects and of control objects, requests for listings and for pages."""

    objects: dict[str, int] = field(default_factory=dict)
    controls: dict[str, int] = field(default_factory=dict)
    listings: int = 0
    pages: int = 0

    @property
    def requests(self) -> int:
        """All requests: objects come with a CHECKSUM each, control objects without."""
        return 2 * len(self.objects) + len(self.controls) + self.listings + self.pages


def estimate(root: Path, catalog: Catalog, plan: Plan, *, runs: int) -> dict[str, Any]:
    """Counts what the plan would fetch now, and says what that takes on the disk and how long.

    `objects` and `bytes` are those that partitions are made of, `control_objects` and `control_bytes` the coarser
    bars that they are checked against, `requests` all requests for both and for listings. What only a look into an
    object can call for is not counted, nor is evidence for missing bars, nor what repairs them. Of a source that is
    asked by windows the pages are counted that cover the time which raw does not yet: of trades there are more.

    `disk` and `disk_bytes` are what the plan's partitions take afterwards, by zone and in all, by those that the lake
    has of each asset. `minutes` go by the last runs of the lake; `rate` says whether all of it does.

    Raises:
        ProviderError: the archive cannot be asked.
    """
    cost = _Cost()
    with BackgroundLoop() as loop:
        for step in plan.steps:
            if step.zone is Zone.RAW and role_of(step.provider) is Role.BULK:
                loop.run(_to_fetch(root, catalog[step.dataset], plan, step, cost))
            elif step.zone is Zone.RAW and role_of(step.provider) is Role.WINDOW:
                cost.pages += _pages(Store(root), catalog[step.dataset], plan, step)
    fetched = sum(cost.objects.values()) + sum(cost.controls.values())
    after = footprint(Store(root), catalog, plan, fetched=fetched, now=clock.now())
    seconds, is_measured = seconds_of(root, catalog, after.lacking, clock.now())
    return {
        "dataset": plan.dataset.name,
        "as_of": clock.now().isoformat(timespec="seconds"),
        "symbols": len(plan.symbols),
        "dates": len(plan.dates),
        "assets": len(plan.steps),
        "partitions": plan.partitions,
        "runs": runs,
        "objects": len(cost.objects),
        "bytes": sum(cost.objects.values()),
        "control_objects": len(cost.controls),
        "control_bytes": sum(cost.controls.values()),
        "requests": cost.requests,
        "disk": dict(after.zones),
        "disk_bytes": sum(after.zones.values()),
        "minutes": round(seconds / 60, 3),
        "rate": "of this lake's last runs" if is_measured else "a default",
    }


async def _to_fetch(root: Path, dataset: Dataset, plan: Plan, step: Step, cost: _Cost) -> None:
    store, places = Store(root), asyncio.Semaphore(_AT_ONCE)
    windows = [dataset.grain.window(date) for date in plan.dates]
    async with open_client() as http:
        archive = Clients(http).bulk(dataset.market)
        listings = Listings(archive, dataset, windows, clock.now())

        async def of_symbol(symbol: str) -> None:
            async with places:
                for date in plan.dates:
                    await _of_partition(store, listings, step.partition(symbol, date), dataset, cost)

        await asyncio.gather(*(of_symbol(symbol) for symbol in plan.symbols))
        cost.listings += archive.listing_requests


async def _of_partition(store: Store, listings: Listings, partition: Partition, dataset: Dataset, cost: _Cost) -> None:
    window, symbol = dataset.grain.window(partition.date), partition.symbol
    daily, monthly = await listings.objects(symbol, window)
    manifest = archive_manifest(store, partition)
    beside = await listings.beside(symbol, window)
    chosen = [*first_choice(daily, monthly, policy_of(dataset)), *beside]
    cost.objects |= _lacking(chosen, in_force(manifest))
    controls = {record["name"]: record for record in (manifest.get("controls", []) if manifest else [])}
    cost.controls |= _lacking(await ControlObjects(dataset, listings).listed(symbol, window), controls)


def _pages(store: Store, dataset: Dataset, plan: Plan, step: Step) -> int:
    """How many pages cover the rows that are due and that raw's pages do not."""
    import polars as pl

    from bcdata.frames.schema import TIME

    can, interval, now = SOURCES[step.provider or ""].capabilities, dataset.pace, clock.now()
    reach = (interval.length or timedelta(days=31)) * can.depth_bars if can.depth_bars else None
    pages = 0
    for symbol, date in product(plan.symbols, plan.dates):
        kept = StoredPages.read(store, step.partition(symbol, date), str(series_of(dataset, symbol)))
        window = closed_window(dataset.grain.window(date), interval, settled_by(now))
        opens = pl.Series("open_time", interval.opens(window)).cast(TIME)
        left = opens.filter(~is_covered(opens, kept.covered, interval) & (opens >= now - reach if reach else True))
        pages += -(-left.len() // (can.page_rows or left.len() or 1))
    return pages


def _lacking(objects: list[BulkObject], known: Mapping[str, ObjectRecord]) -> dict[str, int]:
    """Bytes by key of the objects that raw has not, or has in another version."""
    return {one.key: one.size or 0 for one in objects if one.name not in known or not is_version(known[one.name], one)}
