"""The scrub of published files: every byte of every zone behind raw, against the manifests of publications.

Of them only the universe is lost for good where it is damaged: it holds what was known when. The next run over a
corrupted partition makes it again out of the zone before it.
"""

import logging
import os
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from bcdata.catalog import Dataset
from bcdata.errors import StoreError
from bcdata.healing.scrub_report import CheckedPartition, Issue, Problem, unreadable
from bcdata.instruments.table import UNIVERSE_IS_LOST
from bcdata.pipeline.context import RunContext
from bcdata.pipeline.lake import OLDER, is_of
from bcdata.pipeline.own import is_own
from bcdata.pipeline.zones import Zone, steps
from bcdata.settings import Settings
from bcdata.store.layout import PART, Partition, Table, universe_table
from bcdata.store.objects import STATE
from bcdata.store.publications import manifest_of, manifest_place
from bcdata.store.store import Store

_log = logging.getLogger("bcdata")

WORKERS = 2
LINK = "a symbolic link: a lake is one folder, so move what it points to in its place"
FOREIGN_FILE = "no file that anything here can read: move it away"
_NOBODYS = "no partition's file: nothing here reads it, but tools that take all files of a folder do; move it away"
_NO_MANIFEST = "no manifest of this place, so that it proves nothing: move it away"
_THEN = "the next run over the partition makes it again"


def verify_published(
    context: RunContext, dataset: Dataset, symbols: Sequence[str] | None = None
) -> Iterator[CheckedPartition]:
    """Checks the files of all zones behind raw, the gap ledger among them, and yields partition by partition.

    All are hashed, whatever is remembered of them.

    Args:
        context: store, clients and now.
        dataset: a dataset of the catalog.
        symbols: those to check; all if None.

    Raises:
        StoreError: the store cannot be read.
    """
    chosen = set(symbols) if symbols is not None else None
    for zone, name, provider in _assets(dataset):
        asset = Partition(zone, name, "", "", provider)
        try:
            yield from _asset(context, dataset, asset, chosen)
        except StoreError as error:
            yield unreadable(asset, "", error)
    if chosen is None:
        yield from _of_no_symbol(context.store, dataset)


def _asset(
    context: RunContext, dataset: Dataset, asset: Partition, chosen: Collection[str] | None
) -> Iterator[CheckedPartition]:
    store, damaged = context.store, list[str]()
    linked = store.links(asset.zone, asset.dataset, asset.provider)
    known = expected(store, asset.zone, asset.dataset, asset.provider, damaged)
    found = [one for one in known if is_of(dataset.grain, one)]
    wanted = [one for one in found if chosen is None or one.symbol in chosen]
    with ThreadPoolExecutor(Settings().jobs or WORKERS, thread_name_prefix="sweep") as pool:
        for one in pool.map(lambda partition: _check(store, partition), wanted):
            if one.is_repairable:
                note_corruption(context, dataset, one.partition)
            yield one
    if chosen is None:
        yield from _beside(store, asset, found, damaged)
        if linked:
            yield CheckedPartition(asset, 0, 0, tuple(Problem(key, Issue.UNREADABLE, LINK) for key in linked))


def _of_no_symbol(store: Store, dataset: Dataset) -> Iterator[CheckedPartition]:
    """The frames of no single symbol, and where side tables lie."""
    try:
        yield from (_check_table(store, *one) for one in _tables(store, dataset))
    except StoreError as error:
        yield unreadable(Partition("halts", dataset.name, "", ""), "", error)
    place = store.root / STATE
    if os.path.lexists(place) and not place.is_dir():
        words = "no folder, so that nothing can be noted, and no run can begin: move it away"
        yield unreadable(Partition("", dataset.name, "", ""), STATE, words)


def expected(
    store: Store, zone: str, asset: str, provider: str | None, damaged: list[str] | None = None
) -> list[Partition]:
    """The partitions of an asset that are there, or that a manifest says were published, in order.

    The keys of damaged manifests are put into `damaged`, if it is given.

    Raises:
        StoreError: a manifest is damaged, and there is no `damaged`.
    """
    there = set(store.partitions(zone, asset, provider))
    return sorted({*there, *store.publications.partitions(zone, asset, provider, damaged=damaged)})


def _beside(
    store: Store, asset: Partition, known: Sequence[Partition], damaged: Sequence[str]
) -> Iterator[CheckedPartition]:
    """Damaged manifests of an asset that no partition tells of, and files in its folder that are no partition's."""
    files = {one.key() for one in known}
    foreign = [info for info in store.files(asset.zone, asset.dataset, asset.provider) if info.key not in files]
    problems = [Problem(info.key, Issue.FOREIGN, _NOBODYS) for info in foreign]
    strays = store.strays(asset.zone, asset.dataset, asset.provider)
    problems += [Problem(key, Issue.FOREIGN, FOREIGN_FILE) for key in strays if key not in files]
    told = {manifest_of(one)[0] for one in known}
    if asset.zone != "gaps":  # ledgers stand in the manifests of their bars
        rest = [key for key in damaged if key not in told]
        own = {key for key in rest if is_own(replace(asset, symbol=manifest_place(key)[0]))}
        problems += [Problem(key, Issue.DAMAGED, f"the manifest is damaged; {_THEN}") for key in sorted(own)]
        misplaced = {*store.misplaced(asset.zone, asset.dataset, asset.provider), *rest} - told - own
        problems += [Problem(key, Issue.FOREIGN, _NO_MANIFEST) for key in sorted(misplaced)]
    if problems:
        yield CheckedPartition(asset, len(foreign), sum(info.size for info in foreign), tuple(problems))


def is_corrupted(store: Store, dataset: Dataset, symbol: str, date: str) -> bool:
    """Whether some published file of these is damaged or lost; one that stayed the same file is not hashed again."""
    partitions = [Partition(zone, asset, symbol, date, provider) for zone, asset, provider in _assets(dataset)]
    return any(_check(store, one, afresh=False).is_corrupted for one in partitions)


def note_corruption(context: RunContext, dataset: Dataset, partition: Partition) -> None:
    """Has the sensor for repairs ask for a partition; where nothing can be noted, a warning says so."""
    try:
        context.attempts.note([f"{corruption_prefix(dataset)}{partition.symbol}/{partition.date}"], context.now)
    except StoreError as error:
        _log.warning("%s is not noted for a repair: %s", partition.prefix, error)


def corruption_prefix(dataset: Dataset) -> str:
    """What the side table's keys of a dataset's corrupted partitions begin with."""
    return f"harmed/{dataset.name}/"


def _assets(dataset: Dataset) -> Iterator[tuple[str, str, str | None]]:
    for step in steps(dataset):
        if step.zone is not Zone.RAW:
            yield step.zone.value, step.asset, step.provider
        if step.zone is Zone.MERGED:
            yield "gaps", step.asset, None


def _tables(store: Store, dataset: Dataset) -> Iterator[tuple[Table, Partition, str]]:
    """The frames of no single symbol that are there, what stands for them in reports, and what repairs them."""
    for table in store.tables(f"halts/{dataset.name}/"):
        date = table.prefix.split("/")[2].removeprefix("date=")
        command = f"made again by: bcdata halts --dataset {dataset.name}"
        yield table, Partition("halts", dataset.name, "", date), command
    for table in store.tables("universe/"):
        if table == universe_table(dataset.market):
            yield table, Partition("universe", dataset.market, "", ""), UNIVERSE_IS_LOST


def _check_table(store: Store, table: Table, shown: Partition, then: str) -> CheckedPartition:
    info = store.objects.stat(table.key())
    try:
        if info is None:
            problem = Problem(PART, Issue.MISSING, f"its file is lost; {then}")
            return CheckedPartition(shown, 0, 0, (problem,) if store.lost([table]) else ())
        damage = store.damage(table, afresh=True)
    except StoreError as error:
        damage = str(error)
    problems = (Problem(PART, Issue.DAMAGED, f"{damage}; {then}"),) if damage else ()
    return CheckedPartition(shown, 1, info.size if info else 0, problems)


def _check(store: Store, partition: Partition, *, afresh: bool = True) -> CheckedPartition:
    try:
        info = store.objects.stat(partition.key())
    except StoreError as error:
        return unreadable(partition, PART, error)
    try:
        if info is None:
            is_lost = bool(store.publications.files(partition))
            return CheckedPartition(
                partition, 0, 0, _problems(Issue.MISSING, _lost(store, partition) if is_lost else None)
            )
        damage = store.damage(partition, afresh=afresh)
        if damage is None and store.older(partition):
            return CheckedPartition(partition, 1, info.size, _problems(Issue.SUPERSEDED, OLDER))
    except StoreError as error:
        damage = str(error)
    return CheckedPartition(partition, 1, info.size if info else 0, _problems(Issue.DAMAGED, damage))


def _lost(store: Store, partition: Partition) -> str:
    is_taken = os.path.lexists(store.root / partition.key())
    return "what stands in the place of its file is none" if is_taken else "its file is lost"


def _problems(trouble: Issue, words: str | None) -> tuple[Problem, ...]:
    return (Problem(PART, trouble, f"{words}; {_THEN}", repairable=True),) if words else ()
