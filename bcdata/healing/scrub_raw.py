"""The scrub: stored raw objects against the sha256 in their manifests, their CHECKSUM and the archive's listing.

Nothing is downloaded. What is damaged or lost is marked, so that the next run over its partition fetches it again; what
the archive has no more is left as it is: damaged bytes may be all that is left.
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import groupby

from bcdata.catalog import Dataset
from bcdata.errors import BcdataError, StoreError
from bcdata.healing.scrub_objects import Listed, bytes_problems, older_problems, upstream_problems
from bcdata.healing.scrub_published import (
    FOREIGN_FILE,
    LINK,
    corruption_prefix,
    expected,
    is_corrupted,
    note_corruption,
)
from bcdata.healing.scrub_report import CORRUPTION, CheckedPartition, Issue, Problem, unreadable
from bcdata.pipeline.context import RunContext, window_of
from bcdata.pipeline.lake import is_of
from bcdata.pipeline.own import is_own
from bcdata.pipeline.raw.listings import Listings
from bcdata.pipeline.records.manifests import MANIFEST, archive_manifest, read_manifest, write_manifest
from bcdata.pipeline.records.objects import DAMAGED, ObjectRecord, StoredRecord, name_of, without
from bcdata.pipeline.records.shapes import Manifest, in_force, stored
from bcdata.pipeline.stream import alone
from bcdata.providers.capabilities import Role
from bcdata.providers.registry import role_of
from bcdata.settings import Settings
from bcdata.sqlite_files import is_read_only
from bcdata.store.layout import Partition, symbol_and_date
from bcdata.store.state.attempts import Attempts
from bcdata.store.store import Store

WORKERS = 2
"""Hashing and reading overlap; memory holds so many objects."""

_log = logging.getLogger("bcdata")


def verify(context: RunContext, dataset: Dataset, symbols: Sequence[str] | None = None) -> Iterator[CheckedPartition]:
    """Checks all raw partitions of a dataset, or of some of its symbols, symbol by symbol, a few objects at a time.

    Args:
        context: store, clients and now.
        dataset: a dataset of the catalog.
        symbols: those to check; all of which raw has something if None.

    Raises:
        StoreError: the store cannot be read or written.
    """
    chosen = set(symbols) if symbols is not None else None
    for provider in dataset.sources:
        asset = Partition("raw", dataset.name, "", "", provider)
        try:
            yield from _asset(context, dataset, asset, chosen)
        except StoreError as error:
            yield unreadable(asset, "", error)


def _asset(
    context: RunContext, dataset: Dataset, asset: Partition, chosen: Collection[str] | None
) -> Iterator[CheckedPartition]:
    provider = str(asset.provider)
    linked = context.store.links("raw", dataset.name, provider)
    found = _partitions(context.store, dataset, provider)
    wanted = (one for one in found if chosen is None or one.symbol in chosen)
    for _, group in groupby(wanted, key=lambda one: one.symbol):
        yield from _symbol(context, dataset, list(group))
    if chosen is None:
        problems = [Problem(key, Issue.FOREIGN, FOREIGN_FILE) for key in _strays(context.store, dataset, provider)]
        problems += [Problem(key, Issue.UNREADABLE, LINK) for key in linked]
        if problems:
            yield CheckedPartition(asset, 0, 0, tuple(problems))


def corrupted(store: Store, dataset: Dataset) -> dict[tuple[str, str], datetime]:
    """The (symbol, date) that a scrub found corrupted and that still are, with the instant (UTC) at which it did."""
    noted = Attempts(store.root).instants(corruption_prefix(dataset))
    found = {cell: at for cell, at in noted.items() if _is_still(store, dataset, *cell)}
    store.remember()
    return found


def _is_still(store: Store, dataset: Dataset, symbol: str, date: str) -> bool:
    """Whether something of a partition is harmed; what cannot be read (a later version has written it) still is."""
    try:
        return any(_is_harmed(store, one) for one in _raw(dataset, symbol, date)) or is_corrupted(
            store, dataset, symbol, date
        )
    except StoreError:
        return True


def _raw(dataset: Dataset, symbol: str, date: str) -> list[Partition]:
    return [Partition("raw", dataset.name, symbol, date, provider) for provider in dataset.sources]


def _is_harmed(store: Store, partition: Partition) -> bool:
    """Whether the manifest marks an object as damaged, a file of it is lost, or it is lost itself."""
    manifest = read_manifest(store, partition)
    if manifest is None:
        is_read = store.publications.entries(partition.in_zone("parsed", partition.provider))
        return bool(is_read) or any(True for _ in store.objects.list(partition.prefix))
    records = _current(manifest)
    return any(DAMAGED in one or store.objects.stat(partition.key(one["file"])) is None for one in records)


def _partitions(store: Store, dataset: Dataset, provider: str) -> list[Partition]:
    """The partitions of which raw has any file, or parsed was made, in order; folders of no date key are none.

    All of parsed is made of a manifest of raw: where there is none it is lost.
    """
    there = {symbol_and_date(info.key) for info in store.files("raw", dataset.name, provider)}
    made = expected(store, "parsed", dataset.name, provider, [])
    cells = {*filter(None, there), *((one.symbol, one.date) for one in made)}
    found = (Partition("raw", dataset.name, *cell, provider) for cell in sorted(cells))
    return [one for one in found if is_of(dataset.grain, one)]


def _strays(store: Store, dataset: Dataset, provider: str) -> list[str]:
    """What is no file that anything can read, and what lies where no symbol of the market can."""
    places = ((info.key, symbol_and_date(info.key)) for info in store.files("raw", dataset.name, provider))
    foreign = [key for key, at in places if not at or not is_own(Partition("raw", dataset.name, *at, provider))]
    return [*store.strays("raw", dataset.name, provider), *foreign]


def _symbol(context: RunContext, dataset: Dataset, partitions: Sequence[Partition]) -> Iterator[CheckedPartition]:
    listings: list[Listed] = [{}] * len(partitions)
    if role_of(partitions[0].provider) is Role.BULK:
        listings = context.loop.run(_listings(context, dataset, partitions))
    with ThreadPoolExecutor(Settings().jobs or WORKERS, thread_name_prefix="sweep") as pool:
        checked = pool.map(lambda one: _check(context.store, dataset, *one), zip(partitions, listings, strict=True))
        for one in checked:
            if one.is_repairable and not is_read_only(context.store.root / one.partition.key()):
                try:
                    _mark(context, dataset, one)
                except StoreError as error:
                    _log.warning("%s cannot be marked for a repair: %s", one.partition.prefix, error)
            yield one


async def _listings(context: RunContext, dataset: Dataset, partitions: Sequence[Partition]) -> list[Listed]:
    windows, found = [window_of(dataset, one) for one in partitions], []
    listings = Listings(context.clients.bulk(dataset.market), dataset, windows, None)
    try:
        for one, window in zip(partitions, windows, strict=True):
            daily, monthly = await listings.objects(one.symbol, window)
            beside = await listings.beside(one.symbol, window)
            found.append({each.name: each for each in (*daily, monthly, *beside) if each})
    except BcdataError:  # the archive cannot be asked, or for no such symbol
        return [None] * len(partitions)
    return list(found)


def _check(store: Store, dataset: Dataset, partition: Partition, listed: Listed) -> CheckedPartition:
    try:
        return _checked(store, dataset, partition, listed)
    except StoreError as error:  # a later release's manifest, a link, no right to read
        return unreadable(partition, MANIFEST, error)


def _checked(store: Store, dataset: Dataset, partition: Partition, listed: Listed) -> CheckedPartition:
    is_bulk = role_of(partition.provider) is Role.BULK
    bulk = archive_manifest(store, partition) if is_bulk else None
    manifest = bulk if is_bulk else read_manifest(store, partition)
    if manifest is None:
        is_there = store.objects.stat(partition.key(MANIFEST)) is not None
        issue = Issue.DAMAGED if is_there else Issue.MISSING
        words = "no object is known without it; the next run fetches all of it again"
        lost = Problem(MANIFEST, issue, words, repairable=True)
        return CheckedPartition(partition, 0, 0, (lost,))
    problems: list[Problem] = []
    records = _current(manifest)
    own = in_force(bulk)
    size, named = 0, {MANIFEST, *(record["file"] for record in records)}
    for record in records:
        try:
            body = store.objects.get(partition.key(record["file"]))
        except StoreError as error:
            problems.append(Problem(name_of(record), Issue.DAMAGED, str(error)))
            continue
        size += len(body or b"")
        one = own.get(name_of(record))
        if one is record:
            problems += bytes_problems(one, body, is_had=_is_had(one, listed))
            problems += upstream_problems(one, listed, dataset.archive)
        else:
            problems += bytes_problems(record, body, is_had=True)
    problems += older_problems(store, partition, named)
    return CheckedPartition(partition, len(records), size, tuple(problems), listed is not None)


def _is_had(record: ObjectRecord, listed: Listed) -> bool | None:
    return record["name"] in listed if listed is not None else None


def _current(manifest: Manifest) -> list[StoredRecord]:
    """All stored objects that a manifest names, but for earlier versions, which nothing is made of."""
    return list(stored(without(manifest, "superseded")))


def _mark(context: RunContext, dataset: Dataset, checked: CheckedPartition) -> None:
    """Marks damaged objects in the manifest, and notes the partition for the sensor that has it repaired."""
    repairable = {one.object: one.trouble for one in checked.problems if one.repairable and one.trouble in CORRUPTION}
    if not repairable:
        return
    partition = checked.partition
    with alone(context.store.root, partition):
        manifest = read_manifest(context.store, partition)
        if manifest is not None:
            for record in _current(manifest):
                if repairable.get(name_of(record)) is Issue.DAMAGED:
                    record[DAMAGED] = True
            write_manifest(context.store, partition, manifest)
    note_corruption(context, dataset, partition)
