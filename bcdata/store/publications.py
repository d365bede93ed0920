"""What was published where: for each symbol and year a manifest with the digests of its partitions' files.

It lies at `.lake/manifests/<zone>/[<provider>/]<dataset>/symbol=<SYMBOL>/<YYYY>.json`, for frames of no single symbol
at `.lake/manifests/<table>.json`. Each date key has a short log, newest last. An entry is written before its files are
put, and a reader takes files that fit one of the last entries: a process killed in between leaves those of the entry
before, whole and readable. Bars and their ledger share the entries of `merged`: files of two entries do not belong
together.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from zlib import crc32

from bcdata.errors import StoreError
from bcdata.store.digests import EntryRecord, FileDigest, manifest_record
from bcdata.store.layout import Partition, Table, dataset_prefix, escape, is_date
from bcdata.store.locks import locked
from bcdata.store.objects import ObjectInfo, Objects
from bcdata.store.sealed import is_anothers, is_sealed, seal

MANIFESTS = ".lake/manifests/"
FORMAT = 2
"""Since the second a manifest names its own key, so that one that was moved to another place is none there."""
KEPT = 2
"""Entries of a date key that are kept: the newest, and the one that its files replace, or those."""
PLACE = re.compile(r"symbol=[^/]+/\d{4}\.json", re.ASCII)
_OF = "of"
_LOCKS = 64
_SHARED = {"gaps": "merged"}
"""Zones whose files are published together with another's, and stand in its manifest."""

Dates = dict[str, list[EntryRecord]]


@dataclass(frozen=True, slots=True)
class PublicationEntry:
    """One publication of a partition: what its rows were made of, and what its files are, by zone.

    `notes` say what is known of the rows beside that, as plain values: publications do not differ by them.
    """

    fingerprint: str
    files: Mapping[str, FileDigest]
    notes: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def to_json(self) -> EntryRecord:
        """Plain values."""
        files = {zone: one.to_json() for zone, one in self.files.items()}
        entry: EntryRecord = {"fingerprint": self.fingerprint, "files": files}
        return {**entry, "notes": dict(self.notes)} if self.notes else entry

    @classmethod
    def from_json(cls, value: EntryRecord) -> "PublicationEntry":
        """Reads what `to_json` wrote."""
        files = {zone: FileDigest.from_json(one) for zone, one in value["files"].items()}
        return cls(value["fingerprint"], files, value.get("notes", {}))


class Publications:
    """The manifests of a lake. A copy of one at the place of another of which no file is there proves nothing."""

    def __init__(self, root: Path, objects: Objects) -> None:
        self._root, self._objects = root, objects
        self._read: dict[str, tuple[ObjectInfo, Dates]] = {}
        self._entries: dict[tuple[str, str], tuple[Dates, list[PublicationEntry]]] = {}

    def entries(self, place: Partition | Table) -> Sequence[PublicationEntry]:
        """The last publications of a partition, newest last; none where it was never published.

        Raises:
            StoreError: the manifest is damaged.
        """
        key, date = manifest_of(place)
        dates, known = self._dates(key), self._entries.get((key, date))
        if known is not None and known[0] is dates:
            return known[1]
        found = [PublicationEntry.from_json(one) for one in dates.get(date, [])]
        self._entries[key, date] = dates, found
        return found

    def files(self, place: Partition | Table) -> list[FileDigest]:
        """What the file of a partition may be, the newest first.

        Raises:
            StoreError: the manifest is damaged.
        """
        zone = zone_of(place)
        return [entry.files[zone] for entry in reversed(self.entries(place)) if zone in entry.files]

    def partitions(
        self,
        zone: str,
        dataset: str,
        provider: str | None = None,
        *,
        symbol: str | None = None,
        damaged: list[str] | None = None,
    ) -> list[Partition]:
        """The partitions of an asset, or of one symbol, that manifests say were published.

        Args:
            zone: the asset's zone.
            dataset: the asset's name.
            provider: the asset's source, in parsed.
            symbol: the only one of interest.
            damaged: takes the keys of damaged manifests, which then are no error.

        Raises:
            StoreError: a manifest is damaged.
        """
        prefix = f"{MANIFESTS}{dataset_prefix(_SHARED.get(zone, zone), dataset, provider)}"
        found = []
        for info in self._objects.list(prefix if symbol is None else f"{prefix}symbol={escape(symbol)}/"):
            if not PLACE.fullmatch(info.key.removeprefix(prefix)):
                continue
            try:
                dates = self._dates(info.key)
            except StoreError:
                if damaged is None:
                    raise
                damaged.append(info.key)
                continue
            own = unquote(info.key.removeprefix(prefix).partition("/")[0].removeprefix("symbol="))
            found += [
                Partition(zone, dataset, own, date, provider)
                for date, log in dates.items()
                if any(zone in entry["files"] for entry in log)
            ]
        return found

    def symbols(self, zone: str, dataset: str, provider: str | None = None) -> list[str]:
        """The symbols of which something of an asset was published, sorted; the manifests are not read."""
        prefix = f"{MANIFESTS}{dataset_prefix(_SHARED.get(zone, zone), dataset, provider)}"
        folders = (info.key.removeprefix(prefix).partition("/")[0] for info in self._objects.list(prefix))
        return sorted({unquote(one.removeprefix("symbol=")) for one in folders})

    def has(self, zone: str, dataset: str, symbol: str, provider: str | None = None) -> bool:
        """Whether something of a symbol of an asset was published; the manifests are not read."""
        prefix = f"{MANIFESTS}{dataset_prefix(_SHARED.get(zone, zone), dataset, provider)}"
        return any(True for _ in self._objects.list(f"{prefix}symbol={escape(symbol)}/"))

    def announce(
        self,
        place: Partition | Table,
        entry: PublicationEntry,
        *,
        stands: Callable[[PublicationEntry], bool] = lambda _: False,
        durable: bool = False,
    ) -> None:
        """Adds an entry whose files are about to be put. A damaged manifest is recreated: its partitions are rebuilt.

        Entries `stands` tells of, whose files are there now, are kept: a run that is killed again and again, or finds
        the disk full, announces more than it puts. Where there are none the last one is.

        Raises:
            StoreError: it cannot be written.
        """
        key, date = manifest_of(place)
        with locked(self._root, f"manifests-{crc32(key.encode()) % _LOCKS:02x}"):
            sequence, dates = _parsed(key, self._objects.get(key)) or (0, {})
            log = [one for one in dates.get(date, []) if PublicationEntry.from_json(one) != entry]
            if len(log) >= KEPT:
                log = [one for one in log if stands(PublicationEntry.from_json(one))] or log[1 - KEPT :]
            dates[date] = [*log, entry.to_json()]
            self._objects.put(key, _rendered(key, sequence + 1, dates), durable=durable)

    def confirm(self, place: Table, *, durable: bool = False) -> None:
        """Notes that the file of the last entry was put: only then its absence is a loss.

        Raises:
            StoreError: it cannot be written.
        """
        key, date = manifest_of(place)
        with locked(self._root, f"manifests-{crc32(key.encode()) % _LOCKS:02x}"):
            sequence, dates = _parsed(key, self._objects.get(key)) or (0, {})
            if log := dates.get(date):
                dates[date] = [*log[:-1], {**log[-1], "put": True}]
                self._objects.put(key, _rendered(key, sequence + 1, dates), durable=durable)

    def was_put(self, place: Partition | Table, *, newest: bool = False) -> bool:
        """Whether a file is known to have been there. Of partitions, which any run makes again, nothing else is noted.

        With `newest`, that of the last entry.

        Raises:
            StoreError: the manifest is damaged.
        """
        key, date = manifest_of(place)
        return isinstance(place, Partition) or any(
            one.get("put") for one in self._dates(key).get(date, [])[-1 if newest else 0 :]
        )

    def _dates(self, key: str) -> Dates:
        """The logs of a manifest by date key; remembered while the file stays the same."""
        info = self._objects.stat(key)
        if info is None:
            return {}
        known = self._read.get(key)
        if known is None or known[0] != info:
            body = self._objects.get(key)
            found = _parsed(key, body)
            if found is None and not (is_anothers(key, body) and self._is_bare(key)):
                raise _damaged(key)
            self._read[key] = known = (info, found[1] if found else {})
        return known[1]

    def _is_bare(self, key: str) -> bool:
        """Whether no file is there of the symbol and year of a manifest."""
        folder, _, year = key.removeprefix(MANIFESTS).removesuffix(".json").rpartition("/")
        return not any(f"/date={year}" in info.key for info in self._objects.list(f"{folder}/"))


def zone_of(place: Partition | Table) -> str:
    """Under what name a partition's file stands in its manifest."""
    return place.zone if isinstance(place, Partition) else "table"


def manifest_of(place: Partition | Table) -> tuple[str, str]:
    """The key of a partition's manifest, and the date key under which it stands there."""
    if isinstance(place, Table):
        return f"{MANIFESTS}{place.prefix.rstrip('/')}.json", ""
    zone = _SHARED.get(place.zone, place.zone)
    prefix = dataset_prefix(zone, place.dataset, place.provider)
    return f"{MANIFESTS}{prefix}symbol={escape(place.symbol)}/{place.date[:4]}.json", place.date


def manifest_place(key: str) -> tuple[str, str]:
    """The symbol and the year of a manifest, by its key."""
    *_, folder, file = key.split("/")
    return unquote(folder.removeprefix("symbol=")), file.removesuffix(".json")


def _rendered(key: str, sequence: int, dates: Dates) -> bytes:
    return seal({"format": FORMAT, _OF: key, "sequence": sequence, "dates": dates})


def _parsed(key: str, body: bytes | None) -> tuple[int, Dates] | None:
    """Sequence number and logs; None where there is no manifest, or it is not what is written there.

    What has a sound seal may still have been written by something else: all of its shape is checked.
    """
    record = manifest_record(body) if body is not None and is_sealed(body) else None
    if record is None or record.get("of", key) != key or not all(_has_place(key, date) for date in record["dates"]):
        return None
    return record.get("sequence", 0), record["dates"]


def _has_place(key: str, date: str) -> bool:
    """Whether a date key can stand in a manifest: one of its year, or none where it is of no single symbol."""
    return is_date(date) and f"/{date[:4]}.json" in key if "/symbol=" in key else not date


def _damaged(key: str) -> StoreError:
    if "/symbol=" not in key:  # frames of no single symbol are made by other commands, each by its own
        return StoreError(f"the manifest {key} is damaged")
    return StoreError(f"the manifest {key} is damaged; materialize its partitions again")
