"""The coverage heat map: symbols × dates, each cell in the colour of the reason that asks for most attention.

Own SVG and no plotting library: forty thousand cells with a tooltip each, in a file that any browser opens.
"""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any, NamedTuple

from bcdata.pictures.palette import ABSENT, COMPLETE, STATUSES, Swatch

Cell = Mapping[str, Any]
"""A row of `bcdata.ledger.coverage.CELL`."""

_LEFT, _TOP, _RIGHT = 150, 64, 70
_WIDEST, _NARROWEST, _HIGHEST = 900, 760, 4000
_TALLEST, _THINNEST, _LEAST, _MOST_NAMED = 22, 3, 4, 120
_LEGEND_STEP, _CHARACTER = 26, 6.2
_STYLE = (
    "svg{font-family:ui-sans-serif,system-ui,'Segoe UI',Helvetica,Arial,sans-serif;background:#fff}"
    "text{fill:#1f2328;font-size:11px}.title{font-size:15px;font-weight:600}.soft{fill:#59636e}"
    ".year{stroke:#8c959f;stroke-width:.6}"
)


class _Canvas(NamedTuple):
    """The dates, one column each, and the pixels of a cell."""

    dates: list[str]
    wide: int
    tall: int

    @classmethod
    def of(cls, dates: list[str], rows: int) -> "_Canvas":
        wide = max(_LEAST, min(_TALLEST, _WIDEST // max(1, len(dates))))
        return cls(dates, wide, max(_THINNEST, min(_TALLEST, _HIGHEST // max(1, rows))))

    @property
    def right(self) -> int:
        """Where the last column ends."""
        return _LEFT + self.wide * len(self.dates)

    @property
    def gap(self) -> int:
        """The white between cells; none where they are tiny."""
        return 1 if min(self.wide, self.tall) > _LEAST else 0

    def is_named(self, row: int, rows: int) -> bool:
        """Whether the row's symbol is written; where rows are thin, only every so many are."""
        return rows <= _MOST_NAMED or row % -(-12 // self.tall) == 0


class _Shade(NamedTuple):
    """How a cell is filled: neighbours of the same shade and words are drawn as one."""

    look: Swatch
    opacity: float
    words: str


def heat_map(cells: Sequence[Cell], *, title: str) -> str:
    """The coverage of symbols (rows, as they come) over dates (columns, ascending) as a self-contained SVG.

    Args:
        cells: rows of a coverage frame, by symbol and date.
        title: the heading; like symbols it may hold anything.
    """
    rows = {symbol: list(found) for symbol, found in groupby(cells, key=lambda cell: cell["symbol"])}
    canvas = _Canvas.of(sorted({cell["date"] for cell in cells}), len(rows))
    bottom, width = _TOP + canvas.tall * len(rows), max(canvas.right + _RIGHT, _NARROWEST)
    parts = [_text(_LEFT, 24, title, "title"), *_columns(canvas, bottom)]
    for number, (symbol, found) in enumerate(rows.items()):
        y = _TOP + number * canvas.tall
        parts += _row(symbol, found, canvas, y)
        if canvas.is_named(number, len(rows)):
            parts += _names(symbol, found, canvas, y)
    seen = {_shade(cell).look for cell in cells}
    legend = _legend([look for look in (COMPLETE, *STATUSES.values()) if look in seen], bottom + 24, width)
    parts += [text for _, text in legend]
    height = bottom + 52 + 22 * max(line for line, _ in legend)
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img"><title>{escape(title)}</title><style>{_STYLE}</style>\n{body}\n</svg>\n'
    )


def _row(symbol: str, cells: Sequence[Cell], canvas: _Canvas, y: int) -> list[str]:
    """The row's cells; neighbours that look and read the same are one rectangle."""
    at = {date: number for number, date in enumerate(canvas.dates)}
    runs: list[tuple[_Shade, int, int]] = []
    for cell in cells:
        shade, column = _shade(cell), at[cell["date"]]
        if runs and runs[-1][0] == shade and runs[-1][2] == column - 1:
            runs[-1] = (shade, runs[-1][1], column)
        else:
            runs.append((shade, column, column))
    return [_rectangle(symbol, shade, first, last, canvas, y) for shade, first, last in runs]


def _rectangle(symbol: str, shade: _Shade, first: int, last: int, canvas: _Canvas, y: int) -> str:  # noqa: PLR0917
    dates = canvas.dates
    span = dates[first] if first == last else f"{dates[first]} .. {dates[last]}, each"
    opacity = "" if shade.opacity == 1 else f' fill-opacity="{shade.opacity}"'
    return (
        f'<rect x="{_LEFT + first * canvas.wide}" y="{y}" width="{(last - first + 1) * canvas.wide - canvas.gap}"'
        f' height="{canvas.tall - canvas.gap}" fill="{shade.look.colour}"{opacity}>'
        f"<title>{escape(symbol)} {escape(span)}: {escape(shade.words)}</title></rect>"
    )


def _names(symbol: str, cells: Sequence[Cell], canvas: _Canvas, y: int) -> list[str]:
    middle = y + (canvas.tall + 8) // 2
    share = _share(sum(cell["present"] for cell in cells), sum(cell["expected"] for cell in cells))
    return [_text(_LEFT - 6, middle, symbol, anchor="end"), _text(canvas.right + 6, middle, share, "soft")]


def _shade(cell: Cell) -> _Shade:
    missing = {name: cell[name] for name in STATUSES if cell[name]}
    if not missing:
        return _Shade(COMPLETE, 1, f"all {cell['expected']:,} bars")
    words = ", ".join(f"{bars:,} {name}" for name, bars in missing.items())
    share = missing[worst := next(iter(missing))] / max(1, cell["expected"])
    # One bar of a month must be seen, and a whole month must look different from it: four steps.
    opacity = 1.0 if share > 0.5 else 0.85 if share > 0.05 else 0.7 if share > 0.002 else 0.55  # noqa: PLR2004
    return _Shade(STATUSES[worst], opacity, f"{cell['present']:,} of {cell['expected']:,} bars; {words}")


def _columns(canvas: _Canvas, bottom: int) -> list[str]:
    """Date labels, as many as fit, and a line where a year begins."""
    every = max(1, -(-76 // canvas.wide))
    parts = []
    for number, date in enumerate(canvas.dates):
        x = _LEFT + number * canvas.wide
        if number % every == 0:
            parts.append(_text(x, _TOP - 8, date, "soft"))
        if number and date[:4] != canvas.dates[number - 1][:4]:
            parts.append(f'<line class="year" x1="{x}" x2="{x}" y1="{_TOP - 4}" y2="{bottom}"/>')
    return parts


def _legend(looks: Sequence[Swatch], y: int, width: int) -> list[tuple[int, str]]:
    """The legend's entries, each with the line on which it stands."""
    parts, x, line = [], float(_LEFT), 0
    for look in (*looks, ABSENT):
        length = 18 + len(look.words) * _CHARACTER + _LEGEND_STEP
        if x + length > width and x > _LEFT:
            x, line = float(_LEFT), line + 1
        top = y + 22 * line
        box = f'<rect x="{x:.0f}" y="{top}" width="12" height="12" fill="{look.colour}" stroke="#8c959f"/>'
        parts.append((line, box + _text(round(x) + 18, top + 10, look.words)))
        x += length
    return parts


def _share(present: int, expected: int) -> str:
    """A percentage that says 100 only of what is whole."""
    if expected == 0:
        return ""
    share = 100 * present / expected
    return "100 %" if present == expected else f"{min(share, 99.99):.2f} %"


def _text(x: int, y: int, words: str, kind: str = "", anchor: str = "start") -> str:
    css = f' class="{kind}"' if kind else ""
    return f'<text x="{x}" y="{y}"{css} text-anchor="{anchor}">{escape(words)}</text>'
