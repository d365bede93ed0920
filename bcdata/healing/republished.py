"""Which partitions the archive has something new for: objects that were published again, and days that came late.

The archive's listing is compared with raw's manifests; nothing is downloaded.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from bcdata.catalog import Dataset
from bcdata.errors import BcdataError
from bcdata.net.loop import BackgroundLoop
from bcdata.pipeline.choosing.in_force import withdrawn
from bcdata.pipeline.choosing.policy import Policy, first_choice, policy_of, second_choice
from bcdata.pipeline.context import open_client, window_of
from bcdata.pipeline.raw.listings import Listings
from bcdata.pipeline.raw.objects import as_listed, is_republished
from bcdata.pipeline.records.in_footers import files_record
from bcdata.pipeline.records.manifests import MANIFEST, archive_manifest
from bcdata.pipeline.records.objects import ObjectRecord
from bcdata.pipeline.records.shapes import in_force
from bcdata.providers.base import BulkObject
from bcdata.providers.clients import Clients
from bcdata.providers.roles import BulkSource
from bcdata.store.layout import Partition, symbol_and_date
from bcdata.store.state.requests import Cell
from bcdata.store.store import Store
from bcdata.venues.calendar import calendar
from bcdata.windows import Window

KIND = "republished"
Records = Mapping[str, ObjectRecord]
"""The records of the objects in force, read or left out by the policy, by their names."""


def news(known: Records, daily: Sequence[BulkObject], monthly: BulkObject | None, dataset: Dataset) -> list[BulkObject]:
    """The listed objects that raw has in another version, or lacks though the partition would be made of them.

    An object that left the listing is no news: its last version stays in force, and the next run says so.

    Args:
        known: the objects in force, as a manifest has them.
        daily: the listed daily objects inside the partition.
        monthly: the listed monthly object that covers it, if there is one.
        dataset: whose partition it is; its catalog entry says which objects are read.
    """
    policy, listed = policy_of(dataset), [*daily, *([monthly] if monthly else [])]
    held = [as_listed(one) for one in withdrawn(listed, known, dataset.archive).values()]
    days = [*daily, *(one for one in held if one.period == "daily")]
    lacking = {date.fromisoformat(day) for record in known.values() for day in record.get("lacking", [])}
    chosen = first_choice(days, monthly, policy)
    chosen += [one for one in second_choice(days, monthly, lacking, policy) if one not in chosen]
    republished = [one for one in listed if is_republished(one, known)]
    return republished + [one for one in chosen if one.name not in known]


@dataclass(frozen=True, slots=True)
class ListingChanges:
    """What a look at the listing found.

    Attributes:
        answered: the symbols whose listing could be compared with raw.
        cells: partitions that there is news for, with a digest of the new versions.
        errors: why other symbols could not be compared.
    """

    answered: list[str] = field(default_factory=list)
    cells: dict[Cell, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)


def look(
    store: Store,
    dataset: Dataset,
    symbols: Sequence[str],
    now: datetime,
    *,
    urls: Mapping[str, Mapping[str, str]] | None = None,
    seconds: float,
) -> ListingChanges:
    """Compares the closed partitions of some symbols that raw has with what the archive lists.

    Open partitions are the daily refresh's: every day brings them something new.

    Args:
        store: the lake.
        dataset: the dataset.
        symbols: those to look at, all at once.
        now: the present instant.
        urls: base addresses, as for `Clients`.
        seconds: after so long the rest counts as not answered.
    """
    found = ListingChanges()

    async def one(archive: BulkSource, symbol: str) -> None:
        try:
            async with asyncio.timeout(seconds):
                new = await _of_symbol(store, dataset, archive, symbol, now)
            if new is not None:
                found.cells.update(new)
                found.answered.append(symbol)
        except BcdataError as error:
            found.errors.append(str(error))
        except TimeoutError:
            found.errors.append(f"the archive's listing of {symbol} took more than {seconds:.0f} s")

    async def all_of_them() -> None:
        async with open_client() as http:
            archive = Clients(http, urls).bulk(dataset.market)
            await asyncio.gather(*(one(archive, symbol) for symbol in symbols))

    with BackgroundLoop() as loop:
        loop.run(all_of_them())
    return found


async def _of_symbol(
    store: Store, dataset: Dataset, archive: BulkSource, symbol: str, now: datetime
) -> dict[Cell, str] | None:
    """The news of a symbol; None where raw has nothing closed to compare."""
    partitions = {one: window_of(dataset, one) for one in _taken(store, dataset, symbol)}
    closed = {one: window for one, window in partitions.items() if window.end <= now}
    if not closed:
        return None
    listings = Listings(archive, dataset, closed.values(), None)
    cells = {}
    for partition, window in closed.items():
        manifest = archive_manifest(store, partition)
        known = in_force(manifest)
        daily, monthly = await listings.objects(symbol, window)
        new = news(known, daily, monthly, dataset)
        if monthly and not new and monthly.name not in known and "days_alone" not in (manifest or {}):
            new = [monthly] if _needs_month(store, dataset, partition, window) else []
        beside = await listings.beside(symbol, window)
        new += [one for one in beside if one.name not in known or is_republished(one, known)]
        if new:
            cells[symbol, partition.date] = _digest(new)
    return cells


def _needs_month(store: Store, dataset: Dataset, partition: Partition, window: Window) -> bool:
    """Whether a day's object was published with fewer bars than there are, when its month had not come yet."""
    if policy_of(dataset) is not Policy.DAYS_FIRST:
        return False
    parsed = store.published(partition.in_zone("parsed", partition.provider))
    expected = calendar(dataset.hours).opens(dataset.pace, window)
    return parsed is None or files_record(parsed)["verdict"]["rows"] < len(expected)


def _taken(store: Store, dataset: Dataset, symbol: str) -> list[Partition]:
    """The symbol's partitions of which raw has a manifest."""
    some = Partition("raw", dataset.name, symbol, "", dataset.bulk)
    keys = [info.key for info in store.objects.list(some.prefix.removesuffix("date=/"))]
    places = [symbol_and_date(key) for key in keys if key.endswith(f"/{MANIFEST}")]
    dates = [place[1] for place in places if place and dataset.grain.is_key(place[1])]
    return [Partition("raw", dataset.name, symbol, date, dataset.bulk) for date in dates]


def _digest(objects: Sequence[BulkObject]) -> str:
    versions = sorted(
        f"{one.name} {one.size} {one.etag} {one.last_modified} {one.checksum_modified}" for one in objects
    )
    return hashlib.sha256("\n".join(versions).encode()).hexdigest()[:16]
