"""Candles with volume below them, gaps shaded, as SVG that takes its ink from the page around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from bcdata.pictures.palette import STATUSES

_WIDTH, _PRICES, _VOLUMES, _LEFT, _TOP, _BETWEEN, _BOTTOM = 960, 260, 70, 70, 12, 18, 24
_RIGHT = 10
_LINES = 5


@dataclass(frozen=True, slots=True)
class Candle:
    """One bar: its open time (UTC), prices, and volume (None where there is none)."""

    time: datetime
    open: float
    high: float
    low: float
    close: float
    volume: float | None


@dataclass(frozen=True, slots=True)
class Shade:
    """A stretch of missing bars, [start, end), UTC, and its reason."""

    start: datetime
    end: datetime
    status: str


class _Frame:
    """Where instants, prices and volumes lie on the picture."""

    def __init__(self, bars: Sequence[Candle], length: timedelta) -> None:
        self.start, self.end = bars[0].time, bars[-1].time + length
        self.low, self.high = min(one.low for one in bars), max(one.high for one in bars)
        self.most = max((one.volume or 0.0 for one in bars), default=0.0)
        self.step = (_WIDTH - _LEFT - _RIGHT) * (length / (self.end - self.start))

    def x(self, time: datetime) -> float:
        """The pixel of an instant, inside the picture."""
        share = (min(max(time, self.start), self.end) - self.start) / (self.end - self.start)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(self, price: float) -> float:
        """The pixel of a price."""
        span = self.high - self.low
        return _TOP + _PRICES * ((self.high - price) / span if span else 0.5)

    def height(self, volume: float) -> float:
        """The pixels of a volume."""
        return _VOLUMES * volume / self.most if self.most else 0.0


def candles(bars: Sequence[Candle], shades: Sequence[Shade], *, length: timedelta, title: str) -> str:
    """The picture of bars in order of time; empty where there are none.

    Args:
        bars: at least one.
        shades: what is missing, drawn behind them in the colour of its reason.
        length: how long a bar is.
        title: what it shows, for who cannot see it; it may hold anything.
    """
    if not bars:
        return ""
    frame = _Frame(bars, length)
    height = _TOP + _PRICES + _BETWEEN + _VOLUMES + _BOTTOM
    parts = [
        f'<svg class="candles" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(title, quote=True)}">',
        *(_shade(frame, one) for one in _together(frame, shades)),
        *_price_lines(frame),
        *(_candle(frame, one) for one in bars),
        *_dates(frame, height),
        "</svg>",
    ]
    return "".join(parts)


def _together(frame: _Frame, shades: Sequence[Shade]) -> list[Shade]:
    """The shades in the picture; those of one reason that lie within a pixel of each other are one."""
    found: dict[str, list[Shade]] = {}
    for one in sorted(shades, key=lambda shade: shade.start):
        if one.end <= frame.start or one.start >= frame.end:
            continue
        alike = found.setdefault(one.status, [])
        if alike and frame.x(one.start) - frame.x(alike[-1].end) < 1:
            alike[-1] = Shade(alike[-1].start, max(alike[-1].end, one.end), one.status)
        else:
            alike.append(one)
    return [one for alike in found.values() for one in alike]


def _candle(frame: _Frame, one: Candle) -> str:
    left, wide = frame.x(one.time), max(frame.step * 0.7, 0.6)
    middle = left + frame.step / 2
    top, bottom = frame.y(max(one.open, one.close)), frame.y(min(one.open, one.close))
    kind = "up" if one.close >= one.open else "down"
    words = f"{one.time:%Y-%m-%d %H:%M} UTC: {one.open:g} {one.high:g} {one.low:g} {one.close:g}"
    volume = ""
    if one.volume:
        tall, base = frame.height(one.volume), _TOP + _PRICES + _BETWEEN + _VOLUMES
        volume = f'<rect x="{middle - wide / 2:.1f}" y="{base - tall:.1f}" width="{wide:.1f}" height="{tall:.1f}"/>'
    return (
        f'<g class="{kind}"><title>{words}</title>'
        f'<path d="M{middle:.1f} {frame.y(one.high):.1f}V{frame.y(one.low):.1f}"/>'
        f'<rect x="{middle - wide / 2:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{max(bottom - top, 0.8):.1f}"/>'
        f"{volume}</g>"
    )


def _shade(frame: _Frame, one: Shade) -> str:
    look, left = STATUSES[one.status], frame.x(one.start)
    wide = max(frame.x(one.end) - left, 1.0)
    words = f"{look.words}, {one.start:%Y-%m-%d %H:%M} to {one.end:%Y-%m-%d %H:%M} UTC"
    return (
        f'<rect class="gap" x="{left:.1f}" y="{_TOP}" width="{wide:.1f}" height="{_PRICES + _BETWEEN + _VOLUMES}"'
        f' fill="{look.colour}"><title>{escape(words)}</title></rect>'
    )


def _price_lines(frame: _Frame) -> list[str]:
    span = frame.high - frame.low
    prices = [frame.low + span * number / (_LINES - 1) for number in range(_LINES)] if span else [frame.low]
    return [
        f'<path class="line" d="M{_LEFT} {frame.y(one):.1f}H{_WIDTH - _RIGHT}"/>'
        f'<text x="{_LEFT - 6}" y="{frame.y(one) + 4:.1f}" text-anchor="end">{one:,.6g}</text>'
        for one in prices
    ]


def _dates(frame: _Frame, height: int) -> list[str]:
    step = (frame.end - frame.start) / _LINES
    times = [frame.start + step * number for number in range(_LINES)]
    form = "%Y-%m-%d" if frame.end - frame.start > timedelta(days=3) else "%m-%d %H:%M"
    return [f'<text x="{frame.x(one):.1f}" y="{height - 8}">{one:{form}}</text>' for one in times]
