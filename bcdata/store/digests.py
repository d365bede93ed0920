"""What a published Parquet file is, as digests: of its bytes, of each column chunk, and of its footer. Pure.

Fingerprints say what rows were made of, digests what the bytes are. Parquet's own page checksums would not do: polars
writes none, and neither polars nor DuckDB looks at any.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Annotated, Any, NotRequired

import pyarrow as pa
import pyarrow.parquet as pq
from blake3 import blake3
from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    TypeAdapter,
    ValidationError,
    with_config,
)
from typing_extensions import TypedDict

from bcdata.errors import StoreError

MAGIC = b"PAR1"
"""How a Parquet file begins."""

_others_too = with_config(ConfigDict(extra="allow"))
"""What no shape names is another release's, and is kept."""
_Offset = Annotated[StrictInt, Field(ge=0, le=(1 << 63) - 1)]
_SpanRecord = tuple[_Offset, _Offset, StrictStr]


@_others_too
class FileRecord(TypedDict):
    """How a digest stands in a manifest. Tuples cost the garbage collector nothing, which lists of hundreds would."""

    size: _Offset
    whole: StrictStr
    footer: _SpanRecord
    columns: dict[StrictStr, tuple[_SpanRecord, ...]]


def _lies_inside(record: FileRecord) -> FileRecord:
    size = record["size"]
    for spans in ((record["footer"],), *record["columns"].values()):
        for start, length, _ in spans:
            if start + length > size:
                raise ValueError("a stretch of the file ends beyond it")
    return record


@_others_too
class EntryRecord(TypedDict):
    """How a publication stands in a manifest.

    `put` is noted of frames of no single symbol, `notes` where something is known beside what the files are.
    """

    fingerprint: StrictStr
    files: dict[StrictStr, Annotated[FileRecord, AfterValidator(_lies_inside)]]
    put: NotRequired[StrictBool]
    notes: NotRequired[dict[StrictStr, Any]]


class ManifestRecord(TypedDict):
    """A manifest: its key, and its logs by date key, newest last."""

    of: NotRequired[StrictStr]
    sequence: NotRequired[_Offset]
    dates: dict[StrictStr, list[EntryRecord]]


_MANIFEST = TypeAdapter(ManifestRecord)


def manifest_record(body: bytes) -> ManifestRecord | None:
    """What a manifest says, where the JSON has the shape of one; else None."""
    try:
        return _MANIFEST.validate_json(body)
    except ValidationError:
        return None


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a file: where it begins, its bytes, and their digest (blake3, 32 hex digits)."""

    start: int
    length: int
    digest: str

    @property
    def end(self) -> int:
        """The offset after its last byte."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class FileDigest:
    """A file as it was put: its size, and digests of the whole, the footer and each column's chunks.

    Every byte but the magic number at the start is in one of them: a chunk reaches to the next one, and the footer
    begins after the last, so that the indexes of pages, by which readers skip rows, belong to it.
    """

    size: int
    whole: str
    footer: Span
    columns: Mapping[str, tuple[Span, ...]]

    def to_json(self) -> FileRecord:
        """Plain values, the same for the same digest."""
        return {
            "size": self.size,
            "whole": self.whole,
            "footer": _plain(self.footer),
            "columns": {name: tuple(map(_plain, spans)) for name, spans in self.columns.items()},
        }

    @classmethod
    def from_json(cls, value: FileRecord) -> "FileDigest":
        """Reads what `to_json` wrote, once its shape is checked."""
        return cls(value["size"], value["whole"], Span(*value["footer"]), _Columns(value["columns"]))

    def damage(self, body: bytes) -> str | None:
        """What is wrong with the bytes of a whole file, in words; None where they are those that were put."""
        if len(body) != self.size:
            return f"it has {len(body):,} bytes where {self.size:,} were published"
        return None if digest_of(body) == self.whole else "its bytes are not those that were published"


@dataclass(frozen=True, slots=True, eq=False)
class _Columns(Mapping[str, tuple[Span, ...]]):
    """The chunks of columns as a manifest has them: of a wide table a few are read, and only these become spans."""

    record: Mapping[str, Sequence[_SpanRecord]]

    def __getitem__(self, name: str) -> tuple[Span, ...]:
        return tuple(Span(*one) for one in self.record[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.record)

    def __len__(self) -> int:
        return len(self.record)


def digest_of(body: bytes | memoryview) -> str:
    """The digest of some bytes: blake3, 32 hex digits."""
    return blake3(body).hexdigest(length=16)


def digest_file(body: bytes) -> FileDigest:
    """The digests of a Parquet file.

    Raises:
        StoreError: it is no Parquet file.
    """
    try:
        metadata = pq.read_metadata(io.BytesIO(body))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise StoreError(f"not a Parquet file ({str(error).splitlines()[0]})") from error
    view = memoryview(body)

    def span(start: int, end: int) -> Span:
        return Span(start, end - start, digest_of(view[start:end]))

    chunks = _chunks(metadata)
    columns: dict[str, list[Span]] = {}
    starts = [start for start, _, _ in chunks]
    for (start, end, name), following in zip_longest(chunks, starts[1:]):
        columns.setdefault(name, []).append(span(start, following or end))
    return FileDigest(
        size=len(body),
        whole=digest_of(view),
        footer=span(chunks[-1][1] if chunks else len(MAGIC), len(body)),
        columns={name: tuple(spans) for name, spans in columns.items()},
    )


def _chunks(metadata: pq.FileMetaData) -> list[tuple[int, int, str]]:
    """Where column chunks begin and end, and whose they are, as they lie in the file."""
    found = []
    for group in range(metadata.num_row_groups):
        row_group = metadata.row_group(group)
        for at in range(row_group.num_columns):
            chunk = row_group.column(at)
            # A dictionary page stands before the data pages, where there is one.
            start = min(filter(None, (chunk.dictionary_page_offset, chunk.data_page_offset)))
            name = chunk.path_in_schema.partition(".")[0]
            found.append((start, start + chunk.total_compressed_size, name))
    return sorted(found)


def _plain(span: Span) -> _SpanRecord:
    return span.start, span.length, span.digest
