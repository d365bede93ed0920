"""What an oracle looks at: bars, settlements and other symbols by their time. No grids, no rows."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

import polars as pl

from bcdata.features.proofs.world import REFERENCE, SYMBOL, World

DAY = 86_400_000_000
"""Microseconds of a day; all times here are µs since the epoch."""

YEAR = 365 * DAY

V = TypeVar("V")


@dataclass(frozen=True)
class Bar:
    open: float
    high: float
    low: float
    close: float
    volume: float = math.nan
    quote_volume: float = math.nan
    trades: float = math.nan
    taker_buy_volume: float = math.nan
    taker_buy_quote_volume: float = math.nan


@dataclass(frozen=True)
class Settlement:
    """`at` is snapped to the minute; `hours` is the interval in force."""

    at: int
    rate: float
    hours: float


BARS = tuple(Bar.__dataclass_fields__)


def bars_of(frame: pl.DataFrame) -> dict[int, Bar]:
    """The bars of a frame by their opens; columns that it lacks are NaN."""
    opens = frame["open_time"].to_physical().to_list()
    columns = {name: frame[name].to_list() for name in BARS if name in frame.columns}
    return {t: Bar(**{name: column[row] for name, column in columns.items()}) for row, t in enumerate(opens)}


def settlements_of(frame: pl.DataFrame | None) -> list[Settlement]:
    """The settlements of a frame with `time`, `funding_rate` and `interval_hours`, ascending."""
    if frame is None:
        return []
    times = frame["time"].to_physical().to_list()
    rows = zip(times, frame["funding_rate"].to_list(), frame["interval_hours"].to_list(), strict=True)
    return [Settlement(*row) for row in rows]


@dataclass(frozen=True)
class History:
    """Bars by open, one `step` apart where none is missing, and all else that features may look at.

    Attributes:
        reference: The reference symbol's bars; the same object as `bars` for the reference itself.
        universe: Closes of every declared member, by symbol and open.
        unexplained: Opens of bars that some member lacks without a reason.
        symbol: The symbol's own name, as the universe has it.
    """

    bars: Mapping[int, Bar]
    step: int
    reference: Mapping[int, Bar] = field(default_factory=dict)
    universe: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    unexplained: frozenset[int] = frozenset()
    funding: Sequence[Settlement] = ()
    reference_funding: Sequence[Settlement] = ()
    symbol: str = ""

    @classmethod
    def of(cls, frame: pl.DataFrame, step: int, **others: object) -> "History":
        return cls(bars_of(frame), step, **others)  # type: ignore[arg-type]

    @property
    def bars_per_year(self) -> float:
        """Bars per calendar year of a 24/7 market."""
        return YEAR / self.step

    def back(self, t: int, k: int) -> Bar | None:
        return self.bars.get(t - k * self.step)

    def last(self, t: int, n: int) -> list[int] | None:
        """Opens of the last n bars that are there; None where the window is not whole."""
        opens = self.opens(t, n)
        return whole(opens, [self.bars.get(at) for at in opens], n)

    def opens(self, t: int, n: int) -> list[int]:
        """The opens of the last n bars, there or not; the oldest first."""
        return [t - k * self.step for k in reversed(range(n))]

    def window(self, t: int, n: int, value: Callable[[int], V | None]) -> list[V] | None:
        """The values that there are at the last n opens, the oldest first; None where the window is not whole."""
        values = [value(at) for at in self.opens(t, n)]
        present = [one for one in values if one is not None]
        return present if values[0] is not None and n - len(present) <= n // 10 else None

    def day_run(self, t: int, length: int) -> list[int] | None:
        """The opens from `length` bars before t's UTC day on, to t; None where the run is not sound.

        Sound: its first bar and t's are there, and of the last `length` bars at most a tenth is missing.
        """
        first = t if self.step >= DAY else t - (t % DAY) // self.step * self.step
        opens = [first - k * self.step for k in range(length, 0, -1)]
        opens += list(range(first, t + 1, self.step))
        missing = sum(at not in self.bars for at in opens[-length:])
        sound = opens[0] in self.bars and t in self.bars and missing <= length // 10
        return opens if sound else None


def whole(opens: list[int], values: Sequence[object], n: int) -> list[int] | None:
    """The opens whose value is there; None where the oldest, or more than a tenth, is missing."""
    present = [at for at, value in zip(opens, values, strict=True) if value is not None]
    return present if values[0] is not None and n - len(present) <= n // 10 else None


def log_of(numerator: float, denominator: float) -> float | None:
    return math.log(numerator / denominator) if numerator > 0 and denominator > 0 else None


def log_return(h: History, t: int, k: int = 1) -> float | None:
    """ln of t's close over the close k bars before."""
    before = h.back(t, k)
    return None if before is None or t not in h.bars else log_of(h.bars[t].close, before.close)


def history_of(world: World) -> History:
    """A made-up market as its symbol's history."""
    step = world.interval.length
    assert step is not None
    members = {name: bars_of(frame) for name, frame in world.members.items()}
    return History(
        members[SYMBOL],
        step // timedelta(microseconds=1),
        reference=members[REFERENCE],
        universe={name: {t: bar.close for t, bar in bars.items()} for name, bars in members.items()},
        unexplained=frozenset(world.panel.opens[~world.panel.explained].tolist()),
        funding=settlements_of(world.funding),
        reference_funding=settlements_of(world.reference_funding),
        symbol=SYMBOL,
    )
