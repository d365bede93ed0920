"""Prices that leap by a power of ten, or by the ratio of a split that is not taken out of all of them. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp, inf, log

import numpy as np

from bcdata.quality.damage.history import Floats, History, spread

UNIT_JUMP = "unit_jump"
MISSING_SPLIT = "missing_split"
_LEAP = log(8)
"""No price rises or falls by this within a bar and comes back."""
_BACK = 60
"""Within so many bars."""
_LOOSE = 0.35
"""The price itself may move, in logarithms, while its unit changes."""
_NEAR = np.timedelta64(10, "D")
_UNUSUAL = 5.0
"""A move of so many standard deviations is looked into."""
_LARGE_SPLIT = log(4)
_PLAIN_SPLIT = log(1.5) - 1e-9
_CLOSE_SPREADS, _CLOSE, _CLOSE_LARGE = 3.0, 0.04, 0.15
_TIE = 0.02


@dataclass(frozen=True, slots=True)
class Jump:
    """A leap before or within the bar `row`: `size` in logarithms.

    `lasts` says whether the prices after it are on another level than those before; `is_traded`, whether the bar was
    traded: one that only carries the last price on, in another unit, has no price of its own that could be wrong.
    """

    row: int
    rule: str
    size: float
    lasts: bool
    is_traded: bool
    words: str


@dataclass(frozen=True, slots=True)
class _Move:
    row: int
    raw: float
    adjusted: float
    lasts: bool


def jumps(history: History) -> list[Jump]:
    """The leaps, in order of time.

    A split counts where the price leaps without it and with it, payments taken out: a large payment is no split.
    """
    traded = np.flatnonzero(history.is_traded)
    usual = spread(np.diff(np.log(history.close[traded])))
    unusual = list(_moves(history, max(_UNUSUAL * usual, 0.04)))
    found = [_split(history, one, usual) or _unit(history, one) for one in unusual]
    back = _there_and_back(history, unusual, {at for at, jump in enumerate(found) if jump})
    told = [jump or back.get(at) for at, jump in enumerate(found)]
    return [jump for jump in told if jump]


def levels(history: History, found: list[Jump]) -> Floats:
    """What each bar's prices are multiplied by, as its leaps tell, set against the level that most bars have."""
    steps = np.zeros(history.close.size)
    for jump in found:
        if jump.lasts:
            steps[jump.row] += jump.size
    level = np.round(np.cumsum(steps), 6)
    values, counts = np.unique(level, return_counts=True)
    return np.asarray(np.exp(level - values[counts.argmax()]), np.float64)


def _moves(history: History, least: float) -> Iterator[_Move]:
    """The moves of at least a size: to the open, to the close, and how far high and low lie outside both."""
    factor = history.factor
    weights = np.log(factor) if np.all(np.isfinite(factor) & (factor > 0)) else np.zeros(factor.size)
    o, h, low, c = (np.log(one) for one in (history.open, history.high, history.low, history.close))
    gap, paid = np.zeros(c.size), np.zeros(c.size)
    gap[1:], paid[1:] = o[1:] - c[:-1], np.diff(weights)
    within = (c - o, h - np.maximum(o, c), low - np.minimum(o, c))
    is_large = np.maximum.reduce([np.abs(gap), *map(np.abs, within)]) > least
    for row in map(int, np.flatnonzero(is_large)):
        moves = [_Move(row, gap[row], gap[row] + paid[row], lasts=True)]
        moves += [_Move(row, one[row], one[row], lasts=at == 0) for at, one in enumerate(within)]
        yield from (one for one in moves if abs(one.raw) > least)


def _split(history: History, move: _Move, usual: float) -> Jump | None:
    """The leap as the ratio of a split, unless it is a power of ten more closely."""
    fitting = [
        (away, size, ex, ratio)
        for ex, ratio in history.splits
        if (size := abs(log(ratio))) > 0
        and (away := max(abs(abs(one) - size) for one in (move.raw, move.adjusted)))
        <= _slack(size, usual, history.days[move.row] - ex, lasts=move.lasts)
    ]
    away, size, ex, ratio = min(fitting, default=(inf, 0.0, None, 0.0))
    if move.raw * move.adjusted <= 0 or ex is None or away > _from_power_of_ten(move) + _TIE:
        return None
    words = f"prices leap by {exp(move.raw):.4g}, and the split of {ex} is one of {ratio:g}: not all have it"
    nominal = size if move.raw > 0 else -size
    return Jump(move.row, MISSING_SPLIT, nominal, move.lasts, bool(history.is_traded[move.row]), words)


def _slack(size: float, usual: float, after: np.timedelta64, *, lasts: bool) -> float:
    """How far a leap may be from the ratio of a split, by the time after it: loosely near its day, closely before."""
    if abs(after) <= _NEAR and lasts:
        return size / 2 if size >= _PLAIN_SPLIT else min(size / 2, max(_CLOSE_SPREADS * usual, _CLOSE))
    if after > _NEAR or (abs(after) > _NEAR and size < max(2 * _UNUSUAL * usual, _PLAIN_SPLIT)):
        return -1.0
    return min(size / 4, max(_CLOSE_SPREADS * usual, _CLOSE_LARGE if size >= _LARGE_SPLIT else _CLOSE))


def _unit(history: History, move: _Move) -> Jump | None:
    """The leap as a power of ten, from a hundred on; high and low alone may lie anywhere that no trade does."""
    size = abs(move.raw)
    is_power = _from_power_of_ten(move) <= _LOOSE
    if not is_power and (move.lasts or size < _LEAP):
        return None
    nominal = round(size / log(10)) * log(10) if is_power else size
    return _leap(history, move, nominal if move.raw > 0 else -nominal)


def _from_power_of_ten(move: _Move) -> float:
    """How far a leap is from the nearest power of ten that is a unit: one has a hundred parts, or a thousand."""
    size = abs(move.raw)
    return abs(size - max(2, round(size / log(10))) * log(10))


def _leap(history: History, move: _Move, size: float) -> Jump:
    words = f"prices leap by {exp(move.raw):.4g}, and no split says so"
    return Jump(move.row, UNIT_JUMP, size, move.lasts, bool(history.is_traded[move.row]), words)


def _there_and_back(history: History, moves: list[_Move], known: set[int]) -> dict[int, Jump]:
    """Leaps that the price takes back: whatever their factor, no trade made them."""
    found: dict[int, Jump] = {}
    for at, one in enumerate(moves):
        if at in known or at in found or not one.lasts or abs(one.raw) < _LEAP:
            continue
        for after in range(at + 1, len(moves)):
            other = moves[after]
            if other.row - one.row > _BACK:
                break
            if after not in known and other.lasts and abs(one.raw + other.raw) <= _LOOSE:
                found |= {at: _leap(history, one, one.raw), after: _leap(history, other, -one.raw)}
                break
    return found
