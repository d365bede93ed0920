"""What readers do where files are damaged or between two publications: an error or a warning, never an absence."""

import logging
from collections.abc import Iterable, Iterator, Sequence

from bcdata.pipeline.lake import OLDER, repair, require_sound, trusted
from bcdata.pipeline.own import is_own
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Grain

_log = logging.getLogger("bcdata")


def standing(store: Store, partitions: Iterable[Partition], source: str) -> Iterator[Partition]:
    """Those of the partitions that are published, by their files' footers. Who reads rows verifies their bytes.

    A partition that is between two publications is left out, with a warning in the log that names it.

    Args:
        store: the lake.
        partitions: of one dataset.
        source: the dataset that `bcdata materialize` takes: that of which coarser bars are made.

    Raises:
        StoreError: a file is damaged or lost; the text has the command that repairs it.
    """
    for one in partitions:
        found = trusted(store, one) if one.zone == "merged" else store.fingerprint(one)
        if found:
            _warn_of_older(store, one, source, [found])
        if found or _may_be_read(store, one, source):
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


def whole(store: Store, partitions: Iterable[Partition], source: str) -> Iterator[Partition]:
    """Those of the partitions whose files are whole, byte by byte: for readers that verify nothing themselves.

    Raises:
        StoreError: as `standing` does.
    """
    return (one for one in partitions if _may_be_read(store, one, source))


def _may_be_read(store: Store, one: Partition, source: str) -> bool:
    if problem := require_sound(store, one, source):
        _log.warning("%s %s is left out: %s; %s", one.zone, one, problem, repair(one, source))
        return False
    _warn_of_older(store, one, source, store.whole(one))
    return True


def _warn_of_older(store: Store, one: Partition, source: str, fingerprints: Sequence[str]) -> None:
    entries = store.publications.entries(one)
    if entries and entries[-1].fingerprint not in fingerprints:
        _log.warning("%s %s is %s; %s", one.zone, one, OLDER, repair(one, source))
