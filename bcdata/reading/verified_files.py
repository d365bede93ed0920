"""What readers do where files are damaged or between two publications: an error or a warning, never an absence."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence

import polars as pl

from bcdata.bars.known import with_known_at
from bcdata.catalog import Dataset
from bcdata.errors import StoreError, UsageError
from bcdata.frames.schema import TIME
from bcdata.interval import SETTLEMENT_MINUTE, Interval
from bcdata.pipeline.lake import LOST, OLDER, read_groups_sound, read_sound, repair, require_sound, together, trusted
from bcdata.pipeline.own import is_own
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Grain, Window

_NAMED = 5
"""Symbols that an error names."""
_log = logging.getLogger("bcdata")


def log(text: str) -> None:
    """Tells a text in the log, as a warning."""
    _log.warning(text)


def standing(
    store: Store, partitions: Iterable[Partition], source: str, *, tell: Callable[[str], None] = log
) -> Iterator[Partition]:
    """Those of the partitions that are published, by their files' footers. Who reads rows verifies their bytes.

    A partition that is between two publications is left out, and told.

    Args:
        store: the lake.
        partitions: of one dataset.
        source: the dataset that `bcdata materialize` takes: that of which coarser bars are made.
        tell: takes what there is to say of a partition that is left out; a warning in the log by default.

    Raises:
        StoreError: a file is damaged or lost; the text has the command that repairs it.
    """
    for one in partitions:
        found = trusted(store, one) if one.zone == "merged" else store.fingerprint(one)
        if found:
            _warn_of_older(store, one, source, [found])
        if found or _may_be_read(store, one, source, tell):
            yield one


def of_grain(partitions: Iterable[Partition], grain: Grain) -> Iterator[Partition]:
    """Those of the partitions that are of the dataset's grain; a warning names others, which a changed catalog leaves.

    Read beside the ones of its grain they would be the same rows twice. Symbols that no market has are nobody's.
    """
    for one in partitions:
        if not is_own(one):
            _log.warning("%s is left out: it is nobody's file, and no symbol is written so; move it away", one.key())
        elif grain.is_key(one.date):
            yield one
        else:
            _log.warning("%s %s is left out: the catalog has the dataset by %s; move it away", one.zone, one, grain)


def chosen(
    store: Store, source: Dataset, zone: str, dataset: str, wanted: Sequence[str] | None
) -> dict[str, list[Partition]]:
    """The partitions of the symbols that are asked for (None: of all that are there), by symbol, ascending by date.

    Raises:
        UsageError: there is nothing of a symbol.
    """
    if wanted is None:
        return _all_chosen(store, source, zone, dataset)
    found = {
        symbol: list(of_grain(store.partitions(zone, dataset, symbol=symbol), source.grain))
        for symbol in wanted
        if is_own(Partition(zone, dataset, symbol, ""))
    }
    absent = [one for one in wanted if not found.get(one) and not _was_published(store, zone, dataset, one)]
    if absent:
        where = f"{zone}/{dataset} under {store.root}"
        more = f" and {len(absent) - _NAMED:,} more" if len(absent) > _NAMED else ""
        told = f"there is nothing of {', '.join(absent[:_NAMED])}{more} in {where}"
        raise UsageError(f"{told}; materialize {source.name} first")
    return found


def _all_chosen(store: Store, source: Dataset, zone: str, dataset: str) -> dict[str, list[Partition]]:
    there: dict[str, list[Partition]] = {}
    for one in of_grain(store.partitions(zone, dataset), source.grain):
        there.setdefault(one.symbol, []).append(one)
    known = (one for one in store.publications.symbols(zone, dataset) if is_own(Partition(zone, dataset, one, "")))
    there |= {symbol: [] for symbol in known if symbol not in there}  # of which all is lost, as is then said
    return dict(sorted(there.items()))


def _was_published(store: Store, zone: str, dataset: str, symbol: str) -> bool:
    return is_own(Partition(zone, dataset, symbol, "")) and store.publications.has(zone, dataset, symbol)


def read_groups(
    store: Store,
    source: Dataset,
    interval: Interval | None,
    groups: Iterable[Iterable[Partition]],
    *,
    columns: Sequence[str] | None,
    where: pl.Expr | None,
    tell: Callable[[str], None] = log,
) -> Iterator[pl.DataFrame]:
    """The rows of each group, with these columns at least, out of files of which what is read is verified.

    Args:
        store: the lake.
        source: the dataset that the partitions are made of.
        interval: the length of the bars; None where rows are none.
        groups: partitions of a symbol each.
        columns: beside the time; None for all, and `known_at`.
        where: which rows.
        tell: takes what there is to say of a partition that is left out; a warning in the log by default.

    Raises:
        StoreError: a file is damaged.
    """
    names = None if columns is None else list(dict.fromkeys([source.frame_type.time, *columns]))
    asked = [list(group) for group in groups]
    store.verified.look_up(place.key() for group in asked for one in group for place in together(one))
    there = [list(standing(store, group, source.name, tell=tell)) for group in asked]
    read = iter(read_groups_sound(store, [group for group in there if group], source.name, names, where))
    for group in there:
        if not group:
            yield pl.DataFrame(schema={source.frame_type.time: TIME})
        elif (rows := next(read)) is not None:
            yield rows if names else as_known(rows, interval)
        else:
            found = [as_known(rows, interval) for rows in _one_by_one(store, group, source.name, names)]
            each = pl.concat(found or [pl.DataFrame(schema={source.frame_type.time: TIME})], how="diagonal")
            yield each if where is None else each.filter(where)


def over(source: Dataset, partitions: Iterable[Partition], window: Window) -> Iterator[Partition]:
    """The partitions that overlap the window."""
    return (one for one in partitions if overlaps(source, window, one))


def overlaps(source: Dataset, window: Window, one: Partition) -> bool:
    """Whether a partition of a dataset has some of a window."""
    if not source.grain.is_key(one.date):
        return False
    held = source.grain.window(one.date)
    return held.end > window.start and held.start < window.end


def _one_by_one(
    store: Store, group: Iterable[Partition], source: str, names: Sequence[str] | None
) -> Iterator[pl.DataFrame]:
    """The rows of each partition. One whose file has gone since it was found standing is an error, and no absence."""
    for one in group:
        rows = _rows(store, one, source, names)
        if rows is not None:
            yield rows
        elif store.lost([one]):
            raise StoreError(f"{one.key()} is {LOST}; repair it with: {repair(one, source)}")


def _rows(store: Store, one: Partition, source: str, names: Sequence[str] | None) -> pl.DataFrame | None:
    rows = read_sound(store, one, source, names, are_optional=True)
    if rows is None or names is None or set(names) <= {*rows.columns, "symbol", "known_at"}:
        return rows
    return read_sound(store, one, source)  # one that is not there: an error names all that are


def as_known(rows: pl.DataFrame, interval: Interval | None) -> pl.DataFrame:
    """The rows with `known_at`.

    Of settlements it is the end of their minute; of bars that an earlier version of the code published, their end.
    """
    if "known_at" in rows.columns:
        return rows
    if interval is not None:
        return with_known_at(rows, interval)
    known = pl.col("time") + SETTLEMENT_MINUTE
    return rows.select("time", known.alias("known_at"), pl.exclude("time"))


def whole(store: Store, partitions: Iterable[Partition], source: str) -> Iterator[Partition]:
    """Those of the partitions whose files are whole, byte by byte: for readers that verify nothing themselves.

    Raises:
        StoreError: as `standing` does.
    """
    return (one for one in partitions if _may_be_read(store, one, source, log))


def _may_be_read(store: Store, one: Partition, source: str, tell: Callable[[str], None]) -> bool:
    if problem := require_sound(store, one, source):
        tell(f"{one.zone} {one} is left out: {problem}; {repair(one, source)}")
        return False
    _warn_of_older(store, one, source, store.whole(one))
    return True


def _warn_of_older(store: Store, one: Partition, source: str, fingerprints: Sequence[str]) -> None:
    entries = store.publications.entries(one)
    if entries and entries[-1].fingerprint not in fingerprints:
        _log.warning("%s %s is %s; %s", one.zone, one, OLDER, repair(one, source))
