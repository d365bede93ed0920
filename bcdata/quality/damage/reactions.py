"""How the price moved when something was paid, beside how it moves otherwise. Pure."""

from dataclasses import dataclass

import numpy as np

from bcdata.quality.damage.history import Floats, History, spread
from bcdata.quality.damage.payments import Payment

UNIT = 100
WHOLE = 0.95
"""Nobody pays this share of the price."""
_LEAST_LARGE = 0.03
_TAILS = 4.0
"""Degrees of freedom of moves: their tails are fat."""
_MOST = 4.0
"""Of several misses none counts for more standard deviations."""
_LEAST_DAYS = 8


@dataclass(frozen=True, slots=True)
class Misses:
    """How far the price was from where a payment in another unit would have left it, and from where this one would.

    In standard deviations of the price's moves.
    """

    other: float
    stated: float

    @property
    def alone(self) -> float:
        """How much likelier the other unit is by this move alone (log likelihood): one move may have any cause."""
        return float((_TAILS + 1) / 2 * np.log((1 + self.stated**2 / _TAILS) / (1 + self.other**2 / _TAILS)))

    @property
    def beside_others(self) -> float:
        """Its part in what several moves say together."""
        return (min(self.stated, _MOST) ** 2 - min(self.other, _MOST) ** 2) / 2


class Reactions:
    """The prices of a history, on one level."""

    def __init__(self, history: History, levels: Floats) -> None:
        self._closes = history.close / levels
        self._lows = np.minimum(history.low / levels, self._closes)
        begins = np.flatnonzero(np.diff(history.days) > np.timedelta64(0, "D")) + 1
        rows = begins if begins.size >= _LEAST_DAYS else np.arange(1, self._closes.size)
        rows = rows[(history.cash[rows] == 0) & (history.gains[rows] == 0) & history.is_traded[rows]]
        falls = np.log(self._lows[rows] / self._closes[rows - 1])
        self._usual_fall = float(np.median(falls)) if falls.size else 0.0
        self._falls = spread(falls)
        self._moves = spread(np.log(self._closes[rows] / self._closes[rows - 1]))

    def to_hundredfold(self, paid: Payment) -> Misses | None:
        """By the fall to the day's low; None where nobody pays a hundred times as much."""
        if paid.share * UNIT >= WHOLE:
            return None
        fall = float(np.log(self._lows[paid.row] / self._closes[paid.row - 1])) - self._usual_fall
        return Misses(abs(fall + paid.share * UNIT) / self._falls, abs(fall + paid.share) / self._falls)

    def to_hundredth(self, paid: Payment) -> Misses | None:
        """By the larger fall of two days, as trading may be thin; None where the payment is small as it is."""
        if paid.share < _LEAST_LARGE:
            return None
        before, row = self._closes[paid.row - 1], paid.row
        falls = [before - self._lows[row]]
        if row + 1 < self._closes.size:
            falls += [before - self._lows[row + 1], self._closes[row] - self._lows[row + 1]]
        fall = max(0.0, *falls) / before
        return Misses(max(0.0, fall - paid.share / UNIT) / self._moves, max(0.0, paid.share - fall) / self._moves)

    def to_nothing(self, paid: Payment) -> Misses:
        """By the fall to the day's low."""
        fall = float(np.log(self._lows[paid.row] / self._closes[paid.row - 1])) - self._usual_fall
        return Misses(abs(fall) / self._falls, abs(fall + paid.share) / self._falls)
