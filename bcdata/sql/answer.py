"""From what DuckDB answers to a polars frame; what no frame can hold is an error that names the column. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from bcdata.errors import UsageError

_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_FIRST, _END = -62_135_596_800, 253_402_300_800
"""The years 1 to 9999, which Python's instants can have, in seconds since 1970."""
_INFINITE = 2**63 - 1


def frame_of(table: pa.Table) -> pl.DataFrame:
    """The table as a frame. Repeated names get numbers: `symbol`, `symbol_1`.

    Raises:
        UsageError: a column holds what no frame can: intervals, unions, instants outside of the years 1 to 9999.
    """
    for name, column in zip(table.schema.names, table.columns, strict=True):
        _require_representable(name, column)
    try:
        frame = pl.from_arrow(table.rename_columns(distinct(table.schema.names)))
    except (pl.exceptions.PolarsError, pa.ArrowException) as error:
        raise UsageError(f"the answer cannot be made a frame: {str(error).splitlines()[0]}") from None
    return frame if isinstance(frame, pl.DataFrame) else frame.to_frame()


def distinct(names: Sequence[str]) -> list[str]:
    """The names, with `_1`, `_2` and so on after those that were there before; names that stand once stay."""
    taken, seen, found = set(names), Counter[str](), list[str]()
    for name in names:
        given = name
        while seen[name] and given in taken:
            given = f"{name}_{seen[name]}"
            seen[name] += given in taken
        seen[name] += 1
        taken.add(given)
        found.append(given)
    return found


def _require_representable(name: str, column: pa.ChunkedArray) -> None:
    kinds = list(_kinds(column.type))
    if any(map(types.is_interval, kinds)):
        # It may hold months, which have no length: neither polars nor JSON has the like.
        raise UsageError(f"{name} is an interval, which has no fixed length; write epoch(...) for its seconds")
    if any(map(types.is_union, kinds)):
        raise UsageError(f"{name} is a union, which no column of a frame can be; write one of its members")
    if any(map(types.is_temporal, kinds)) and not all(_is_within(leaf) for leaf in _leaves(column)):
        raise UsageError(
            f"{name} holds a date or time that is not within the years 1 to 9999, such as infinity, or is 24:00;"
            " write CAST(... AS VARCHAR)"
        )


def _kinds(kind: pa.DataType) -> Iterator[pa.DataType]:
    yield kind
    for at in range(kind.num_fields):
        yield from _kinds(kind.field(at).type)


def _leaves(column: pa.ChunkedArray | pa.Array) -> Iterator[pa.Array]:
    """What is in the column, lists and structures opened."""
    if isinstance(column, pa.ChunkedArray):
        parts = column.chunks
    elif types.is_struct(column.type):
        parts = column.flatten()
    elif types.is_map(column.type):
        parts = [column.keys, column.items]
    elif types.is_list(column.type) or types.is_large_list(column.type) or types.is_fixed_size_list(column.type):
        parts = [column.flatten()]
    else:
        yield column
        return
    for part in parts:
        yield from _leaves(part)


def _is_within(leaf: pa.Array) -> bool:
    kind = leaf.type
    if types.is_date32(kind):
        low, high, bits = _FIRST // 86_400, _END // 86_400, pa.int32()
    elif types.is_timestamp(kind):
        ticks = _TICKS[kind.unit]
        low, high, bits = max(_FIRST * ticks, 1 - _INFINITE), min(_END * ticks, _INFINITE), pa.int64()
    elif types.is_time(kind):
        low, high, bits = 0, 86_400 * _TICKS[kind.unit], pa.int32() if types.is_time32(kind) else pa.int64()
    else:
        return True
    ends = pc.min_max(leaf.view(bits)).as_py()
    return ends["min"] is None or low <= ends["min"] <= ends["max"] < high
