"""Mean Reversion, by brute force."""

import math
import statistics

import numpy as np
from scipy.stats import linregress, pearsonr

from bcdata_tests.features.oracles.history import History, log_of, log_return
from bcdata_tests.features.oracles.trend_momentum import before, column, ema


def bb_z_20(h: History, t: int) -> float | None:
    opens = h.last(t, 20)
    if opens is None:
        return None
    closes = [h.bars[at].close for at in opens]
    sigma = statistics.pstdev(closes)
    return (closes[-1] - statistics.fmean(closes)) / sigma if sigma else None


def rsi_14(h: History, t: int) -> float | None:
    opens = h.day_run(t, 300)
    if opens is None:
        return None
    close = column(h, opens, "close")
    change = close - before(close)
    gain, loss = (ema(np.where(change * sign < 0, 0.0, change * sign), 1 / 14)[-1] for sign in (1, -1))
    if np.isnan(gain) or gain == loss == 0:
        return None
    return float(100 - 100 / (1 + gain / loss)) if loss else 100.0


def fast_k(h: History, t: int) -> float | None:
    opens = h.last(t, 14)
    if opens is None or t not in h.bars:
        return None
    top, bottom = max(h.bars[at].high for at in opens), min(h.bars[at].low for at in opens)
    return None if top == bottom else 100 * (h.bars[t].close - bottom) / (top - bottom)


def stoch_k_14_3(h: History, t: int) -> float | None:
    shares = h.window(t, 3, lambda at: fast_k(h, at))
    return None if shares is None else statistics.fmean(shares)


def cci_20(h: History, t: int) -> float | None:
    opens = h.last(t, 20)
    if opens is None:
        return None
    prices = [(h.bars[at].high + h.bars[at].low + h.bars[at].close) / 3 for at in opens]
    mean = statistics.fmean(prices)
    spread = statistics.fmean(abs(price - mean) for price in prices)
    return (prices[-1] - mean) / (0.015 * spread) if spread > 1e-14 * abs(mean) else None


def vwap_dev_240(h: History, t: int) -> float | None:
    opens = h.last(t, 240)
    if opens is None:
        return None
    volume = math.fsum(h.bars[at].volume for at in opens)
    return h.bars[t].close * volume / math.fsum(h.bars[at].quote_volume for at in opens) - 1 if volume else None


def autocorr1_240(h: History, t: int) -> float | None:
    def pair(at: int) -> tuple[float, float] | None:
        now, then = log_return(h, at), log_return(h, at - h.step)
        return None if now is None or then is None else (now, then)

    pairs = h.window(t, 240, pair)
    if pairs is None or np.std(pairs, axis=0).min() < 1e-14:
        return None
    return float(pearsonr(*zip(*pairs, strict=True)).statistic)


def ou_halflife_240(h: History, t: int) -> float | None:
    oldest = h.back(t, 240)
    origin = 0.0 if oldest is None else oldest.close

    def pair(at: int) -> tuple[float, float] | None:
        then, moved = h.back(at, 1), log_return(h, at)
        where = None if then is None else log_of(then.close, origin)
        return None if where is None or moved is None else (where, moved)

    pairs = h.window(t, 240, pair)
    if pairs is None or np.std(pairs, axis=0)[0] < 1e-13:
        return None
    b = linregress(*zip(*pairs, strict=True)).slope
    return -math.log(2) / math.log1p(b) if 1e-9 - 1 < b < -1e-9 else None


def variance_ratio_5_240(h: History, t: int) -> float | None:
    single = h.window(t, 240, lambda at: log_return(h, at))
    fives = h.window(t, 236, lambda at: log_return(h, at, 5))
    if single is None or fives is None:
        return None
    mean, variance = statistics.fmean(single), statistics.variance(single)
    if variance < 1e-29:
        return None
    return statistics.fmean((five - 5 * mean) ** 2 for five in fives) / (5 * (1 - 5 / 240)) / variance


def hurst_1440(h: History, t: int) -> float | None:
    closes = [h.bars[at].close if at in h.bars else 0.0 for at in h.opens(t, 1472)]
    logs = np.array([log_of(close, closes[-1]) for close in closes], dtype=float)  # NaN for None
    if np.isnan(logs[0]) or np.isnan(logs).sum() > 147:
        return None
    moves = [logs[32:] - logs[32 - k : -k] for k in range(1, 33)]
    deviations = [np.std(move[np.isfinite(move)], ddof=1) for move in moves]
    if min(deviations) < 1e-14:
        return None
    return float(linregress(np.log(range(1, 33)), np.log(deviations)).slope)


ORACLES = {
    oracle.__name__: oracle
    for oracle in (
        *(bb_z_20, rsi_14, stoch_k_14_3, cci_20, vwap_dev_240),
        *(autocorr1_240, ou_halflife_240, variance_ratio_5_240, hurst_1440),
    )
}
