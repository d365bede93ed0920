"""Mean Reversion: how far the price is from where it was, and how it came back so far. Definitions 20 to 28.

What a random walk reads is part of the definitions of 25 to 28: none of them is unbiased over a finite window.
"""

import math

import numpy as np

from bcdata.features.bounds import distance, mean_distance
from bcdata.features.parameters import WILDER, at_least, run
from bcdata.features.registry import Family
from bcdata.features.rolling import (
    EPS,
    correlation,
    rolling_mean,
    rolling_moments,
    rolling_score,
    rolling_sum,
)
from bcdata.features.roughness import scaling_exponent
from bcdata.features.table.grid import RETURN_NOISE, FloatArray, Grid, plain
from bcdata.features.volatility import place_in_channel, return_moments, serial_moments

FAMILY = Family("Mean Reversion", rank=3)

_HLC = ("high", "low", "close")

_LEVEL_NOISE = 32 * EPS
"""Below it the deviation of a difference of log prices is rounding: that of two levels near ln c = 10."""


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n: n - 1,
    parameters={"n": 20},
    limits={"n": at_least(2)},
    formula="(c - m) / s, m = mean and s = deviation (ddof 0) of the last n c",
    source="Bollinger 2001; TA-Lib BBANDS",
    unit="standard deviations",
    range=distance,
)
def bb_z_20(bars: Grid, *, n: int) -> FloatArray:
    """Distance of the close from its mean in deviations, at most sqrt(n - 1); null where prices are flat."""
    return rolling_score(bars["close"], n, first=bars.first, ddof=0)


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda length, **_: length,
    anchor="day",
    parameters={"n": 14, "length": 300},
    limits=lambda n, **_: {"n": (2, WILDER), "length": run(1 / n)},
    formula="100 G / (G + L), G and L = EMA (alpha 1 / n) of max(c - c[-1], 0) and max(c[-1] - c, 0), seeded with "
    "their first value in the `length` bars before the UTC day",
    source="Wilder 1978, Relative Strength Index; TA-Lib RSI",
    unit="percent of all movement",
    range=(0.0, 100.0),
)
def rsi_14(bars: Grid, *, n: int, length: int) -> FloatArray:
    """Share of the upward movement in all movement; null where prices are flat since the seed."""
    from bcdata.features.kernels.momentum import strength

    return strength(plain(bars["close"]), bars.runs(length, "close").paired, 1.0 / n)


@FAMILY.feature(
    inputs=_HLC,
    warm_up=lambda n, smooth: n + smooth - 2,
    parameters={"n": 14, "smooth": 3},
    limits={"smooth": (1, 100)},
    formula="mean of the last `smooth` K, K = 100 (c - L) / (H - L), H = max h and L = min l of the last n bars",
    source="Lane 1984; TA-Lib STOCH, slow %K (Lane's own line is the ratio of the sums, not the mean of the ratios)",
    unit="percent of the channel",
    range=(0.0, 100.0),
)
def stoch_k_14_3(bars: Grid, *, n: int, smooth: int) -> FloatArray:
    """Where in the channel of n bars the last closes stood; null where one of the channels is flat."""
    place = place_in_channel(bars, n)
    total = place.copy()
    for back in range(1, smooth):
        total[:back] = np.nan
        total[back:] += place[:-back]
    total /= smooth  # a sum of places and its quotient round to `smooth` and 1 at most; other means may leave the range
    total *= 100.0
    return total


@FAMILY.feature(
    inputs=_HLC,
    warm_up=lambda n: n - 1,
    parameters={"n": 20},
    limits={"n": at_least(2)},
    formula="(p - m) / (0.015 d), p = (h + l + c) / 3, m = mean of the last n p, d = mean |p - m| of the same",
    source="Lambert 1980; TA-Lib CCI",
    unit="0.015 mean absolute deviations",
    range=lambda n: mean_distance(n, unit=0.015),
)
def cci_20(bars: Grid, *, n: int) -> FloatArray:
    """Distance of the typical price from its mean in mean deviations; null where typical prices are flat."""
    from bcdata.features.kernels.deviations import absolute_scores

    typical = bars["high"] + bars["low"]
    typical += bars["close"]
    typical /= 3.0
    mean = rolling_mean(typical, n, first=bars.first)
    return absolute_scores(plain(typical), plain(mean), n, 0.015)


@FAMILY.feature(
    inputs=("close", "volume", "quote_volume"),
    warm_up=lambda n: n - 1,
    parameters={"n": 240},
    formula="c / (sum of qv / sum of v) - 1 over the last n bars",
    source="Berkowitz, Logue, Noser 1988, volume-weighted average price",
    unit="share of the VWAP",
    range=(-1.0, np.inf),
)
def vwap_dev_240(bars: Grid, *, n: int) -> FloatArray:
    """Distance of the close from the mean price paid over n bars; null where nothing was traded."""
    volume, quote = bars["volume"], bars["quote_volume"]
    both = np.isfinite(volume) & np.isfinite(quote)
    traded = rolling_sum(np.where(both, volume, np.nan), n, first=bars.first)
    paid = rolling_sum(np.where(both, quote, np.nan), n, first=bars.first)
    return np.where(traded > 0.0, bars["close"] / (paid / traded) - 1.0, np.nan)


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n: n + 1,
    parameters={"n": 240},
    limits={"n": at_least(3)},
    formula="correlation of r and r[-1] over the last n bars",
    source="Campbell, Lo, MacKinlay 1997, ch. 2, tests for uncorrelated increments (here a correlation of the pairs, "
    "each side with its own mean)",
    unit="correlation",
    range=(-1.0, 1.0),
)
def autocorr1_240(bars: Grid, *, n: int) -> FloatArray:
    """Correlation of returns with those a bar before; a random walk reads -1/n on average. Null where flat."""
    return correlation(serial_moments(bars, n), (RETURN_NOISE, RETURN_NOISE))


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n: n,
    parameters={"n": 240},
    limits={"n": at_least(3)},
    formula="-ln 2 / ln(1 + b), b = least-squares slope of r on ln c[-1] over the last n bars, with an intercept",
    source="Dickey, Fuller 1979, regression; half-life of an AR(1) (Chan 2013 has its limit -ln 2 / b)",
    unit="bars",
    range=(0.0, np.inf),
    partial=True,
)
def ou_halflife_240(bars: Grid, *, n: int) -> FloatArray:
    """Bars in which half of the distance to the mean is gone; a random walk reads 38 in the median.

    Half of a random walk's windows read 22 to 74 bars, and one in 23 has nothing to revert to. Null where b is
    not between -1 and 0, or within 1e-9 of either, and where prices are flat.
    """
    from bcdata.features.kernels.reversion import half_lives

    return half_lives(plain(bars["close"]), plain(bars.returns), n, bars.first, RETURN_NOISE)


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n, **_: n,
    parameters={"n": 240, "q": 5},
    limits=lambda n, **_: {"n": at_least(4), "q": (2, n // 2)},
    formula="mean (R - q m)^2 / (q (1 - q / n)) / var r, R = overlapping returns over q bars, m = mean r, var with "
    "ddof 1, all within the last n bars",
    source="Lo, MacKinlay 1988, The Specification Test: overlapping, both variances unbiased; arch VarianceRatio",
    unit="ratio of variances",
    range=(0.0, np.inf),
)
def variance_ratio_5_240(bars: Grid, *, n: int, q: int) -> FloatArray:
    """Variance of q-bar returns over q variances of one bar; a random walk reads 1, with a deviation of 0.14.

    Null where flat. Both windows have to be whole: n returns, and n - q + 1 returns over q bars.
    """
    one = return_moments(bars, n)
    long = rolling_moments(bars.returns_over(q), n - q + 1, first=bars.first)
    variance = one.squares / (one.present - 1.0)
    around = long.squares / long.present + (long.mean - q * one.mean) ** 2
    moving = variance > RETURN_NOISE**2
    return np.where(moving, around / (q * (1.0 - q / n)) / variance, np.nan)


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n, lags: n + lags - 1,
    parameters={"n": 1440, "lags": 32},
    limits=lambda n, **_: {"n": at_least(2), "lags": (2, min(n, 64))},
    formula="least-squares slope of ln s(k) on ln k, k = 1 .. lags, s(k) = deviation (ddof 1) of the last n "
    "ln c - ln c[-k]",
    source="Di Matteo, Aste, Dacorogna 2003, generalised Hurst exponent of order 2, of deviations from the mean "
    "(Hurst's own is the rescaled range)",
    unit="exponent",
    scale_tolerance=1e-8,
)
def hurst_1440(bars: Grid, *, n: int, lags: int) -> FloatArray:
    """How the deviation of moves grows with their length; a random walk reads 0.494, with a deviation of 0.03.

    Null where prices are flat. The window is the n + lags closes that the moves lie between.
    """
    return scaling_exponent(bars.log_close, n, np.array(_slope_weights(lags)), first=bars.first, noise=_LEVEL_NOISE)


def _slope_weights(lags: int) -> list[float]:
    """By what to weigh values at k = 1 .. lags for the sum to be their least-squares slope on ln k."""
    steps = [math.log(k) for k in range(1, lags + 1)]
    centre = math.fsum(steps) / lags
    spread = math.fsum((step - centre) ** 2 for step in steps)
    return [(step - centre) / spread for step in steps]
