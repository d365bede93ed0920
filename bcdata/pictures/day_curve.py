"""A curve over the hours of a day: what is usual, and between which bounds the days lie. SVG of two kilobytes."""

from collections.abc import Sequence
from html import escape
from statistics import median

BUCKETS = 96
"""Quarters of an hour of a day."""
_LEFT, _TOP, _WIDE, _TALL, _STEP = 40, 34, 480, 130, 5
_BLUE, _BAND, _GREY = "#0072b2", "#9ecae1", "#8c959f"
_HOURS = (0, 6, 12, 18, 24)

Values = Sequence[float | None]


def day_curve(days: Sequence[Values], *, title: str) -> str:
    """The median of some days by quarters of an hour, and their range, as a self-contained SVG.

    Args:
        days: 96 values each, 1 being the mean of the day; None where there is none.
        title: the heading; it may hold anything.
    """
    there = [[value for value in column if value is not None] for column in zip(*days, strict=True)]
    highest = max((max(some) for some in there if some), default=1.0)
    parts = [_text(_LEFT, 18, title, 13), *_axes(highest)]
    for first, last in _stretches(there):
        some = there[first:last]
        upper = [_point(n, max(one), highest) for n, one in enumerate(some, first)]
        lower = [_point(n, min(one), highest) for n, one in enumerate(some, first)]
        middle = [_point(n, median(one), highest) for n, one in enumerate(some, first)]
        parts.append(f'<polygon points="{" ".join([*upper, *reversed(lower)])}" fill="{_BAND}"/>')
        parts.append(f'<polyline points="{" ".join(middle)}" fill="none" stroke="{_BLUE}" stroke-width="1.5"/>')
    body, width, height = "\n".join(parts), _LEFT + _WIDE + 20, _TOP + _TALL + 24
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img" font-family="ui-sans-serif,system-ui,Helvetica,Arial,sans-serif" fill="#1f2328">'
        f'<title>{escape(title)}</title><rect width="{width}" height="{height}" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _stretches(there: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """Neighbouring buckets that have values, as [first, last)."""
    found: list[tuple[int, int]] = []
    for number, some in enumerate(there):
        if some and found and found[-1][1] == number:
            found[-1] = (found[-1][0], number + 1)
        elif some:
            found.append((number, number + 1))
    return found


def _point(bucket: int, value: float, highest: float) -> str:
    """The middle of the bucket."""
    return f"{_LEFT + _STEP * (bucket + 0.5):.1f},{_height(value, highest):.1f}"


def _height(value: float, highest: float) -> float:
    return _TOP + _TALL * (1 - value / max(highest, 1.0))


def _axes(highest: float) -> list[str]:
    """Hours below, values to the left, and a line at the mean of the day."""
    one, bottom = _height(1.0, highest), _TOP + _TALL
    parts = [
        f'<line x1="{_LEFT}" x2="{_LEFT + _WIDE}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_GREY}" stroke-width=".6"{dash}/>'
        for y, dash in ((bottom, ""), (one, ' stroke-dasharray="4 3"'))
    ]
    parts += [_text(_LEFT + _STEP * 4 * hour, bottom + 15, f"{hour:02}:00", 9, "middle") for hour in _HOURS]
    marks = [(0.0, "0"), (1.0, "1")] + ([(highest, f"{highest:.1f}")] if highest > 1.2 else [])  # noqa: PLR2004
    parts += [_text(_LEFT - 6, round(_height(value, highest)) + 3, words, 9, "end") for value, words in marks]
    return parts


def _text(x: int, y: int, words: str, size: int, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}">{escape(words)}</text>'
