"""What features read besides the symbol's own bars: the reference symbol, the declared universe, settlements."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")
BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
_HOUR = 3_600_000_000
_HOURS_PER_YEAR = 365 * 24


@dataclass(frozen=True)
class Panel:
    """Closes of all members of the declared universe on one grid.

    Attributes:
        opens: Opens of the grid, µs since the epoch.
        symbols: The members, sorted.
        closes: Shape (members, rows); NaN where a member has no bar.
        explained: For every row whether each member has its bar, or none for a reason that the ledger knows.
        known: For every row when the last of the members' bars is known, µs since the epoch; None where all are known
            at their end.
    """

    opens: IntArray
    symbols: tuple[str, ...]
    closes: FloatArray
    explained: BoolArray
    known: IntArray | None = None
    _memory: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def shared(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, computed once for all symbols that look at this panel, on whatever thread."""
        with self._lock:
            if key not in self._memory:
                self._memory[key] = make()
            value: T = self._memory[key]
        return value

    def over(self, opens: IntArray) -> "Panel":
        """The panel on another grid: itself where that is the same one."""
        if np.array_equal(opens, self.opens):
            return self
        rows = np.searchsorted(self.opens, opens)
        known = rows < self.opens.size
        known[known] = self.opens[rows[known]] == opens[known]
        closes = np.full((len(self.symbols), opens.size), np.nan)
        closes[:, known] = self.closes[:, rows[known]]
        explained = np.zeros(opens.size, dtype=np.bool_)
        explained[known] = self.explained[rows[known]]
        return Panel(opens, self.symbols, closes, explained, self._known_over(rows, known))

    def _known_over(self, rows: IntArray, there: BoolArray) -> IntArray | None:
        """When the members' bars of other rows are known; 0 where there is none."""
        if self.known is None:
            return None
        found = np.zeros(rows.size, dtype=np.int64)
        found[there] = self.known[rows[there]]
        return found


@dataclass(frozen=True)
class Settlements:
    """Funding settlements, ascending.

    Attributes:
        times: µs since the epoch, whole minutes.
        rates: Share of the position's value that is paid.
        hours: The interval in force.
    """

    times: IntArray
    rates: FloatArray
    hours: FloatArray

    @classmethod
    def of(cls, frame: "pl.DataFrame | None", start: int, end: int) -> "Settlements":
        """The settlements in [start, end) of a frame with `time`, `funding_rate` and `interval_hours`."""
        if frame is None:
            return cls(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0))
        times = frame["time"].to_physical().to_numpy()
        near = (times >= start) & (times < end)
        rates, hours = (frame[name].to_numpy().astype(np.float64)[near] for name in ("funding_rate", "interval_hours"))
        return cls(times[near], rates, hours)

    @property
    def annual(self) -> FloatArray:
        """Rate times the settlements of a year of 365 days at the interval in force."""
        return self.rates * (_HOURS_PER_YEAR / self.hours)

    def last(self, opens: IntArray) -> IntArray:
        """For every open the last settlement at or before it; -1 where none, or where the next one is missing.

        One is missing where the last is older than twice the interval in force: a late one is not.
        """
        found = np.searchsorted(self.times, opens, side="right") - 1
        if self.times.size == 0:
            return found
        age = opens - self.times[found]
        return np.where((found >= 0) & (age < 2 * _HOUR * self.hours[found]), found, -1)

    def step(self, values: FloatArray, opens: IntArray) -> FloatArray:
        """One value per settlement → for every open that of the last settlement; NaN where there is none."""
        row = self.last(opens)
        return np.append(values, np.nan)[row]


NONE = Settlements(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0))
"""No settlement: a market without funding."""


@dataclass(frozen=True, slots=True, order=True)
class SplitAt:
    """A split: from the open of its first session on (UTC) there are `ratio` shares for each old one."""

    at: datetime
    ratio: float


@dataclass(frozen=True, kw_only=True)
class FeatureContext:
    """All that a symbol's features may read besides its own bars. What is not there leaves them null.

    Attributes:
        symbol: The symbol, as the universe names it.
        is_reference: The symbol is the reference itself.
        reference: Merged bars of the reference symbol, like the symbol's own.
        universe: Closes of the declared universe.
        funding: Settlements of the symbol: `time`, `funding_rate`, `interval_hours`.
        reference_funding: Settlements of the reference symbol.
        reference_symbol: The name of the reference.
        splits: By symbol, the splits within all that is given; prices and volumes there are as they were traded.
        reinvested: By symbol, what payments would add to the shares of whoever buys more of them with each, at the
            close before it: returns over more than one session count them.
    """

    symbol: str = ""
    is_reference: bool = False
    reference: "pl.DataFrame | None" = None
    universe: Panel | None = None
    funding: "pl.DataFrame | None" = None
    reference_funding: "pl.DataFrame | None" = None
    reference_symbol: str = ""
    splits: Mapping[str, tuple[SplitAt, ...]] = field(default_factory=dict)
    reinvested: Mapping[str, tuple[SplitAt, ...]] = field(default_factory=dict)


def panel(
    closes: Mapping[str, FloatArray],
    opens: IntArray,
    explained: Mapping[str, BoolArray] | None = None,
    known: IntArray | None = None,
) -> Panel:
    """A panel out of one array of closes per member, all on the grid of these opens.

    Args:
        closes: By symbol, NaN where there is no bar.
        opens: Opens of the grid, µs since the epoch.
        explained: By symbol, for every row whether a missing bar has a reason; nothing has one by default.
        known: For every row when the last of the members' bars is known (µs), if any is later than its end.
    """
    symbols = tuple(sorted(closes))
    stacked = np.array([closes[symbol] for symbol in symbols]).reshape(len(symbols), opens.size)
    reasons = explained or {}
    sound = np.ones(opens.size, dtype=np.bool_)
    for symbol, row in zip(symbols, stacked, strict=True):
        sound &= np.isfinite(row) | reasons.get(symbol, np.zeros(opens.size, dtype=np.bool_))
    return Panel(opens, symbols, stacked, sound, known)
