"""How strongly returns over the last n bars pull back the price. As `sums`, whose words hold here.

Prices are logs over the last price before the border. It lies in every window that has a value, so that their bits
depend on the window alone, do not depend on the unit of the price, and none is lost to the height of its level.
"""

import math

import numpy as np

from bcdata.features.kernels import compiled
from bcdata.features.table.grid import FloatArray

_EDGE = 1e-9
"""A lone spike pulls back by exactly 1, and a lone step by 0: rounding must not make half-lives of them."""


@compiled
def _into(part: FloatArray, level: float, move: float) -> None:
    """Adds a pair to a part: count, sums of levels and moves, of squared levels and of products."""
    part[0] += 1.0
    part[1] += level
    part[2] += move
    part[3] += level * level
    part[4] += level * move


@compiled
def _half_life(far: FloatArray, near: FloatArray, noise: float) -> float:
    """The half-life in bars from the sums of both parts; NaN where nothing moves or nothing pulls back."""
    count, levels = far[0] + near[0], far[1] + near[1]
    spread = far[3] + near[3] - levels * levels / count
    if not spread > count * noise * noise:
        return math.nan
    pull = (far[4] + near[4] - levels * (far[2] + near[2]) / count) / spread
    return -math.log(2.0) / math.log1p(pull) if _EDGE - 1.0 < pull < -_EDGE else math.nan


@compiled
def half_lives(close: FloatArray, moves: FloatArray, n: int, first: int, noise: float) -> FloatArray:
    """-ln 2 / ln(1 + slope of moves on the log close of the bar before); one per row. A tenth may be missing."""
    out = np.full(close.size, np.nan)
    far, near = np.zeros((n + 1, 5)), np.zeros(5)
    for border in range(-(first % n), close.size, n):
        base = math.nan
        for j in range(n - 1, -1, -1):
            row = border - n + j
            far[j] = far[j + 1]
            if row >= 0 and not np.isfinite(base) and close[row] > 0.0:
                base = close[row]
            if row >= 1 and np.isfinite(moves[row]):
                _into(far[j], math.log(close[row - 1] / base), moves[row])
        near[:] = 0.0
        for row in range(max(border, 1), min(border + n, close.size)):
            if np.isfinite(moves[row]):
                _into(near, math.log(close[row - 1] / base), moves[row])
            rest = far[row - border + 1]
            if row >= n and np.isfinite(moves[row - n + 1]) and near[0] + rest[0] >= n - n // 10:
                out[row] = _half_life(rest, near, noise)
    return out
