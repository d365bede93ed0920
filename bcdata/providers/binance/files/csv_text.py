"""CSV objects of the archive before their numbers are read: byte-order marks, headers, quotes, widths. Pure."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from bcdata.providers.base import ObjectError

_BOM = b"\xef\xbb\xbf"
_BEFORE_ROW = re.compile(rb'\r+(?="?\d{13}(?:\d{3})?"?,)')
_NUMBER = re.compile(rb"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*")


def rows_of(content: bytes, names: Sequence[str], *, width: int, what: str) -> bytes:
    """The rows of an object: its content without byte-order mark, header and quotes, lines ended by line feeds.

    A header has to begin with the names; columns after them are passed over, but without a header no more than one: it
    would be another kind of file. Nor are there ever so many that they could be those of a second row. Rows are
    numbers, and hold no quotes of their own: where the first line has some they are taken off.

    Args:
        content: the file.
        names: the columns that are known, in order and lower case.
        width: how many columns rows have at least.
        what: the kind of file, for messages.

    Raises:
        ObjectError: `columns`: the header names other columns, or most rows have fewer.
    """
    content = content.removeprefix(_BOM)
    if b"\r" in content:
        content = _with_line_feeds(content)
    if b'"' in _first_line(content):
        content = content.replace(b'"', b"")
    first, most = _first_line(content), width + 1
    if _is_header(first) and not _is_scrap(content, width):
        header = [name.strip().lower() for name in first.decode("utf-8", "replace").split(",")]
        if header[: len(names)] != list(names):
            raise ObjectError("columns", f"the header is {','.join(header)[:120]!r}")
        content, most = content[len(first) + 1 :], max(most, min(len(header), widest(width)))
    # Counting all columns takes as long as reading them: it is done where the first row is not as expected.
    if not width <= first_width(content) <= most and content.strip():
        found = width_of(content)
        if not width <= found <= most:
            raise ObjectError("columns", f"rows have {found} columns where {what} have {width}")
    return content


@dataclass(frozen=True, slots=True)
class Table:
    """The lines of an object below its header.

    Attributes:
        lines: `line` (the number, from 0; blank lines count and are left out) and `text`, as they stand.
        places: where the known columns stand, by name.
        width: how many fields a row has.
        is_ended: whether the last line has its end.
    """

    lines: pl.DataFrame
    places: Mapping[str, int]
    width: int
    is_ended: bool


def table_of(content: bytes, names: Sequence[str], row: re.Pattern[bytes], *, what: str) -> Table:
    """An object whose header, if it has one, names its columns in any order; without one they are in that of the names.

    Args:
        content: the file.
        names: the columns that are known, lower case.
        row: how a line begins that is a row and no header, whatever else is in it.
        what: the kind of file, for messages.

    Raises:
        ObjectError: `columns`: a column is not there, or most rows have other columns than the header or the names
            say; `no_rows`: there is no row.
    """
    content = content.removeprefix(_BOM).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    first = _first_line(content)
    bare = first.replace(b'"', b"")
    columns, width = list(names), len(names)
    has_header = _is_header(bare) and not row.match(bare) and not _is_scrap(content, width)
    if has_header:
        columns = [name.strip().lower() for name in bare.decode("utf-8", "replace").split(",")]
        if not set(names) <= set(columns) or len(set(columns)) < len(columns):
            raise ObjectError("columns", f"the header is {','.join(columns)[:120]!r}")
        content, width = content[len(first) + 1 :], len(columns)
    if not content.strip():
        raise ObjectError("no_rows", "it holds no row")
    found = width_of(content)
    if found != width and (has_header or found != width + 1):
        raise ObjectError("columns", f"rows have {found} columns where {what} have {width}")
    lines = pl.DataFrame({"text": content.decode("utf-8", "replace").split("\n")}, schema={"text": pl.String})
    numbered = lines.with_row_index("line").filter(pl.col("text").str.strip_chars() != "")
    places = {name: columns.index(name) for name in names}
    return Table(numbered.cast({"line": pl.Int64}), places, found, content.endswith(b"\n"))


def is_cut(number: pl.Expr) -> pl.Expr:
    """Whether numbers have fewer decimals than most: a last line without an end may be cut within its number."""
    decimals = number.str.split(".").list.get(1, null_on_oob=True).str.len_chars().fill_null(0)
    return decimals < decimals.mode().max()


def _with_line_feeds(content: bytes) -> bytes:
    """The content with line feeds for line ends. Among line feeds a lone carriage return ends a line before a row."""
    content = content.replace(b"\r\n", b"\n")
    return _BEFORE_ROW.sub(b"\n", content) if b"\n" in content else content.replace(b"\r", b"\n")


def widest(width: int) -> int:
    """The most columns that a row of so many known ones may have: two rows without a line end between them have more.

    Where a line end is lost, the last field of a row and the first of the next one become one field.
    """
    return 2 * width - 2


def first_width(rows: bytes) -> int:
    """How many columns the first row has; 1 where there is none."""
    return _first_line(rows).count(b",") + 1


def _first_line(content: bytes) -> bytes:
    """Without its line end. `partition` would copy what comes after it: megabytes."""
    end = content.find(b"\n")
    return content if end < 0 else content[:end]


def width_of(rows: bytes) -> int:
    """How many columns most rows have; 1 where there are none."""
    widths = Counter(line.count(b",") for line in rows.splitlines() if line.strip())
    return max(widths, key=lambda width: (widths[width], -width), default=0) + 1


def _is_scrap(content: bytes, width: int) -> bool:
    """Whether the first line is no header but a damaged line before rows: a header has more columns than one."""
    return b"," not in _first_line(content) and width <= width_of(content) <= widest(width)


def _is_header(line: bytes) -> bool:
    """Names, no numbers. A row whose time alone is damaged is a bad row, and no header."""
    return bool(line.strip()) and not any(_NUMBER.fullmatch(field) for field in line.split(b","))
