"""Metrics as Binance's files hold them -> one raw frame (`RAW_METRIC`). Pure; no rule is applied here.

A row is of five minutes, and its `create_time` names their start or their end (`metric_labels.py`).
"""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import polars as pl

from bcdata.frames.columns import METRIC_VALUES
from bcdata.frames.schema import RAW_METRIC, TIME
from bcdata.interval import EPOCH
from bcdata.providers.binance.files.csv_text import Table, is_cut, table_of
from bcdata.providers.binance.klines import micros
from bcdata.providers.binance.metric_labels import METRIC_LABELS
from bcdata.providers.capabilities import EndLabels
from bcdata.providers.formats import FileMetrics
from bcdata.quality.duplicates import AMBIGUOUS, CONFLICT
from bcdata.windows import Window

_COLUMNS = ("create_time", "symbol", *METRIC_VALUES)
_ROW = re.compile(rb"\s*\d")
"""A row begins with its time, and may hold nothing but blanks after it."""
_FORM = "%Y-%m-%d %H:%M:%S"
_AROUND = 12
"""So many rows before and after the two of one label have to ascend before their order tells which is which."""


def read_metrics(content: bytes, name: str, window: Window, market: str) -> FileMetrics:
    """Reads the content of a metrics object, in its order.

    Args:
        content: the CSV.
        name: the object's.
        window: the time (UTC) that it names.
        market: `um` or `cm`.

    Raises:
        ObjectError: `columns`: a column is not there, or rows have others; `no_rows`: it holds no row.
    """
    table = table_of(content, _COLUMNS, _ROW, what="metrics")
    labels = METRIC_LABELS if market == METRIC_LABELS.market else None
    rows = _timed(_fields(table), labels, window)
    held = labels.held(window) if labels else window
    edges = pl.Series([held.start, held.end], dtype=TIME).cast(pl.Int64)
    named = {"name": pl.lit(name), "from_us": pl.lit(edges[0]), "to_us": pl.lit(edges[1])}
    found = rows.with_columns(**named).select(pl.col(key).cast(dtype) for key, dtype in RAW_METRIC.items())
    return FileMetrics(found, table.width > len(_COLUMNS))


def _fields(table: Table) -> pl.DataFrame:
    """The lines with `stamp` (µs since the epoch; null where there is none), the symbol and the values."""
    fields = pl.col("text").str.replace_all('"', "", literal=True).str.split(",")
    split = table.lines.with_columns(fields.alias("fields"))
    known = {
        column: pl.col("fields").list.get(at, null_on_oob=True).str.strip_chars() for column, at in table.places.items()
    }
    is_row = pl.col("fields").list.len() == table.width
    if not table.is_ended:
        last = pl.col("fields").list.get(table.width - 1, null_on_oob=True)
        is_row &= ~((pl.int_range(pl.len()) == pl.len() - 1) & is_cut(last.fill_null("")))
    text = split.select("line", "text", is_row.alias("is_row"), **known)
    numbers = {one: pl.col(one).cast(pl.Float64, strict=False) for one in METRIC_VALUES}
    are_numbers = pl.all_horizontal((pl.col(one) == "") | numbers[one].is_not_null() for one in METRIC_VALUES)
    date = pl.col("create_time").str.to_datetime(_FORM, time_unit="us", strict=False).cast(pl.Int64)
    stamp = pl.coalesce(date, micros(pl.col("create_time").cast(pl.Int64, strict=False)))
    return text.select(
        *("line", "text", "is_row", "symbol"),
        stamp.alias("stamp"),
        are_numbers.fill_null(value=False).alias("are_numbers"),
        *(numbers[one].alias(one) for one in METRIC_VALUES),
    )


def _timed(rows: pl.DataFrame, labels: EndLabels | None, named: Window) -> pl.DataFrame:
    """The rows with `time`, `other_time` and `unclear`; `named` is the time that their file names."""
    nothing = {"other_time": pl.lit(None, dtype=pl.Int64), "unclear": pl.lit(None, dtype=pl.String)}
    if labels is None:
        return rows.with_columns(pl.col("stamp").alias("time"), **nothing)
    until, length = _micros(labels.until), int(labels.length.total_seconds() * 1_000_000)
    # In a file of the time before the change that label is an end, too: the start is of another day.
    latest = until if named.end <= labels.until else until - 1
    is_end = pl.col("stamp").is_between(0, latest)
    timed = rows.with_columns(time=pl.when(is_end).then(pl.col("stamp") - length).otherwise("stamp"), **nothing)
    if labels.until not in named:
        return timed
    there = timed.join(_both_meanings(rows, until), on="line", how="left", maintain_order="left")
    time = pl.when(pl.col("is_an_end")).then(until - length).otherwise("time")
    other = pl.when(pl.col("why").is_not_null()).then(pl.when("is_an_end").then(until).otherwise(until - length))
    return there.with_columns(time=time, other_time=other, unclear=pl.col("why")).drop("is_an_end", "why")


def _both_meanings(rows: pl.DataFrame, until: int) -> pl.DataFrame:
    """What the rows are whose label was there once as an end and once as a start: `line`, `is_an_end`, `why`.

    Where they say the same there is nothing to choose. Else the order of the file tells it, the end being first, where
    the rows around them ascend. Of a single one nothing tells what it is; nor of one in a file that has each row twice.
    """
    ours = rows.filter(pl.col("is_row") & pl.col("stamp").is_not_null())
    here = ours.filter(pl.col("stamp") == until)
    count, copies = here.height, _copies(ours.filter(pl.col("stamp") != until)["stamp"].to_list())
    are_equal = here.select("symbol", *METRIC_VALUES).n_unique() <= 1
    ends, why = 1, None
    if are_equal and count <= copies:
        ends, why = 0, AMBIGUOUS
    elif are_equal:
        ends = count // 2
    elif count != 2 or not _ascends_around(ours["stamp"].to_list(), until):  # noqa: PLR2004 (an end and a start)
        why = CONFLICT
    numbers = pl.int_range(pl.len())
    return here.select("line", is_an_end=numbers < ends, why=pl.lit(why, dtype=pl.String))


def _copies(stamps: Sequence[int]) -> int:
    """How often most labels are there; 1 where there are none."""
    counts = Counter(Counter(stamps).values())
    return max(counts, key=lambda copies: (counts[copies], copies), default=1)


def _ascends_around(stamps: Sequence[int], until: int) -> bool:
    """Whether the two rows of the label stand side by side, with rows around them that ascend."""
    at = stamps.index(until)
    before, after = stamps[max(0, at - _AROUND) : at], stamps[at + 2 : at + 2 + _AROUND]
    around = [*before, until, until, *after]
    return stamps[at + 1] == until and bool(before or after) and around == sorted(around)


def _micros(instant: datetime) -> int:
    since = instant - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
