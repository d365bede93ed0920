"""Publish, read, list: frames with their fingerprint and verdict, on any `Objects`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from bcdata.store.digests import digest_file
from bcdata.store.footer import Rows, parquet
from bcdata.store.layout import PART, Partition, Table, dataset_prefix, escape, symbol_and_date
from bcdata.store.objects import LocalObjects, ObjectInfo
from bcdata.store.publications import MANIFESTS, PLACE, PublicationEntry, zone_of
from bcdata.store.reading import VerifiedReads
from bcdata.store.sealed import DIGEST, FORMAT, is_anothers, parsed, seal, unseal

OF = "of"
"""The key under which a record names its partition."""
_RECORDS = 2
"""The format of JSON records that are put beside data; the first had none, and no digest."""


class Store(VerifiedReads):
    """The lake. Every file is put whole; readers see the old one or the new one, never a part."""

    def publish(
        self,
        partition: Partition | Table,
        frame: pl.DataFrame,
        *,
        fingerprint: str,
        rules: str,
        record: Mapping[str, Any],
        durable: bool = False,
    ) -> int:
        """Writes the partition's frame as zstd Parquet in one atomic put and returns its size in bytes.

        The same frame, fingerprint and record give the same bytes. `durable` is for what cannot be made again.

        Raises:
            StoreError: the place cannot be written.
        """
        rows = Rows(partition, frame, record)
        return self.publish_together([rows], fingerprint=fingerprint, rules=rules, durable=durable)

    def publish_together(
        self,
        some: Sequence["Rows"],
        *,
        fingerprint: str,
        rules: str,
        notes: Mapping[str, Any] | None = None,
        durable: bool = False,
    ) -> int:
        """Writes frames that belong together under one entry of a manifest; returns the size of the last in bytes.

        They are put in this order. Readers take them together, or not at all. `notes` go into the entry alone.

        Raises:
            StoreError: the place cannot be written.
        """
        bodies = {one.partition: parquet(one, fingerprint, rules) for one in some}
        digests = {zone_of(place): digest_file(body) for place, body in bodies.items()}
        self.publications.announce(
            some[-1].partition,
            PublicationEntry(fingerprint, digests, notes or {}),
            stands=lambda one: self._stands(one, bodies),
            durable=durable,
        )
        for place, body in bodies.items():
            self.objects.put(place.key(), body, durable=durable)
            if info := self.objects.stat(place.key()):
                self.verified.note(info, digests[zone_of(place)].whole)
        if isinstance(last := some[-1].partition, Table):
            self.publications.confirm(last, durable=durable)
        return len(bodies[last])

    def _stands(self, entry: PublicationEntry, places: Iterable[Partition | Table]) -> bool:
        """Whether a file at one of the places is the one that this entry says was put."""
        expected = ((place, entry.files.get(zone_of(place))) for place in places)
        return any(one and self.whole_digest(place) == one.whole for place, one in expected)

    def datasets(self) -> list[str]:
        """The names of all datasets that raw or merged have folders of symbols of, sorted."""
        folders = (*self.root.glob("raw/*/*"), *self.root.glob("merged/*"))
        return sorted({one.name for one in folders if next(one.glob("symbol=*"), None)})

    def partitions(
        self, zone: str, dataset: str, provider: str | None = None, *, symbol: str | None = None
    ) -> Iterator[Partition]:
        """All published partitions of an asset, or of one symbol of it, by symbol, then date."""
        own = "" if symbol is None else f"symbol={escape(symbol)}/"
        for info in self.objects.list(f"{dataset_prefix(zone, dataset, provider)}{own}"):
            found = symbol_and_date(info.key)
            if found and info.key.endswith(f"/{PART}"):
                yield Partition(zone, dataset, found[0], found[1], provider)

    def tables(self, prefix: str) -> list[Table]:
        """Frames of no single symbol under a prefix (`halts/<dataset>/`): those there, and those published."""
        there = (info.key.removesuffix(PART) for info in self.objects.list(prefix) if info.key.endswith(f"/{PART}"))
        known = (info.key.removeprefix(MANIFESTS) for info in self.objects.list(f"{MANIFESTS}{prefix}"))
        found = {*there, *(f"{key.removesuffix('.json')}/" for key in known)}
        return [Table(one) for one in sorted(found) if "/" not in one.removeprefix(prefix).rstrip("/")]

    def files(self, zone: str, dataset: str, provider: str | None = None) -> Iterator[ObjectInfo]:
        """All files of an asset, in key order."""
        return self.objects.list(dataset_prefix(zone, dataset, provider))

    def strays(self, zone: str, dataset: str, provider: str | None = None) -> list[str]:
        """What lies among the files and manifests of an asset and is no file that anything can read, in words."""
        own = dataset_prefix(zone, dataset, provider)
        return [*self.objects.strays(own), *self.objects.strays(f"{MANIFESTS}{own}")]

    def links(self, zone: str, dataset: str, provider: str | None = None) -> list[str]:
        """The symbolic links among the files and manifests of an asset, over which listings pass from now on."""
        if isinstance(self.objects, LocalObjects):
            self.objects.passes_links = True
        own = dataset_prefix(zone, dataset, provider)
        return [*self.objects.strays(own, links=True), *self.objects.strays(f"{MANIFESTS}{own}", links=True)]

    def misplaced(self, zone: str, dataset: str, provider: str | None = None) -> list[str]:
        """The keys of files among an asset's manifests that are none there: copies of others, and whatever else."""
        prefix = f"{MANIFESTS}{dataset_prefix(zone, dataset, provider)}"
        keys = [info.key for info in self.objects.list(prefix)]
        own = {key for key in keys if PLACE.fullmatch(key.removeprefix(prefix))}
        return [key for key in keys if key not in own or is_anothers(key, self.objects.get(key))]

    def keep(self, key: str, body: bytes) -> None:
        """Puts an object of raw, whose name has its digest, unless its bytes are there.

        What survives a loss of power is never replaced by the same bytes that may not.

        Raises:
            StoreError: it cannot be read or written.
        """
        if self.objects.get(key) != body:
            self.objects.put(key, body)

    def put_json(self, partition: Partition, file: str, value: Mapping[str, Any]) -> None:
        """Writes a small JSON record beside the partition's data; the same value gives the same bytes.

        It survives a loss of power, as does all that was put before it: records of raw name what cannot be had again.
        """
        body = seal({**value, FORMAT: _RECORDS, OF: partition.prefix}, indent=1)
        self.objects.put(partition.key(file), body, durable=True)

    def get_json(self, partition: Partition, file: str) -> dict[str, Any] | None:
        """Reads a JSON record back; None where there is none, or it is damaged, edited or another partition's.

        Records of releases that did not seal them are taken as they stand.
        """
        body = self.objects.get(partition.key(file))
        value = unseal(body)
        if value is None and body is not None:
            value = parsed(body)
            return None if value is None or {FORMAT, DIGEST} & value.keys() else value
        if value is None or value.pop(OF, None) != partition.prefix:
            return None
        return {name: one for name, one in value.items() if name != FORMAT}

    def remove(self, partition: Partition) -> None:
        """Removes every file of the partition."""
        for info in list(self.objects.list(partition.prefix)):
            self.objects.delete(info.key)

    def check_writable(self) -> None:
        """Fails early where the root cannot be written.

        Raises:
            StoreError: with the cause and the fix.
        """
        self.objects.check()

    def close(self) -> None:
        """Remembers what was hashed, and releases what the store holds on to (its staging folder)."""
        self.remember()
        if isinstance(self.objects, LocalObjects):
            self.objects.close()
