"""The file of a published frame: zstd Parquet, with its fingerprint and record in the footer."""

import io
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from bcdata.store.layout import Partition, Table

FINGERPRINT = "bcdata.fingerprint"
SCHEMA_VERSION = "bcdata.schema_version"
RULES_VERSION = "bcdata.rules_version"
RECORD = "bcdata.record"
ZSTD_LEVEL = 3
SCHEMA = "2"
SCHEMAS_WITHOUT_DIGESTS = frozenset({"1"})
"""Schema versions of releases that kept no manifests of publications: their files are read as they stand."""


@dataclass(frozen=True, slots=True)
class Published:
    """What the footer of a published file says: its fingerprint and its record (verdict, inputs, evidence)."""

    fingerprint: str
    record: dict[str, object]


@dataclass(frozen=True, slots=True)
class Rows:
    """A frame for a partition, and the record that goes into its footer."""

    partition: Partition | Table
    frame: pl.DataFrame
    record: Mapping[str, object]


def parquet(rows: Rows, fingerprint: str, rules: str) -> bytes:
    """The file of a frame, with its fingerprint and record in the footer."""
    body = io.BytesIO()
    metadata = {
        FINGERPRINT: fingerprint,
        SCHEMA_VERSION: SCHEMA,
        RULES_VERSION: rules,
        RECORD: json.dumps(rows.record, sort_keys=True, separators=(",", ":"), ensure_ascii=False),
    }
    rows.frame.write_parquet(body, compression="zstd", compression_level=ZSTD_LEVEL, metadata=metadata)
    return body.getvalue()


def footer(source: Path | io.BytesIO, schemas: Collection[str] | None = None) -> Published | None:
    """What a file says of itself; None where it is damaged, foreign, or of none of the schema versions."""
    try:
        metadata = pl.read_parquet_metadata(source)
        if schemas is not None and metadata[SCHEMA_VERSION] not in schemas:
            return None
        record = json.loads(metadata[RECORD])
    except (pl.exceptions.PolarsError, OSError, KeyError, ValueError, RecursionError):
        return None  # a damaged or foreign file is as good as none: it is written again
    return Published(metadata[FINGERPRINT], record) if isinstance(record, dict) else None


def frame_of(source: Path | io.BytesIO, columns: Sequence[str] | None, *, are_optional: bool = False) -> pl.DataFrame:
    """The rows of a file, or some columns of them; optional ones are left out where it does not have them."""
    wanted = list(columns) if columns else None
    if wanted and are_optional:
        there = pl.read_parquet_schema(source)
        wanted = [name for name in wanted if name in there]
    return pl.read_parquet(source, columns=wanted, hive_partitioning=False)
