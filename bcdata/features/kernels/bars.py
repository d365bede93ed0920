"""What one bar says, on its own or with the bar before it. `prices` are high, low and close, one per row."""

import numpy as np

from bcdata.features.grid import FloatArray, Prices
from bcdata.features.kernels import compiled


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
def signed_flows(price: FloatArray, volume: FloatArray, rounding: float) -> tuple[FloatArray, FloatArray]:
    """Price times volume where the price rose, else 0, and where it fell; NaN where any of it is missing.

    A move of no more than `rounding` of the price is none.
    """
    rising, falling = np.full(price.size, np.nan), np.full(price.size, np.nan)
    for row in range(1, price.size):
        moved, flow, least = price[row] - price[row - 1], price[row] * volume[row], rounding * price[row]
        there = abs(moved) + abs(flow) < np.inf
        rising[row] = flow * (moved > least) if there else np.nan
        falling[row] = flow * (moved < -least) if there else np.nan
    return rising, falling
