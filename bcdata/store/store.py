"""Publish, read, list: frames with their fingerprint and verdict, on any `Objects`."""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from bcdata.errors import StoreError
from bcdata.store.layout import PART, Partition, Table, dataset_prefix, symbol_and_date
from bcdata.store.objects import LocalObjects, ObjectInfo, Objects

FINGERPRINT = "bcdata.fingerprint"
SCHEMA_VERSION = "bcdata.schema_version"
RULES_VERSION = "bcdata.rules_version"
RECORD = "bcdata.record"
ZSTD_LEVEL = 3
SCHEMA = "1"


@dataclass(frozen=True, slots=True)
class Published:
    """What the footer of a published file says: its fingerprint and its record (verdict, inputs, evidence)."""

    fingerprint: str
    record: dict[str, Any]


class Store:
    """The lake. Every file is put whole; readers see the old one or the new one, never a part."""

    def __init__(self, root: Path, objects: Objects | None = None) -> None:
        self.root = root
        self.objects: Objects = objects or LocalObjects(root)

    def publish(
        self,
        partition: Partition | Table,
        frame: pl.DataFrame,
        *,
        fingerprint: str,
        rules: str,
        record: Mapping[str, Any],
    ) -> int:
        """Writes the partition's frame as zstd Parquet in one atomic put and returns its size in bytes.

        The same frame, fingerprint and record give the same bytes.

        Raises:
            StoreError: the place cannot be written.
        """
        body = io.BytesIO()
        metadata = {
            FINGERPRINT: fingerprint,
            SCHEMA_VERSION: SCHEMA,
            RULES_VERSION: rules,
            RECORD: json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False),
        }
        frame.write_parquet(body, compression="zstd", compression_level=ZSTD_LEVEL, metadata=metadata)
        self.objects.put(partition.key(), body.getvalue())
        return body.tell()

    def published(self, partition: Partition | Table) -> Published | None:
        """Fingerprint and record of what is published there; None where nothing readable is."""
        if not isinstance(self.objects, LocalObjects):
            body = self.objects.get(partition.key())
            return None if body is None else _footer(io.BytesIO(body))
        return None if self.objects.stat(partition.key()) is None else _footer(self.objects.path(partition.key()))

    def read(
        self, partition: Partition | Table, columns: Sequence[str] | None = None, *, are_optional: bool = False
    ) -> pl.DataFrame | None:
        """The published frame, or some columns of it; None where there is none.

        Optional columns are left out where the file, which an earlier version of the code wrote, does not have them.

        Raises:
            StoreError: the file is damaged.
        """
        body = self.objects.get(partition.key())
        if body is None:
            return None
        try:
            wanted = list(columns) if columns else None
            if wanted and are_optional:
                there = pl.read_parquet_schema(io.BytesIO(body))
                wanted = [name for name in wanted if name in there]
            return pl.read_parquet(io.BytesIO(body), columns=wanted)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise StoreError(
                f"{partition.key()} is damaged ({_first_line(error)}); delete it and materialize it again"
            ) from error

    def partitions(self, zone: str, dataset: str, provider: str | None = None) -> Iterator[Partition]:
        """All published partitions of an asset, by symbol, then date."""
        for info in self.files(zone, dataset, provider):
            found = symbol_and_date(info.key)
            if found and info.key.endswith(f"/{PART}"):
                yield Partition(zone, dataset, found[0], found[1], provider)

    def files(self, zone: str, dataset: str, provider: str | None = None) -> Iterator[ObjectInfo]:
        """All files of an asset, in key order."""
        return self.objects.list(dataset_prefix(zone, dataset, provider))

    def put_json(self, partition: Partition, file: str, value: Mapping[str, Any]) -> None:
        """Writes a small JSON record beside the partition's data; the same value gives the same bytes."""
        text = json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
        self.objects.put(partition.key(file), text.encode())

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
        """Releases what the store holds on to (its staging folder)."""
        if isinstance(self.objects, LocalObjects):
            self.objects.close()


def _footer(source: Path | io.BytesIO) -> Published | None:
    try:
        metadata = pl.read_parquet_metadata(source)
        record = json.loads(metadata[RECORD])
    except (pl.exceptions.PolarsError, OSError, KeyError, ValueError, RecursionError):
        return None  # a damaged or foreign file is as good as none: it is written again
    return Published(metadata[FINGERPRINT], record) if isinstance(record, dict) else None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
