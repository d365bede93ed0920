"""The explicit grid of bars: one row per open that the calendar has, so that rows are time.

A missing bar is a row of NaN, never a row left out: "60 rows back" and "60 minutes back" are the same thing.
Every operation here gives a row the same bits wherever the grid begins and ends.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from bcdata.features.table.context import NONE, FloatArray, IntArray, Panel, Settlements, SplitAt
from bcdata.interval import EPOCH, Interval

if TYPE_CHECKING:
    from bcdata.features.runs import BoolArray, Runs

__all__ = [
    "DAY",
    "RETURN_NOISE",
    "FloatArray",
    "Grid",
    "IntArray",
    "Prices",
    "lag",
    "log_ratio",
    "microseconds",
    "plain",
]

T = TypeVar("T")
Prices = tuple[FloatArray, FloatArray, FloatArray]
"""High, low and close."""

_MICROSECOND = timedelta(microseconds=1)
_MINUTE = Interval.parse("1m")
DAY = timedelta(days=1) // _MICROSECOND
"""Microseconds of a day."""

RETURN_NOISE = 8 * float(np.finfo(np.float64).eps)
"""A log return near 0 is known to about one eps; a deviation of a few of them is rounding, not movement."""


def microseconds(instant: datetime) -> int:
    """Microseconds from the epoch to the instant."""
    return (instant - EPOCH) // _MICROSECOND


@dataclass(frozen=True)
class Grid:
    """Bars of one symbol on the explicit grid.

    Attributes:
        opens: Open of every row in µs since the epoch, ascending, without holes.
        first: Number of the first row, counted from the interval's anchor: what happened at a row does not
            depend on it, and neither may any bit of a feature.
        columns: Bar columns, one Float64 a row; NaN where the bar or the value is missing. `close@reference` is
            the reference symbol's close.
        interval: The length of the bars; it knows at which of them days or sessions begin.
        bars_per_year: Bars of a calendar year, 525,600 for minutes of a 24/7 market.
        symbol: The symbol, as the universe names it.
        is_reference: The symbol is the reference itself.
        universe: Closes of the declared universe on this grid; None where none is declared.
        funding: Settlements of the symbol and, as `reference_funding`, of the reference symbol.
        reference_symbol: The name of the reference.
        reinvested: By symbol, what payments would add to shares.
    """

    opens: IntArray
    first: int
    columns: Mapping[str, FloatArray]
    interval: Interval = field(default=_MINUTE)
    bars_per_year: float = 525_600.0
    symbol: str = ""
    is_reference: bool = False
    universe: Panel | None = None
    funding: Settlements = NONE
    reference_funding: Settlements = NONE
    reference_symbol: str = ""
    reinvested: Mapping[str, Sequence[SplitAt]] = field(default_factory=dict)
    _memory: dict[Hashable, Any] = field(default_factory=dict, repr=False, compare=False)

    def __getitem__(self, column: str) -> FloatArray:
        """The bar column of this name."""
        return self.columns[column]

    def shared(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, computed once for all features that ask under this key, and let go with the grid.

        A key names the computation and its parameters: `("realised variance", 60)`. Nobody may write into it.
        """
        if key not in self._memory:
            self._memory[key] = make()
        value: T = self._memory[key]
        return value

    @property
    def returns(self) -> FloatArray:
        """Log return: ln of close over the close one bar before."""
        return self.returns_over(1)

    def returns_over(self, bars: int) -> FloatArray:
        """Log return over so many bars; NaN where the bar so many before is missing."""
        return self.shared(("returns", bars), lambda: log_ratio(self["close"], lag(self["close"], bars)))

    def total_returns_over(self, bars: int) -> FloatArray:
        """Log return over so many bars, of stocks with all payments where these are more than a session."""
        return self.with_payments(self.returns_over(bars), bars, self.symbol)

    def with_payments(self, returns: FloatArray, bars: int, symbol: str) -> FloatArray:
        """Log returns of a symbol's closes over so many bars, and what it paid in that time put into more shares.

        Returns within a session are left as they are: those of the prices alone.
        """
        paid = self.reinvested.get(symbol, ())
        if not paid or not self.interval.outlast_a_session(bars):
            return returns
        found = returns.copy()
        for one in sorted(paid):
            first = int(np.searchsorted(self.opens, microseconds(one.at)))
            found[first : first + bars] += np.log(one.ratio)
        return found

    @property
    def days(self) -> IntArray:
        """The rows at which UTC days or sessions begin: every row where bars are a day or longer."""
        return self.shared("days", lambda: self.interval.days_of(self.opens))

    @property
    def log_close(self) -> FloatArray:
        """The log of the close."""
        return self.shared("log close", lambda: log_ratio(self["close"], np.ones_like(self["close"])))

    def runs(self, length: int, *columns: str) -> "Runs":
        """Runs of truncated recursions over bars whose columns are there, see `bcdata.features.runs`."""
        from bcdata.features.runs import Runs

        def make() -> Runs:
            return Runs.of(self.days, self.there(*columns), length)

        return self.shared(("runs", length, *columns), make)

    @property
    def prices(self) -> Prices:
        """High, low and close, as compiled code takes them."""
        return plain(self["high"]), plain(self["low"]), plain(self["close"])

    def there(self, *columns: str) -> "BoolArray":
        """Which rows have a value in all of these columns."""

        def make() -> "BoolArray":
            found = np.isfinite(self[columns[0]])
            for name in columns[1:]:
                found &= np.isfinite(self[name])
            return found

        return self.shared(("there", *columns), make)

    def at_day_open(self, values: FloatArray) -> FloatArray:
        """For every row the value of the bar that opens at 00:00 UTC of the row's day, or its session; else NaN.

        Bars of a day or longer are that bar themselves.
        """
        if self.interval.has_sessions:
            lengths = np.diff(np.append(self.days, self.opens.size))
            return np.repeat(values[self.days], lengths)
        midnight = self.opens - self.opens % DAY
        row = np.maximum.accumulate(np.where(self.opens == midnight, np.arange(self.opens.size), 0))
        return np.where(self.opens[row] == midnight, values[row], np.nan)


def lag(values: FloatArray, bars: int) -> FloatArray:
    """The values of so many bars before; NaN where that is before the grid."""
    shifted = np.full_like(values, np.nan)
    shifted[bars:] = values[: max(0, values.size - bars)]
    return shifted


def log_ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """ln(numerator / denominator); NaN where either is not positive.

    The logarithm of the ratio, not a difference of logarithms: it is exact to the last bit or two, and prices
    times a power of two give the same bits.
    """
    from bcdata.features.kernels.logs import log_ratios

    return log_ratios(plain(numerator), plain(denominator))


def plain(values: FloatArray) -> FloatArray:
    """The values as compiled code takes them; for others it would be compiled once more."""
    ready = values.dtype == np.float64 and values.flags.carray
    return values if ready else np.require(values, np.float64, ["C_CONTIGUOUS", "WRITEABLE"])
