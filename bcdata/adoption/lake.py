"""What the lake has of the files of a folder already: nothing that is sound there is put in the place of another."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto

from bcdata.catalog import Dataset
from bcdata.pipeline.records.manifests import archive_manifest
from bcdata.pipeline.records.objects import DAMAGED, ObjectRecord
from bcdata.pipeline.records.salvage import salvaged
from bcdata.pipeline.records.shapes import in_force
from bcdata.providers.base import PERIODS
from bcdata.providers.folder import VerifiedFile
from bcdata.store.layout import Partition
from bcdata.store.store import Store

_INSTANT = timedelta(microseconds=1)
Time = tuple[str, str]
"""A period and a date key of it."""


class Standing(Enum):
    """How a file stands to what the lake has."""

    NEW = auto()
    KNOWN = auto()
    """The lake has these bytes."""
    OTHER = auto()
    """The lake has other bytes of this time."""


@dataclass(frozen=True, slots=True)
class _Held:
    """What a partition of raw has: in force by its time, and digests of all versions."""

    records: dict[Time, ObjectRecord]
    versions: frozenset[tuple[str, str, str]]


@dataclass(slots=True)
class Lake:
    """The objects that raw has, read once a partition.

    Args:
        store: the lake.
        now: the present instant, UTC.
    """

    store: Store
    now: datetime
    _held: dict[Partition, _Held] = field(default_factory=dict)

    def partitions(self, dataset: Dataset, file: VerifiedFile) -> list[Partition]:
        """The partitions of raw that the time of a file lies in: a month has many of days."""
        window, grain = PERIODS[file.one.period].window(file.one.date_key), dataset.grain
        last = min(window.end - _INSTANT, self.now)
        keys = grain.keys(grain.key(window.start), grain.key(last))
        every = (key for key in keys if key >= dataset.start)
        return [Partition("raw", dataset.name, file.series.symbol, key, dataset.bulk) for key in every]

    def standing(self, dataset: Dataset, file: VerifiedFile) -> Standing:
        """How a file stands to what the lake has of its time."""
        every = {self._of(one, file) for one in self.partitions(dataset, file)}
        return next(one for one in (Standing.OTHER, Standing.NEW, Standing.KNOWN) if one in every)

    def has(self, dataset: Dataset, file: VerifiedFile) -> bool:
        """Whether some partition has these bytes in force or on record, by a fresh look."""
        places = self.partitions(dataset, file)
        self.forget(places)
        return any(self._of(one, file) is Standing.KNOWN for one in places)

    def forget(self, places: Iterable[Partition]) -> None:
        """Reads these partitions again when they are asked about next."""
        for one in places:
            self._held.pop(one, None)

    def _of(self, partition: Partition, file: VerifiedFile) -> Standing:
        held, time = self._look(partition), (file.one.period, file.one.date_key)
        record = held.records.get(time)
        if record is not None and (DAMAGED in record or not self._is_there(partition, record)):
            return Standing.NEW if record["sha256"] == file.sha256 else Standing.OTHER
        if (*time, file.sha256) in held.versions:
            return Standing.KNOWN
        return Standing.NEW if record is None else Standing.OTHER

    def _look(self, partition: Partition) -> _Held:
        if partition not in self._held:
            manifest = archive_manifest(self.store, partition) or salvaged(self.store, partition)
            current = list(in_force(manifest).values())
            every: Iterator[ObjectRecord] = iter([*current, *(manifest.get("superseded", []) if manifest else [])])
            versions = frozenset((one["period"], one["date"], one["sha256"]) for one in every)
            self._held[partition] = _Held({(one["period"], one["date"]): one for one in current}, versions)
        return self._held[partition]

    def _is_there(self, partition: Partition, record: ObjectRecord) -> bool:
        info = self.store.objects.stat(partition.key(record["file"]))
        return info is not None and info.size == record["bytes"]
