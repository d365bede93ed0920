"""The map of feature reports: features × partitions, each cell in the colour of what asks for most attention."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any, NamedTuple

Row = Mapping[str, Any]
"""`symbol`, `date`, `feature`, `state` (a key of `STATES`) and `words`."""

STATES = {
    "empty": ("#6e7781", "no value at all"),
    "null_share": ("#cc79a7", "many nulls"),
    "constant": ("#f0e442", "one value for a day or longer"),
    "drift": ("#d55e00", "unlike the 30 days before"),
    "fine": ("#cfe0ee", "nothing to remark"),
}
"""Okabe and Ito 2008, in the order in which a state decides a cell's colour."""

_LEFT, _TOP, _TALL, _WIDEST, _SPAN, _LEAST = 170, 52, 11, 60, 720, 760
_NAMES, _NAME, _BETWEEN = 84, 11, 3
"""Several symbols: the height of their names, the width that one needs, and the white between symbols."""


class _Grid(NamedTuple):
    """Where cells lie: columns by symbol and date, lines by feature, and the pixels of a column."""

    columns: dict[tuple[str, str], int]
    lines: dict[str, int]
    wide: int
    top: int

    @classmethod
    def of(cls, rows: Sequence[Row]) -> "_Grid":
        keys = list(dict.fromkeys((row["symbol"], row["date"]) for row in rows))
        symbols = len({symbol for symbol, _ in keys})
        wide = max(4, min(_WIDEST, _SPAN // max(1, len(keys))))
        if symbols > 1:
            wide = max(wide, -(-_NAME * symbols // len(keys)))
        columns, left, last = {}, _LEFT, ""
        for symbol, date in keys:
            left += _BETWEEN if last and symbol != last else 0
            columns[symbol, date] = left
            left, last = left + wide, symbol
        features = dict.fromkeys(row["feature"] for row in rows)
        top = _TOP + _NAMES if symbols > 1 else _TOP
        return cls(columns, {name: top + _TALL * n for n, name in enumerate(features)}, wide, top)

    @property
    def right(self) -> int:
        return max(self.columns.values(), default=_LEFT) + self.wide

    @property
    def bottom(self) -> int:
        return self.top + _TALL * len(self.lines)


def feature_map(rows: Sequence[Row], *, title: str, hover: bool = True) -> str:
    """The map as a self-contained SVG, features from top to bottom and partitions from left to right as they come.

    Args:
        rows: one a feature and partition, a symbol's partitions one after the other; text in them is escaped here.
        title: the heading; it may hold anything.
        hover: says each cell's words to whoever points at it. Pages do not let one point into an image: without, the
            map takes a fraction of the bytes.
    """
    grid = _Grid.of(rows)
    parts = [_text(_LEFT, 22, title, 14), *_head(grid)]
    parts += [_text(_LEFT - 6, y + 9, name, 9, "end") for name, y in grid.lines.items()]
    parts += [_cell(row, grid) for row in rows] if hover else _shapes(rows, grid)
    parts += _legend(grid.bottom + 14)
    width, height, body = max(_LEAST, grid.right + 20), grid.bottom + 34, "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img" font-family="ui-sans-serif,system-ui,Helvetica,Arial,sans-serif" fill="#1f2328">'
        f'<title>{escape(title)}</title><rect width="{width}" height="{height}" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _head(grid: _Grid) -> list[str]:
    """What stands above columns: dates of one symbol, as many as fit; else the names of the symbols, upright."""
    by_symbol = {symbol: list(some) for symbol, some in groupby(grid.columns.items(), key=lambda item: item[0][0])}
    if len(by_symbol) <= 1:
        every = max(1, -(-64 // grid.wide))
        return [_text(x, grid.top - 6, date, 9) for (_, date), x in list(grid.columns.items())[::every]]
    parts = []
    for symbol, some in by_symbol.items():
        x, y = (some[0][1] + some[-1][1] + grid.wide) // 2 + 3, grid.top - 6
        parts.append(f'<text transform="translate({x} {y}) rotate(-90)" font-size="9">{escape(symbol)}</text>')
    return parts


def _cell(row: Row, grid: _Grid) -> str:
    x, y = grid.columns[row["symbol"], row["date"]], grid.lines[row["feature"]]
    words = escape(f"{row['feature']} {row['date']}: {row['words']}")
    size = f'width="{grid.wide - 1}" height="{_TALL - 1}" fill="{STATES[row["state"]][0]}"'
    return f'<rect x="{x}" y="{y}" {size}><title>{words}</title></rect>'


def _shapes(rows: Sequence[Row], grid: _Grid) -> list[str]:
    """All cells of one state as one shape; neighbours in a line are one piece of it."""
    runs: dict[str, list[tuple[str, int, int]]] = {name: [] for name in grid.lines}
    for row in rows:
        line, x = runs[row["feature"]], grid.columns[row["symbol"], row["date"]]
        first = line.pop()[1] if line and line[-1][::2] == (row["state"], x) else x
        line.append((row["state"], first, x + grid.wide))
    shapes: dict[str, list[str]] = {state: [] for state in STATES}
    for name, line in runs.items():
        for state, x, end in line:
            shapes[state].append(f"M{x} {grid.lines[name]}H{end - 1}v{_TALL - 1}H{x}z")
    return [f'<path fill="{STATES[state][0]}" d="{"".join(some)}"/>' for state, some in shapes.items() if some]


def _legend(y: int) -> list[str]:
    parts, x = [], _LEFT
    for colour, words in STATES.values():
        parts += [f'<rect x="{x}" y="{y}" width="10" height="10" fill="{colour}"/>', _text(x + 14, y + 9, words, 9)]
        x += 26 + round(5.2 * len(words))
    return parts


def _text(x: int, y: int, words: str, size: int, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}">{escape(words)}</text>'
