"""Reading the lake across partitions: bars are trusted only with a ledger of the same fingerprint."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import polars as pl

from bcdata.bars.known import with_known_at
from bcdata.catalog import Dataset, rows_of
from bcdata.errors import StoreError
from bcdata.frames.schema import conform, merged_schema
from bcdata.pipeline.own import is_own
from bcdata.store.footer import Published
from bcdata.store.layout import Partition
from bcdata.store.publications import manifest_place
from bcdata.store.store import Store
from bcdata.store.together import read_groups
from bcdata.windows import Grain, Window


def trusted(store: Store, partition: Partition) -> str | None:
    """The fingerprint of a merged partition whose bars and ledger belong together, by their files' footers.

    None where there is none, or where they are of two publications.

    Raises:
        StoreError: a file is damaged, or lost beside the other: what is made of bars must not take them for absent.
    """
    bars = store.fingerprint(partition)
    ledger = store.fingerprint(partition.in_zone("gaps"))
    if bars and ledger:
        return bars if bars == ledger else None
    require_sound(store, partition, partition.dataset)
    return None


def require_sound(store: Store, partition: Partition, source: str) -> str | None:
    """Passes a partition whose rows may be read, or that has none; otherwise says why not, where nothing is damaged.

    Raises:
        StoreError: a file is damaged; the text has the command that repairs it.
    """
    command = repair(partition, source)
    try:
        problem = distrust(store, partition)
    except StoreError as error:
        raise StoreError(f"{error}; repair it with: {command}") from error
    if problem and problem != BETWEEN:
        raise StoreError(f"{problem}; repair it with: {command}")
    return problem


def require_whole(store: Store, partition: Partition, source: str) -> None:
    """Passes a file whose bytes are those that were published, whatever stands beside it.

    Raises:
        StoreError: it is damaged; the text has the command that repairs it.
    """
    command = repair(partition, source)
    try:
        damage = store.damage(partition)
    except StoreError as error:
        raise StoreError(f"{error}; repair it with: {command}") from error
    if damage:
        raise StoreError(f"{partition.key()} is damaged: {damage}; repair it with: {command}")


def is_of(grain: Grain, partition: Partition) -> bool:
    """Whether a partition is one of a dataset: its date of this grain, its symbol one that the market can have.

    The catalog may have had another grain, and a copy may have any name: no command could make it again.
    """
    return grain.is_key(partition.date) and is_own(partition)


def require_none_lost(
    store: Store,
    partitions: Iterable[Partition],
    zone: str,
    dataset: str,
    *,
    source: str,
    wanted: Callable[[Partition], bool] = lambda _: True,
    symbol: str | None = None,
) -> None:
    """Passes where nothing was published beside these partitions of an asset, or of one symbol of it, and has no file.

    Args:
        store: the lake.
        partitions: those that are there.
        zone: the asset's zone.
        dataset: the asset's name.
        source: the dataset that `bcdata materialize` takes: that of which coarser bars are made.
        wanted: which partitions are of interest.
        symbol: the only one of interest.

    Raises:
        StoreError: something is lost, or a manifest is damaged; the text has the command that brings it back.
    """
    damaged: list[str] = []
    there = set(partitions)
    known = set(store.publications.partitions(zone, dataset, symbol=symbol, damaged=damaged)) - there
    for key in damaged:
        own, year = manifest_place(key)
        keys = [one.date for one in sorted(there) if (one.symbol, one.date[:4]) == (own, year)]
        some = [Partition(zone, dataset, own, date) for date in (*keys, *_dates_of(year))]
        if any(map(wanted, some)):
            first, last = (keys[0], keys[-1]) if keys else (f"{year}-01", f"{year}-12")
            command = f"bcdata materialize --dataset {source} --symbols {own} --from {first} --to {last}"
            other = "" if keys else f"; where nothing of {year} was published, move it away"
            raise StoreError(f"the manifest {key} is damaged; repair it with: {command}{other}")
    lost = store.lost(sorted(one for one in known if wanted(one)))
    if lost:
        more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
        raise StoreError(f"{lost[0].key()} is {LOST}{more}; repair it with: {repair(lost[0], source)}")


def _dates_of(year: str) -> Iterator[str]:
    """The date keys of a year, of months and of days."""
    for month in range(1, 13):
        yield f"{year}-{month:02}"
        yield from (f"{year}-{month:02}-{day:02}" for day in range(1, 32))


def repair(partition: Partition, source: str) -> str:
    """The command that rebuilds a partition.

    Args:
        partition: of any zone.
        source: the dataset that the command takes: that of which coarser bars are made.
    """
    date = partition.date
    return f"bcdata materialize --dataset {source} --symbols {partition.symbol} --from {date} --to {date}"


def is_held_back(store: Store, partition: Partition) -> bool:
    """Whether bars and ledger of a partition are of two publications. Where it was published once no file is opened.

    Raises:
        StoreError: its bars are lost, or damaged where they had to be looked at.
    """
    bars = partition.in_zone("merged")
    is_there = store.objects.stat(bars.key()) is not None
    if is_there and len(store.publications.entries(bars)) > 1:
        return trusted(store, bars) is None
    return not is_there and require_sound(store, bars, bars.dataset) is not None


def together(partition: Partition) -> list[Partition]:
    """The files of which the rows of a partition are trusted: its own, and of bars that of their ledger."""
    return [partition.in_zone(zone) for zone in _TOGETHER] if partition.zone in _TOGETHER else [partition]


def distrust(store: Store, partition: Partition) -> str | None:
    """Why the rows of a published partition must not be read, in words; None where they may, or it was never published.

    Of merged both files are looked at: bars are trusted only with the ledger of their own publication.

    Raises:
        StoreError: a file cannot be read, or a manifest is damaged.
    """
    places = together(partition)
    if len(places) > 1 and store.objects.stat(partition.key()) is None:
        return f"{partition.key()} is {LOST}" if store.lost([partition]) else None
    for one in places:
        if store.objects.stat(one.key()) is None:
            return f"{one.key()} is missing"
        if damage := store.damage(one):
            return f"{one.key()} is damaged: {damage}"
    if len(places) > 1 and not set.intersection(*(set(store.whole(one)) for one in places)):
        return BETWEEN
    return None


LOST = "lost, or was never put: it was published, and there is no file"
OLDER = "of an earlier publication than the last: it was put back, or is not replaced yet"
BETWEEN = "its bars and its ledger are of two publications, the newer of which has not ended"
"""A process was killed, or is at work: nothing is damaged, and the next run over the partition brings it to an end."""
_TOGETHER = ("merged", "gaps")


def published_sound(store: Store, partition: Partition) -> Published | None:
    """What the footer of a published file says; None where there is none.

    Raises:
        StoreError: the file is damaged; the text has the command that repairs it.
    """
    found = store.published(partition)
    if found is None:
        require_whole(store, partition, partition.dataset)
    return found


def read_sound(
    store: Store,
    partition: Partition,
    source: str,
    columns: Sequence[str] | None = None,
    *,
    are_optional: bool = False,
) -> pl.DataFrame | None:
    """What `Store.read` gives.

    Raises:
        StoreError: the file is damaged; the text has the command that repairs it.
    """
    try:
        return store.read(partition, columns, are_optional=are_optional)
    except StoreError as error:
        raise StoreError(f"{error}; repair it with: {repair(partition, source)}") from error


def read_groups_sound(
    store: Store,
    groups: Sequence[Sequence[Partition]],
    source: str,
    columns: Sequence[str] | None = None,
    where: pl.Expr | None = None,
) -> list[pl.DataFrame | None]:
    """What `bcdata.store.together.read_groups` gives.

    Raises:
        StoreError: a file is damaged; the text has the command that repairs it.
    """
    try:
        return read_groups(store, groups, columns, where)
    except StoreError:
        for one in (one for group in groups for one in group):
            read_sound(store, one, source, columns, are_optional=True)  # tells which it is
        raise


def keys_over(dataset: Dataset, window: Window) -> list[str]:
    """The date keys whose partitions overlap the window."""
    if window.is_empty:
        return []
    grain = dataset.grain
    last = grain.key(window.end)
    keys = grain.keys(grain.key(window.start), last)
    return [key for key in keys if grain.window(key).start < window.end]


def merged_over(store: Store, dataset: Dataset, symbol: str, window: Window) -> Iterator[tuple[Partition, str | None]]:
    """The merged partitions that overlap the window, each with its fingerprint if it can be trusted."""
    for key in keys_over(dataset, window):
        partition = Partition("merged", dataset.name, symbol, key)
        yield partition, trusted(store, partition)


def read_over(
    store: Store, dataset: Dataset, symbol: str, window: Window, columns: Sequence[str] | None = None
) -> pl.DataFrame:
    """The trusted rows of a merged dataset inside the window, ascending by time (UTC).

    Of the columns all, or those that are named, the time among them. Rows of partitions that an earlier version of the
    code has made lack `known_at`: they are known at their end.
    """
    time = dataset.frame_type.time
    schema = merged_schema(rows_of(dataset.name), funding=dataset.has_funding, sessions=dataset.hours.are_sessions)
    wanted = pl.Schema({name: schema[name] for name in columns or schema})
    frames = [pl.DataFrame(schema=wanted)]
    for partition, fingerprint in merged_over(store, dataset, symbol, window):
        frame = read_sound(store, partition, dataset.name, columns, are_optional=True) if fingerprint else None
        if frame is not None:
            frames.append(frame if frame.schema == wanted else _as_now(frame, wanted, dataset))
    return pl.concat(frames).filter(pl.col(time).is_between(window.start, window.end, closed="left"))


def _as_now(frame: pl.DataFrame, wanted: pl.Schema, dataset: Dataset) -> pl.DataFrame:
    """Rows that an earlier version of the code has published, with the columns of this one."""
    lacks = "known_at" in wanted and dataset.interval is not None
    return conform(with_known_at(frame, dataset.bar_interval) if lacks else frame, wanted)
