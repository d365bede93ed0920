"""Tables that fit a terminal: whole columns or none, no name broken in two, and a record a row where few fit."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from bcdata.terminal.console import out

_GAP = 2
"""Blanks between columns, one of them the box's."""
_LEAST_PROSE = 24
"""Columns of the terminal below which sentences are not wrapped but left out."""
_LARGE, _HUGE = 1e10, 1e15
"""Between these, numbers have no fraction that anybody reads, and their digits are still their own."""
_LONGEST_WORD = 48
"""Cells of a word, such as an address, that is broken where it does not fit."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""All but line feeds and tabs."""
_NAMED = 6
"""Of the columns that are left out, so many are named."""


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None, more: str = "--json has all"
) -> None:
    """A table for people: numbers to the right, sentences wrapped, everything else whole.

    Columns that do not fit are left out, from the right, and a line below says which, and how to see them. Where not
    even two fit, and for a single row that is too wide, each row is a record of one line a column.

    Args:
        columns: their names.
        rows: their values.
        title: what stands above.
        more: how to see what is left out.
    """
    body = [list(row) for row in rows]
    cells = [[cell(value) for value in row] for row in body]
    widths = [
        max([cell_len(name), *(cell_len(line) for row in cells for line in row[at].splitlines())])
        for at, name in enumerate(columns)
    ]
    prose = {at for at in range(len(columns)) if any(_is_prose(row[at]) for row in cells)}
    least = {at: _least(cells, at, widths[at]) for at in prose}
    shown = _fitting(widths, least, out.width)
    if title:
        out.print()
        out.print(Text(title, style="bold"), soft_wrap=True)
    if len(shown) < len(columns) and (len(shown) < min(2, len(columns)) or len(body) == 1):
        _print_records(columns, cells)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold", show_edge=False)
    for at in shown:
        is_number = bool(body) and all(_is_number(row[at]) for row in body)
        table.add_column(
            Text(columns[at]),
            justify="right" if is_number else "left",
            no_wrap=at not in prose,
            width=None if at in prose else widths[at],
            min_width=least.get(at),
            overflow="fold",
        )
    for row in cells:
        table.add_row(*(Text(row[at]) for at in shown))
    out.print(table)
    left = [name for at, name in enumerate(columns) if at not in shown]
    if left:
        named = ", ".join(left[:_NAMED]) + (", ..." if len(left) > _NAMED else "")
        out.print(Text(f"... {len(left)} more column{'s' * (len(left) > 1)} ({named}): {more}"))


def _least(cells: Sequence[Sequence[str]], at: int, width: int) -> int:
    """The width that sentences need at least: their longest word is not broken, unless it is very long."""
    longest = max((cell_len(word) for row in cells for word in row[at].split()), default=0)
    return min(width, max(_LEAST_PROSE, min(longest, _LONGEST_WORD)))


def _fitting(widths: Sequence[int], prose: Mapping[int, int], room: int) -> list[int]:
    """The first columns that fit, prose counted in the width that it needs at least."""
    shown: list[int] = []
    used = -_GAP
    for at, width in enumerate(widths):
        used += _GAP + prose.get(at, width)
        if used > room:
            break
        shown.append(at)
    return shown


def _print_records(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """A line a column, and an empty one between rows; the terminal breaks what is wider than it is."""
    if not cells:
        out.print(Text("  ".join(columns)), soft_wrap=True)
    wide = max(map(cell_len, columns))
    for at, row in enumerate(cells):
        if at:
            out.print()
        for name, text in zip(columns, row, strict=True):
            out.print(Text(f"{name}{' ' * (wide - cell_len(name))}  {text}"), soft_wrap=True)


def _is_prose(text: str) -> bool:
    """Whether a text may be wrapped: words, and more of them than a name or an instant has."""
    return text.count(" ") > 1 and cell_len(text) > _LEAST_PROSE


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def cell(value: Any) -> str:
    """A value as people read it: instants to the minute where they have no seconds, numbers with their thousands."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        is_whole = value.second == 0 and value.microsecond == 0
        return f"{value:%Y-%m-%d %H:%M}" if is_whole else f"{value:%Y-%m-%d %H:%M:%S.%f}".rstrip("0").rstrip(".")
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:,.0f}" if _LARGE <= abs(value) < _HUGE else f"{value:,.10g}"
    return f"{value:,}" if isinstance(value, int) else _printable(str(value))


def _printable(text: str) -> str:
    """Text with escapes for what would command the terminal: names of files may hold anything."""
    return _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), text)
