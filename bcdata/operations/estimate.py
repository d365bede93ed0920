"""What a run would do: partitions, runs, objects and bytes, from listings alone."""

from pathlib import Path
from typing import Any

from bcdata import clock
from bcdata.catalog import Catalog, Dataset
from bcdata.net.loop import BackgroundLoop
from bcdata.operations.choose import first_choice
from bcdata.operations.listings import Listings
from bcdata.operations.plan import Plan
from bcdata.operations.raw_archive import MANIFEST, taken
from bcdata.operations.workbench import archive_of, open_client
from bcdata.operations.zones import Step, Zone
from bcdata.store.store import Store


def estimate(root: Path, catalog: Catalog, plan: Plan, *, runs: int) -> dict[str, Any]:
    """Counts what the plan would fetch now.

    Objects that only a look into a monthly one can call for are not counted, nor are REST calls.

    Raises:
        ProviderError: the archive cannot be asked.
    """
    objects, size = 0, 0
    with BackgroundLoop() as loop:
        for step in plan.steps:
            if step.zone is Zone.RAW and step.provider == "binance_archive":
                more, bytes_ = loop.run(_to_fetch(root, catalog[step.dataset], plan, step))
                objects, size = objects + more, size + bytes_
    return {
        "dataset": plan.dataset.name,
        "as_of": clock.now().isoformat(timespec="seconds"),
        "symbols": len(plan.symbols),
        "dates": len(plan.dates),
        "assets": len(plan.steps),
        "partitions": plan.partitions,
        "runs": runs,
        "objects": objects,
        "bytes": size,
    }


async def _to_fetch(root: Path, dataset: Dataset, plan: Plan, step: Step) -> tuple[int, int]:
    store = Store(root)
    windows = {date: dataset.grain.window(date) for date in plan.dates}
    found: dict[str, int] = {}
    async with open_client() as http:
        listings = Listings(archive_of(http), dataset, windows.values())
        for symbol in plan.symbols:
            for date, window in windows.items():
                daily, monthly = await listings.objects(symbol, window)
                manifest = store.get_json(step.partition(symbol, date), MANIFEST) or {}
                have = taken(manifest)
                chosen = first_choice(daily, monthly, dataset.grain)
                found |= {one.key: one.size or 0 for one in chosen if one.name not in have}
    return len(found), sum(found.values())
