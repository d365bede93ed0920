"""Volatility & Risk, by brute force: the papers' formulas over lists, recursions written out."""

import math
import statistics
from collections.abc import Callable

import numpy as np
from scipy import stats

from bcdata_tests.features.oracles.history import Bar, History, log_of, log_return

PRICES = ("open", "high", "low", "close")


def returns(h: History, t: int, n: int) -> list[float] | None:
    return h.window(t, n, lambda at: log_return(h, at))


def of_bars(h: History, t: int, n: int, value: Callable[[Bar], float]) -> list[float] | None:
    """What is said of each of the last n bars; of one whose prices are not all positive nothing is."""

    def said(at: int) -> float | None:
        bar = h.bars.get(at)
        return None if bar is None or min(getattr(bar, name) for name in PRICES) <= 0 else value(bar)

    return h.window(t, n, said)


def yearly(h: History, variance: float | None) -> float | None:
    return None if variance is None else math.sqrt(variance * h.bars_per_year)


def mean(values: list[float] | None) -> float | None:
    return None if values is None else statistics.fmean(values)


def rv_60(h: History, t: int) -> float | None:
    found = returns(h, t, 60)
    return None if found is None else yearly(h, statistics.fmean(r * r for r in found))


def parkinson_60(h: History, t: int) -> float | None:
    return yearly(h, mean(of_bars(h, t, 60, lambda bar: math.log(bar.high / bar.low) ** 2 / (4 * math.log(2)))))


def garman_klass(bar: Bar) -> float:
    """With u, d, c over the open, as the paper has it."""
    u, d, c = (math.log(price / bar.open) for price in (bar.high, bar.low, bar.close))
    return 0.5 * (u - d) ** 2 - (2 * math.log(2) - 1) * c**2


def garman_klass_60(h: History, t: int) -> float | None:
    return yearly(h, mean(of_bars(h, t, 60, garman_klass)))


def rogers_satchell(bar: Bar) -> float:
    u, d, c = (math.log(price / bar.open) for price in (bar.high, bar.low, bar.close))
    return u * (u - c) + d * (d - c)


def rogers_satchell_60(h: History, t: int) -> float | None:
    variance = mean(of_bars(h, t, 60, rogers_satchell))
    return None if variance is None else yearly(h, max(variance, 0.0))  # bars of one tick may fall below by rounding


def yang_zhang_60(h: History, t: int) -> float | None:
    def jump(at: int) -> float | None:
        bar, before = h.bars.get(at), h.back(at, 1)
        return None if bar is None or before is None else log_of(bar.open, before.close)

    jumps, bodies = h.window(t, 60, jump), of_bars(h, t, 60, lambda bar: math.log(bar.close / bar.open))
    steady = mean(of_bars(h, t, 60, rogers_satchell))
    if jumps is None or bodies is None or steady is None:
        return None
    k = 0.34 / (1.34 + 61 / 59)
    return yearly(h, statistics.variance(jumps) + k * statistics.variance(bodies) + (1 - k) * max(steady, 0.0))


def natr_14(h: History, t: int) -> float | None:
    opens = h.day_run(t, 300)
    if opens is None:
        return None
    smooth = None
    for at in opens[1:]:
        bar, older = h.bars.get(at), h.back(at, 1)
        if bar is not None and older is not None:
            reach = max(bar.high - bar.low, abs(bar.high - older.close), abs(bar.low - older.close))
            smooth = reach if smooth is None else (13 * smooth + reach) / 14
    return None if smooth is None else 100 * smooth / h.bars[t].close


def ewma_vol(h: History, t: int) -> float | None:
    """As one weighted sum: the first square has what is left of the weight."""
    opens = h.day_run(t, 335)
    if opens is None:
        return None
    squares = [r * r for at in opens[1:] if (r := log_return(h, at)) is not None]
    ages = range(len(squares) - 1, -1, -1)
    weights = [0.94**age if age == len(squares) - 1 else 0.06 * 0.94**age for age in ages]
    return yearly(h, math.fsum(w * s for w, s in zip(weights, squares, strict=True))) if squares else None


def jump_share_60(h: History, t: int) -> float | None:
    def product(at: int) -> float | None:
        now, before = log_return(h, at), log_return(h, at - h.step)
        return None if now is None or before is None else abs(now) * abs(before)

    products, found = h.window(t, 60, product), returns(h, t, 60)
    if products is None or found is None or not any(found):
        return None
    return max(0.0, 1 - math.pi / 2 * statistics.fmean(products) / statistics.fmean(r * r for r in found))


def semivar_ratio_240(h: History, t: int) -> float | None:
    found = returns(h, t, 240)
    if found is None or not any(found):
        return None
    return math.fsum(r * r for r in found if r < 0) / math.fsum(r * r for r in found)


def moving(found: list[float] | None) -> bool:
    return found is not None and statistics.pstdev(found) > 1e-14


def skew_240(h: History, t: int) -> float | None:
    found = returns(h, t, 240)
    return float(stats.skew(found)) if moving(found) else None


def kurt_240(h: History, t: int) -> float | None:
    found = returns(h, t, 240)
    return float(stats.kurtosis(found)) if moving(found) else None


def vol_of_vol(h: History, t: int) -> float | None:
    """Looked up once over the window and its hour before it, then by sliding windows: 240 oracles would be slow."""
    found = [log_return(h, at) for at in h.opens(t, 299)]
    windows = np.lib.stride_tricks.sliding_window_view([math.nan if r is None else r for r in found], 60)
    logs = []
    for window in windows:
        there = window[np.isfinite(window)]
        whole = math.isfinite(window[0]) and there.size >= 54
        logs.append(math.log(math.sqrt((there**2).mean() * h.bars_per_year)) if whole and there.any() else None)
    known = [one for one in logs if one is not None]
    return statistics.stdev(known) if logs[0] is not None and len(known) >= 216 else None


ORACLES = {
    oracle.__name__: oracle
    for oracle in (
        *(rv_60, parkinson_60, garman_klass_60, rogers_satchell_60, yang_zhang_60, natr_14, ewma_vol),
        *(jump_share_60, semivar_ratio_240, skew_240, kurt_240, vol_of_vol),
    )
}
