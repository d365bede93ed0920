"""What one bar says, on its own or with the bar before it. `prices` are high, low and close, one per row."""

import numpy as np

from bcdata.features.kernels import compiled
from bcdata.features.table.grid import FloatArray, Prices


@compiled
def places(prices: Prices, top: FloatArray, bottom: FloatArray) -> FloatArray:
    """Where each close lies between bottom and top, 0 to 1; NaN where the bar's own high or low is missing."""
    high, low, close = prices
    out = np.empty(close.size)
    for row in range(close.size):
        place = (close[row] - bottom[row]) / (top[row] - bottom[row])
        out[row] = place if abs(high[row]) + abs(low[row]) < np.inf else np.nan
    return out


@compiled
def true_ranges(prices: Prices) -> FloatArray:
    """From the highest to the lowest of a bar and the close before it; NaN where any is missing."""
    high, low, close = prices
    out = np.full(close.size, np.nan)
    for row in range(1, close.size):
        top, bottom, before = high[row], low[row], close[row - 1]
        reach = max(top, before) - min(bottom, before)
        out[row] = reach if abs(top) + abs(bottom) + abs(before) < np.inf else np.nan
    return out


@compiled
def flows(price: FloatArray, volume: FloatArray, sign: float, rounding: float) -> FloatArray:
    """Price times volume where the price rose, or fell for a sign of -1, else 0; NaN where any of it is missing.

    A move of no more than `rounding` of the price is none.
    """
    out = np.full(price.size, np.nan)
    for row in range(1, price.size):
        moved, flow = price[row] - price[row - 1], price[row] * volume[row]
        counts = flow * (sign * moved > rounding * price[row])
        out[row] = counts if abs(moved) + abs(flow) < np.inf else np.nan
    return out
