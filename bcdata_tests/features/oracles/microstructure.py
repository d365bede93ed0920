"""Microstructure, by brute force: statistics of lists, logarithms of prices as the papers write them."""

import math
import statistics
from collections.abc import Callable

from bcdata_tests.features.oracles.history import Bar, History, log_return


def bar_value(h: History, t: int, value: Callable[[Bar], float]) -> float | None:
    """What is said of the bar at t; None where there is no bar, or nothing to say."""
    if t not in h.bars:
        return None
    found = value(h.bars[t])
    return found if math.isfinite(found) else None


def signed(bar: Bar) -> float:
    return bar.taker_buy_volume - (bar.volume - bar.taker_buy_volume)


def taker_imbalance(h: History, t: int) -> float | None:
    return bar_value(h, t, lambda bar: signed(bar) / bar.volume if bar.volume > 0 else math.nan)


def taker_imbalance_z_60(h: History, t: int) -> float | None:
    now, window = taker_imbalance(h, t), h.window(t, 60, lambda at: taker_imbalance(h, at))
    if now is None or window is None:
        return None
    sigma = statistics.stdev(window)
    return (now - statistics.fmean(window)) / sigma if sigma > 1e-14 else None


def vpin_like_60(h: History, t: int) -> float | None:
    opens = h.last(t, 60)
    if opens is None:
        return None
    bars = [h.bars[at] for at in opens]
    total = math.fsum(bar.volume for bar in bars)
    return math.fsum(abs(2 * bar.taker_buy_volume - bar.volume) for bar in bars) / total if total > 0 else None


def pairs(h: History, t: int, n: int, second: Callable[[int], float | None]) -> list[tuple[float, float]] | None:
    """The return and something else at the last n opens, where both are there."""

    def both(at: int) -> tuple[float, float] | None:
        r, other = log_return(h, at), second(at)
        return None if r is None or other is None else (r, other)

    return h.window(t, n, both)


def kyle_lambda_240(h: History, t: int) -> float | None:
    found = pairs(h, t, 240, lambda at: bar_value(h, at, lambda bar: 2 * bar.taker_buy_quote_volume - bar.quote_volume))
    if found is None:
        return None
    returns, flows = zip(*found, strict=True)
    return statistics.linear_regression(flows, returns).slope if len(set(flows)) > 1 else None


def roll_240(h: History, t: int) -> float | None:
    found = pairs(h, t, 240, lambda at: log_return(h, at - h.step))
    if found is None:
        return None
    now, before = zip(*found, strict=True)
    return 2 * math.sqrt(max(0.0, -statistics.covariance(now, before)))


def pair_spread(older: Bar, newer: Bar) -> float:
    """Equations 14 and 18 of Corwin and Schultz, letter by letter."""
    beta = math.log(older.high / older.low) ** 2 + math.log(newer.high / newer.low) ** 2
    gamma = math.log(max(older.high, newer.high) / min(older.low, newer.low)) ** 2
    k = 3 - 2 * math.sqrt(2)
    alpha = (math.sqrt(2 * beta) - math.sqrt(beta)) / k - math.sqrt(gamma / k)
    return max(0.0, 2 * (math.exp(alpha) - 1) / (1 + math.exp(alpha)))


def corwin_schultz_60(h: History, t: int) -> float | None:
    def spread(at: int) -> float | None:
        older, newer = h.back(at, 1), h.bars.get(at)
        if older is None or newer is None or min(older.low, newer.low) <= 0:
            return None
        return pair_spread(older, newer)

    window = h.window(t, 60, spread)
    return None if window is None else statistics.fmean(window)


def abdi_ranaldo_240(h: History, t: int) -> float | None:
    def product(at: int) -> float | None:
        bars = [h.back(at, 1), h.bars.get(at)]
        if None in bars or min(bar.low for bar in bars if bar) <= 0:
            return None
        older, newer = (bar for bar in bars if bar)
        middle, following = (math.log(bar.high * bar.low) / 2 for bar in (older, newer))
        return (math.log(older.close) - middle) * (math.log(older.close) - following)

    window = h.window(t, 240, product)
    return None if window is None else 2 * math.sqrt(max(0.0, statistics.fmean(window)))


ORACLES = {
    oracle.__name__: oracle
    for oracle in (
        *(taker_imbalance, taker_imbalance_z_60, vpin_like_60, kyle_lambda_240),
        *(roll_240, corwin_schultz_60, abdi_ranaldo_240),
    )
}
