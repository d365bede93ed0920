"""What the page of an asset shows of its table: the columns, the first rows of a partition, and where they lie."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from bcdata.frames.columns import MEANINGS
from bcdata.pipeline.zones import Step, Zone
from bcdata.store.layout import Partition

if TYPE_CHECKING:
    import polars as pl

_ROWS, _COLUMNS = 5, 5


def preview(root: Path, step: Step, partition: Partition) -> dict[str, Any]:
    """Columns, rows and the file of a published partition; of raw, the folder of its objects."""
    import polars as pl

    if step.zone is Zone.RAW:
        return {"path": dg.MetadataValue.path(str(root / partition.prefix))}
    file = root / partition.key()
    try:
        schema, rows = pl.read_parquet_schema(file), pl.read_parquet(file, n_rows=_ROWS, hive_partitioning=False)
    except (OSError, pl.exceptions.PolarsError):  # another run is making it anew
        return {}
    said = MEANINGS | (_of_features() if step.zone is Zone.FEATURES else {})
    columns = [dg.TableColumn(name, _words(dtype), said.get(name)) for name, dtype in schema.items()]
    return {
        "dagster/column_schema": dg.TableSchema(columns),
        f"first rows of {partition.symbol} {partition.date}": dg.MetadataValue.md(_markdown(rows)),
        "path": dg.MetadataValue.path(str(file)),
    }


def _of_features() -> dict[str, str]:
    """What each column is and, of a feature, what it is made of: the lineage of columns in words (decision 0039)."""
    from bcdata.features.registry import all_features
    from bcdata.features.schema import table_columns

    said = {
        one.name: f"{one.description}, {one.unit}" if one.unit else one.description
        for one in table_columns(sessions=True)
    }
    return said | {one.name: f"{said[one.name]}; reads {', '.join(one.inputs)}" for one in all_features()}


def _words(dtype: "pl.DataType") -> str:
    import polars as pl

    return f"timestamp ({dtype.time_unit}, {dtype.time_zone})" if isinstance(dtype, pl.Datetime) else str(dtype).lower()


def _markdown(rows: "pl.DataFrame") -> str:
    shown, more = rows.columns[:_COLUMNS], rows.columns[_COLUMNS:]
    lines = ["| " + " | ".join(shown) + " |", "|" + " --- |" * len(shown)]
    lines += ["| " + " | ".join(map(_cell, row)) + " |" for row in rows.select(shown).iter_rows()]
    return "\n".join([*lines, *([f"\nand {len(more)} more columns"] if more else [])])


def _cell(value: object) -> str:
    return "" if value is None else str(value).removesuffix("+00:00").replace("|", "\\|")
