"""The map of feature reports: features × partitions, each cell in the colour of what asks for most attention."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

Row = Mapping[str, Any]
"""`feature`, `date`, `state` (a key of `STATES`) and `words`."""

STATES = {
    "empty": ("#6e7781", "no value at all"),
    "null_share": ("#cc79a7", "many nulls"),
    "constant": ("#f0e442", "one value for a day or longer"),
    "drift": ("#d55e00", "unlike the 30 days before"),
    "fine": ("#cfe0ee", "nothing to remark"),
}
"""Okabe and Ito 2008, in the order in which a state decides a cell's colour."""

_LEFT, _TOP, _TALL, _WIDEST, _SPAN, _LEAST = 170, 52, 11, 60, 720, 760


def feature_map(rows: Sequence[Row], *, title: str) -> str:
    """The map as a self-contained SVG, features from top to bottom in the order in which they come.

    Args:
        rows: one a feature and date; text in them is escaped here.
        title: the heading; it may hold anything.
    """
    dates = sorted({row["date"] for row in rows})
    features = list(dict.fromkeys(row["feature"] for row in rows))
    wide = max(4, min(_WIDEST, _SPAN // max(1, len(dates))))
    column, line = {date: n for n, date in enumerate(dates)}, {name: n for n, name in enumerate(features)}
    bottom = _TOP + _TALL * len(features)
    width, height = max(_LEAST, _LEFT + wide * len(dates) + 20), bottom + 34
    parts = [_text(_LEFT, 22, title, 14)]
    every = max(1, -(-64 // wide))
    parts += [_text(_LEFT + wide * n, _TOP - 6, date, 9) for date, n in column.items() if n % every == 0]
    parts += [_text(_LEFT - 6, _TOP + _TALL * n + 9, name, 9, "end") for name, n in line.items()]
    parts += [_cell(row, _LEFT + wide * column[row["date"]], _TOP + _TALL * line[row["feature"]], wide) for row in rows]
    parts += _legend(bottom + 14)
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img" font-family="ui-sans-serif,system-ui,Helvetica,Arial,sans-serif" fill="#1f2328">'
        f'<title>{escape(title)}</title><rect width="{width}" height="{height}" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _cell(row: Row, x: int, y: int, wide: int) -> str:
    colour, _ = STATES[row["state"]]
    words = escape(f"{row['feature']} {row['date']}: {row['words']}")
    return (
        f'<rect x="{x}" y="{y}" width="{wide - 1}" height="{_TALL - 1}" fill="{colour}"><title>{words}</title></rect>'
    )


def _legend(y: int) -> list[str]:
    parts, x = [], _LEFT
    for colour, words in STATES.values():
        parts += [f'<rect x="{x}" y="{y}" width="10" height="10" fill="{colour}"/>', _text(x + 14, y + 9, words, 9)]
        x += 26 + round(5.2 * len(words))
    return parts


def _text(x: int, y: int, words: str, size: int, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}">{escape(words)}</text>'
