"""vectorbt: wide Parquet files, one a field, with a column for each symbol; `pandas.read_parquet` sets the index.

It acts on a bar at its label, so that this is `known_at`.
"""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from bcdata.exports.layouts.layout import VALUES, Content, File

_INDEX = "known_at"


def files(content: Content) -> Iterator[File]:
    """`<name>-close.parquet` and its like: of prices, of the volume where bars have one, and of features."""
    rows = content.rows
    for field in (*VALUES, *content.features):
        if field == "volume" and rows[field].null_count() == rows.height:
            continue
        yield File(f"{content.name}-{field}.parquet", rows[_INDEX].n_unique(), partial(_write, content, field))


def _write(content: Content, field: str, path: Path) -> None:
    wide = content.rows.pivot("symbol", index=_INDEX, values=field).sort(_INDEX)
    absent = [pl.lit(None, pl.Float64).alias(name) for name in content.symbols if name not in wide.columns]
    table = wide.with_columns(absent).select(_INDEX, *content.symbols).to_arrow()
    known = {**(table.schema.metadata or {}), b"pandas": json.dumps(_pandas(table.schema)).encode()}
    pq.write_table(table.replace_schema_metadata(known), str(path), compression="zstd")


def _pandas(schema: pa.Schema) -> dict[str, object]:
    """What pandas writes into files of its own, by which it finds the index again."""
    columns = [_column(one.name, "float64", "float64") for one in schema if one.name != _INDEX]
    index = _column(_INDEX, "datetimetz", "datetime64[us]", {"timezone": "UTC"})
    return {"index_columns": [_INDEX], "column_indexes": [], "columns": [*columns, index], "pandas_version": "2.0.0"}


def _column(name: str, kind: str, numpy: str, metadata: dict[str, str] | None = None) -> dict[str, object]:
    return {"name": name, "field_name": name, "pandas_type": kind, "numpy_type": numpy, "metadata": metadata}
