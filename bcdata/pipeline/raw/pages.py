"""The manifest of a raw partition of a source that is asked by windows: its pages, and what they cover."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bcdata.errors import StoreError
from bcdata.ledger.answered import windows_of
from bcdata.pipeline.fingerprint import fingerprint
from bcdata.pipeline.lake import repair
from bcdata.pipeline.records.manifests import windows_manifest, write_manifest
from bcdata.pipeline.records.objects import DAMAGED, without
from bcdata.pipeline.records.pages import WindowPageRecord
from bcdata.pipeline.records.shapes import WindowsManifest
from bcdata.providers.base import WindowPage
from bcdata.store.layout import Partition
from bcdata.store.store import Store
from bcdata.windows import Window


@dataclass(slots=True)
class StoredPages:
    """The pages of one partition; `records` may be added to, `before` is the manifest as it was read.

    `lost` are the records of pages that are not there, or whose bytes are not those that came: they are asked again.
    """

    store: Store
    partition: Partition
    series: str
    before: WindowsManifest | None
    records: list[WindowPageRecord]
    lost: list[WindowPageRecord]
    first_open: datetime | None

    @classmethod
    def read(cls, store: Store, partition: Partition, series: str) -> "StoredPages":
        """What raw holds of the partition."""
        before = windows_manifest(store, partition)
        held: list[WindowPageRecord] = []
        lost: list[WindowPageRecord] = []
        for one in before["pages"] if before else []:
            is_sound = DAMAGED not in one and store.holds(partition.key(one["file"]), one["bytes"], one["sha256"])
            (held if is_sound else lost).append(one)
        first = before.get("first_open") if before else None
        return cls(store, partition, series, before, held, lost, datetime.fromisoformat(first) if first else None)

    def keep(self, page: WindowPage) -> None:
        """Stores a page; one with the same bytes that covers the same time stands already."""
        digest = hashlib.sha256(page.body).hexdigest()
        file = f"{page.covers.start:%Y%m%dT%H%M%S}.{digest[:12]}.json"
        record: WindowPageRecord = {
            "file": file,
            "bytes": len(page.body),
            "sha256": digest,
            "url": page.url,
            "rows": page.rows,
            "start": page.covers.start.isoformat(),
            "end": page.covers.end.isoformat(),
        }
        self.store.keep(self.partition.key(file), page.body)
        others = [one for one in self.records if (one["file"], one["start"], one["end"]) != _name(record)]
        self.records = sorted([*others, record], key=lambda one: (one["start"], one["end"], one["file"]))

    def save(self, proven_to: datetime | None = None) -> bool:
        """Writes the manifest, if it has changed; whether it had.

        Args:
            proven_to: the instant (UTC) after which the pages prove nothing; None where all that they cover is proven.
        """
        if proven_to is not None:
            self.records = list(_cut(self.records, proven_to))
        manifest = self._manifest()
        if manifest == self.before or not (self.before or self.records or self.first_open):
            return False
        write_manifest(self.store, self.partition, manifest)
        for file in {one["file"] for one in self.lost} - {one["file"] for one in self.records}:
            self.store.objects.delete(self.partition.key(file))  # its bytes are not those that came
        self.before = manifest
        return True

    def bodies(self, records: list[WindowPageRecord]) -> list[bytes]:
        """The bytes of some pages.

        Raises:
            StoreError: one is lost or damaged; the text has the command that asks for it again.
        """
        return read_pages(self.store, self.partition, records)

    @property
    def covered(self) -> list[Window]:
        """The time that the pages cover, joined, ascending, UTC."""
        return windows_of([(one["start"], one["end"]) for one in self.records])

    @property
    def rows(self) -> int:
        """How many rows the pages have."""
        return sum(one["rows"] for one in self.records)

    @property
    def fingerprint(self) -> str:
        """The fingerprint of all that is known; empty where nothing ever was."""
        return self._manifest()["fingerprint"]

    def _manifest(self) -> WindowsManifest:
        first = self.first_open.isoformat() if self.first_open else None
        known: WindowsManifest = {"fingerprint": "", "series": self.series, "pages": self.records, "first_open": first}
        if self.before or self.records or first:
            known["fingerprint"] = fingerprint(**without(known, "fingerprint"))
        return known


def read_pages(store: Store, raw: Partition, records: list[WindowPageRecord]) -> list[bytes]:
    """The bytes of kept pages.

    Raises:
        StoreError: one is lost or damaged; the text has the command that asks for it again.
    """
    bodies = []
    for one in records:
        body = store.objects.get(raw.key(one["file"]))
        if body is None or hashlib.sha256(body).hexdigest() != one["sha256"]:
            command = repair(raw, raw.dataset)
            raise StoreError(f"{raw.key(one['file'])} is lost or damaged; repair it with: {command}")
        bodies.append(body)
    return bodies


def _cut(records: list[WindowPageRecord], end: datetime) -> Iterator[WindowPageRecord]:
    """The records without what they cover after an instant; those that cover nothing before it are left out."""
    for one in records:
        if datetime.fromisoformat(one["start"]) < end:
            yield one if datetime.fromisoformat(one["end"]) <= end else {**one, "end": end.isoformat()}


def _name(record: WindowPageRecord) -> tuple[str, str, str]:
    return record["file"], record["start"], record["end"]
