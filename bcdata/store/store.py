"""Publish, read, list: frames with their fingerprint and verdict, on any `Objects`."""

import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl

from bcdata.errors import StoreError
from bcdata.store.digests import digest_file, digest_of
from bcdata.store.footer import SCHEMAS_WITHOUT_DIGESTS, Published, Rows, footer, parquet
from bcdata.store.layout import PART, Partition, Table, dataset_prefix, symbol_and_date
from bcdata.store.objects import LocalObjects, ObjectInfo, Objects
from bcdata.store.publications import Entry, Publications, zone_of
from bcdata.store.verified import Verified

_REPAIR = "materialize it again"


class Store:
    """The lake. Every file is put whole; readers see the old one or the new one, never a part."""

    def __init__(self, root: Path, objects: Objects | None = None) -> None:
        self.root = root
        self.objects: Objects = objects or LocalObjects(root)
        self.publications = Publications(root, self.objects)
        self.verified = Verified(root, self.objects.sync)

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

    def publish_together(self, some: Sequence["Rows"], *, fingerprint: str, rules: str, durable: bool = False) -> int:
        """Writes frames that belong together under one entry of a manifest; returns the size of the last in bytes.

        They are put in this order. Readers take them together, or not at all.

        Raises:
            StoreError: the place cannot be written.
        """
        bodies = {one.partition: parquet(one, fingerprint, rules) for one in some}
        digests = {zone_of(place): digest_file(body) for place, body in bodies.items()}
        self.publications.announce(some[-1].partition, Entry(fingerprint, digests), durable=durable)
        for place, body in bodies.items():
            self.objects.put(place.key(), body, durable=durable)
            if info := self.objects.stat(place.key()):
                self.verified.note(info, digests[zone_of(place)].whole)
        return len(bodies[some[-1].partition])

    def published(self, partition: Partition | Table) -> Published | None:
        """Fingerprint and record of what is published there; None where nothing is, or its footer is damaged."""
        if not isinstance(self.objects, LocalObjects):
            body = self.objects.get(partition.key())
            return None if body is None else footer(io.BytesIO(body))
        path = self.objects.path(partition.key())
        try:
            expected = self.publications.files(partition)
        except StoreError:
            return None
        with suppress(OSError), path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            for one in expected:
                tail = os.pread(file.fileno(), one.footer.length, one.footer.start) if size == one.size else b""
                if tail and digest_of(tail) == one.footer.digest:
                    return footer(path)
        return None if expected else footer(path, SCHEMAS_WITHOUT_DIGESTS)

    def damage(self, partition: Partition | Table, *, anew: bool = False) -> str | None:
        """What is wrong with the bytes of a published file, in words; None where they are sound, or there is no file.

        `anew` hashes it whatever is remembered of it.

        Raises:
            StoreError: it cannot be read.
        """
        info = self.objects.stat(partition.key())
        if info is None or self.whole(partition, anew=anew):
            return None
        expected = self.publications.files(partition)
        if not expected:
            return "no manifest knows of it"
        if info.size != expected[0].size:
            return f"it has {info.size:,} bytes where {expected[0].size:,} were published"
        return "its bytes are not those that were published"

    def whole(self, partition: Partition | Table, *, anew: bool = False) -> list[str]:
        """The fingerprints of the publications that a file is, by all of its bytes; none where it is damaged or absent.

        A file that has stayed the same file, by inode and times, is hashed once, unless `anew`.

        Raises:
            StoreError: it cannot be read, or its manifest is damaged.
        """
        info = self.objects.stat(partition.key())
        if info is None:
            return []
        digest, zone = None if anew else self.verified.digest(info), zone_of(partition)
        if digest is None:
            digest = digest_of(self.objects.get(partition.key()) or b"")
            self.verified.note(info, digest)
        entries = self.publications.entries(partition)
        if not entries and (legacy := self._legacy(partition)):
            return [legacy.fingerprint]
        return [one.fingerprint for one in entries if zone in one.files and one.files[zone].whole == digest]

    def _legacy(self, partition: Partition | Table) -> "Published | None":
        """What a file of a release without manifests says of itself; None where it is of this one."""
        body = self.objects.get(partition.key())
        return None if body is None else footer(io.BytesIO(body), SCHEMAS_WITHOUT_DIGESTS)

    def read(
        self, partition: Partition | Table, columns: Sequence[str] | None = None, *, are_optional: bool = False
    ) -> pl.DataFrame | None:
        """The published frame, or some columns of it; None where there is none. The bytes that are read are verified.

        Optional columns are left out where the file, which an earlier version of the code wrote, does not have them.

        Raises:
            StoreError: the file is damaged.
        """
        body = self.objects.get(partition.key())
        if body is None:
            return None
        try:
            if damage := self._damage(partition, body, columns):
                raise StoreError(f"{partition.key()} is damaged: {damage}; {_REPAIR}")
            wanted = list(columns) if columns else None
            if wanted and are_optional:
                there = pl.read_parquet_schema(io.BytesIO(body))
                wanted = [name for name in wanted if name in there]
            return pl.read_parquet(io.BytesIO(body), columns=wanted)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise StoreError(f"{partition.key()} is damaged ({_first_line(error)}); {_REPAIR}") from error

    def _damage(self, partition: Partition | Table, body: bytes, columns: Sequence[str] | None) -> str | None:
        """Against the last publications: what is wrong with the bytes, or with those of some columns."""
        expected = self.publications.files(partition)
        found = [one.damage(body) if columns is None else one.damage_in(body, columns) for one in expected]
        if not found:
            return None if self._legacy(partition) else "no manifest knows of it"
        return None if None in found else found[0]

    def partitions(self, zone: str, dataset: str, provider: str | None = None) -> Iterator[Partition]:
        """All published partitions of an asset, by symbol, then date."""
        for info in self.files(zone, dataset, provider):
            found = symbol_and_date(info.key)
            if found and info.key.endswith(f"/{PART}"):
                yield Partition(zone, dataset, found[0], found[1], provider)

    def files(self, zone: str, dataset: str, provider: str | None = None) -> Iterator[ObjectInfo]:
        """All files of an asset, in key order."""
        return self.objects.list(dataset_prefix(zone, dataset, provider))

    def holds(self, key: str, size: int, sha256: str) -> bool:
        """Whether an object is there with the bytes of this digest. One that has stayed the same is hashed once.

        Raises:
            StoreError: it cannot be read.
        """
        info = self.objects.stat(key)
        if info is None or info.size != size:
            return False
        digest = self.verified.digest(info)
        if digest is None:
            digest = hashlib.sha256(self.objects.get(key) or b"").hexdigest()
            self.verified.note(info, digest)
        return digest == sha256

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
        text = json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
        self.objects.put(partition.key(file), text.encode(), durable=True)

    def get_json(self, partition: Partition, file: str) -> dict[str, Any] | None:
        """Reads a JSON record back; None where there is none or it is damaged (it is then written anew)."""
        body = self.objects.get(partition.key(file))
        if body is None:
            return None
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    def remove(self, partition: Partition) -> None:
        """Removes every file of the partition."""
        for info in list(self.objects.list(partition.prefix)):
            self.objects.delete(info.key)

    def check_writable(self) -> None:
        """Fails early where the root cannot be written.

        Raises:
            StoreError: with the cause and the mend.
        """
        self.objects.check()

    def close(self) -> None:
        """Remembers what was hashed, and releases what the store holds on to (its staging folder)."""
        self.verified.save()
        if isinstance(self.objects, LocalObjects):
            self.objects.close()


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
