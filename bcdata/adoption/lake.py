"""What the lake has of the files of a folder already: nothing that is sound there is put in the place of another."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto

from bcdata.catalog import Dataset
from bcdata.interval import EPOCH
from bcdata.pipeline.records.manifests import archive_manifest
from bcdata.pipeline.records.objects import DAMAGED, ObjectRecord
from bcdata.pipeline.records.salvage import salvaged
from bcdata.pipeline.records.shapes import in_force
from bcdata.providers.base import PERIODS
from bcdata.providers.folder import VerifiedFile
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window

_INSTANT, _DAY = timedelta(microseconds=1), timedelta(days=1)
Time = tuple[str, str]
"""A period and a date key of it."""


class Standing(Enum):
    """How a file stands to what the lake has."""

    NEW = auto()
    KNOWN = auto()
    """The lake has these bytes in force."""
    EARLIER = auto()
    """The lake has these bytes as an earlier version."""
    OTHER = auto()
    """The lake has other bytes of this time."""


_ORDER = (Standing.OTHER, Standing.NEW, Standing.KNOWN, Standing.EARLIER)
"""What several partitions come to: the first that one of them says."""


@dataclass(frozen=True, slots=True)
class _Held:
    """What a partition of raw has: records of what is in force by its time, and digests of earlier versions."""

    records: dict[Time, ObjectRecord]
    versions: frozenset[tuple[str, str, str]]
    is_there: bool


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

    def places(self, dataset: Dataset, file: VerifiedFile) -> list[Partition]:
        """All partitions of raw that are made of a file: those of its time, and neighbours that are there."""
        own, window = self.partitions(dataset, file), PERIODS[file.one.period].window(file.one.date_key)
        around = Window(max(window.start - _DAY, EPOCH), min(window.end + _DAY, self.now))
        keys = dataset.grain.keys(dataset.grain.key(around.start), dataset.grain.key(max(around.start, around.end)))
        every = [Partition("raw", dataset.name, file.series.symbol, key, dataset.bulk) for key in keys]
        neighbours = [one for one in every if one not in own and one.date >= dataset.start]
        return own + [one for one in neighbours if _reads(dataset, one, file) and self._look(one).is_there]

    def standing(self, dataset: Dataset, file: VerifiedFile) -> Standing:
        """How a file stands to what the lake has of its time."""
        every = {self._of(one, file) for one in self.places(dataset, file)}
        return next(one for one in _ORDER if one in every)

    def has(self, dataset: Dataset, file: VerifiedFile) -> bool:
        """Whether some partition of its time has these bytes in force."""
        return any(self._of(one, file) is Standing.KNOWN for one in self.partitions(dataset, file))

    def forget(self) -> None:
        """Looks at partitions anew when they are asked about next."""
        self._held.clear()

    def _of(self, partition: Partition, file: VerifiedFile) -> Standing:
        held, time = self._look(partition), (file.one.period, file.one.date_key)
        record = held.records.get(time)
        if record is not None and (DAMAGED in record or not self._is_there(partition, record)):
            return Standing.NEW if record["sha256"] == file.sha256 else Standing.OTHER
        if record is not None and record["sha256"] == file.sha256:
            return Standing.KNOWN
        if (*time, file.sha256) in held.versions:
            return Standing.EARLIER
        return Standing.NEW if record is None else Standing.OTHER

    def _look(self, partition: Partition) -> _Held:
        if partition not in self._held:
            manifest = archive_manifest(self.store, partition) or salvaged(self.store, partition)
            current = {(one["period"], one["date"]): one for one in in_force(manifest).values()}
            earlier = manifest.get("superseded", []) if manifest else []
            versions = frozenset((one["period"], one["date"], one["sha256"]) for one in earlier)
            self._held[partition] = _Held(current, versions, manifest is not None)
        return self._held[partition]

    def _is_there(self, partition: Partition, record: ObjectRecord) -> bool:
        info = self.store.objects.stat(partition.key(record["file"]))
        return info is not None and info.size == record["bytes"]


def _reads(dataset: Dataset, partition: Partition, file: VerifiedFile) -> bool:
    """Whether a partition is made of a file of another time: rows of its edge may lie there."""
    own, named = dataset.grain.window(partition.date), PERIODS[file.one.period].window(file.one.date_key)
    if file.one.period == "monthly":
        return bool(dataset.frame_type.early) and own.start - dataset.frame_type.early in named
    around = dataset.files_of(own)
    return named.start in around and named.start not in own
