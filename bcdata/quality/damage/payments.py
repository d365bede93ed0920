"""Payments that contradict the adjusted close, and capital gains that are taken off twice. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np

from bcdata.quality.damage.history import Floats, History, spread
from bcdata.quality.damage.jumps import MISSING_SPLIT, UNIT_JUMP, Jump

DIVIDEND_SIZE = "dividend_size"
DOUBLE_COUNT = "double_count"
_TOLERANCE = 0.02
"""An adjusted close may differ by this share of a payment: closes are rounded."""
_EXACT = 2e-5
_LEAST_STEP = 1e-3
"""What an adjusted close takes off for no payment is told of from here on, as a share of the price."""
_USUAL = 0.01
"""The share of the price that is paid most often, as far as one goes by orders of magnitude."""
_INCLUDED = 0.98
"""Dividends of at least this share of the capital gains may hold them."""
_CLOSE_SPREADS = 3.0
_EVIDENCE = 1.0
_SAME = 0.05


@dataclass(frozen=True, slots=True)
class Told:
    """A contradiction at a bar."""

    row: int
    rule: str
    words: str


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment at a bar: its `share` of the price before, as the adjusted close has it too, or as nothing denies."""

    row: int
    amount: float
    share: float


class Book:
    """What the adjusted closes of a history say of its payments."""

    def __init__(self, history: History, levels: Floats, leaps: Sequence[Jump]) -> None:
        self._history = history
        self._closes = history.close / levels
        self._levels = np.unique(levels)
        self._usual = spread(np.diff(np.log(self._closes)))
        self._leaps = {one.row: one.size for one in leaps if one.lasts}
        self._taken = history.shrinks
        self._is_paid = (history.cash > 0) | (history.gains > 0)
        steps = np.abs(self._taken[~self._is_paid & np.isfinite(self._taken)])
        self._rounding = max(_EXACT, 5 * float(np.quantile(steps, 0.95))) if steps.size else _EXACT
        self.told: list[Told] = [*self._without_payment()]
        self.sound: list[Payment] = []
        self._weigh()

    def _weigh(self) -> None:
        history = self._history
        twice: list[tuple[Payment, float]] = []
        for row in map(int, np.flatnonzero(self._is_paid)):
            cash, gains = float(history.cash[row]), float(history.gains[row])
            may_hold = gains > 0 and cash >= _INCLUDED * gains
            amount = cash if may_hold else cash + gains
            once, both = self._share(row, amount), self._share(row, cash + gains)
            if may_hold and both is not None:
                twice.append((Payment(row, cash + gains, both), self._prefers(row, cash, cash + gains)))
            elif once is not None:
                self.sound.append(Payment(row, amount, once))
            elif row:
                words = f"{amount:g} is {amount / self._closes[row - 1]:.4%} of the price before"
                words = f"{words}, and the adjusted close takes off {self._taken[row]:.4%}"
                self.told.append(Told(row, DIVIDEND_SIZE, words))
        self._weigh_gains(twice)

    def _weigh_gains(self, twice: list[tuple[Payment, float]]) -> None:
        """Payments of which dividends and capital gains are both taken off: rightly, where the price fell by both."""
        together = sum(evidence for _, evidence in twice)
        for paid, evidence in twice:
            if evidence > _EVIDENCE or (together > _EVIDENCE and evidence > -_EVIDENCE):
                cash, gains = self._history.cash[paid.row], self._history.gains[paid.row]
                words = f"{cash:g} of dividends hold the capital gains of {gains:g}, and both are taken off"
                self.told.append(Told(paid.row, DOUBLE_COUNT, words))
            else:
                self.sound.append(paid)

    def _share(self, row: int, amount: float) -> float | None:
        """The payment's share of the price before it, where the adjusted close takes off as much; else None.

        Where prices are on several levels, it may be in the shares or the unit of any of them.
        """
        if not row:
            return None
        before = float(self._closes[row - 1])
        shares = self._by_likelihood(row, [amount / (before * float(level)) for level in self._levels])
        taken = float(self._taken[row])
        if not np.isfinite(taken):
            return shares[0]
        leap = self._leaps.get(row, 0.0)
        off = [1 - (1 - taken) * exp(one) for one in (0.0, leap, -leap)]
        is_taken = (any(abs(one - other) <= _TOLERANCE * one + self._rounding for other in off) for one in shares)
        return next((one for one, is_one in zip(shares, is_taken, strict=True) if is_one), None)

    def _by_likelihood(self, row: int, shares: list[float]) -> list[float]:
        """Readings of a payment: those first that the price's move goes with, the most usual one before others."""
        misses = [abs(float(self._closes[row] / self._closes[row - 1]) - 1 + share) for share in shares]
        near = min(misses) + _CLOSE_SPREADS * self._usual
        ranked = sorted(zip(misses, shares, strict=True), key=lambda one: (one[0] > near, abs(log(one[1] / _USUAL))))
        return [share for _, share in ranked]

    def _prefers(self, row: int, less: float, more: float) -> float:
        """How much better the price's move goes with the smaller payment than with the larger one (log likelihood)."""
        before, after = self._closes[row - 1 : row + 1]
        off, other_off = ((after - before + one) / before for one in (less, more))
        return float((other_off**2 - off**2) / (2 * self._usual**2))

    def _without_payment(self) -> Iterator[Told]:
        """What the adjusted close takes off while nothing was paid."""
        least = max(_LEAST_STEP, 4 * self._rounding)
        is_off = np.isfinite(self._taken) & ~self._is_paid & (np.abs(self._taken) > least)
        for row in map(int, np.flatnonzero(is_off)):
            size = abs(log(1 - self._taken[row])) if self._taken[row] < 1 else 0.0
            if row not in self._leaps or abs(size - abs(self._leaps[row])) > _SAME:
                words = f"the adjusted close takes off {self._taken[row]:.4%}, and nothing was paid"
                yield Told(row, self._named(size), words)

    def _named(self, size: float) -> str:
        """The rule by which an adjusted close is off by a factor."""
        if any(ratio != 1 and abs(size - abs(log(ratio))) <= _SAME for _, ratio in self._history.splits):
            return MISSING_SPLIT
        tens = round(size / log(10))
        return UNIT_JUMP if tens >= 2 and abs(size - tens * log(10)) <= _SAME else DIVIDEND_SIZE  # noqa: PLR2004
