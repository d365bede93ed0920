"""Volatility & Risk: how far prices go, in what shape, and how steadily. Definitions 29 to 40.

Volatilities are deviations of log returns, annualised by the bars of a year of 365 days; `natr_14` is none of them.
"""

import math

import numpy as np

from bcdata.features.bounds import excess_kurtosis, skewness
from bcdata.features.parameters import DECAY, TINY, WILDER, at_least, run
from bcdata.features.registry import Family
from bcdata.features.rolling import rolling_mean, rolling_shape, rolling_std, rolling_sum, rolling_var
from bcdata.features.table.grid import RETURN_NOISE, FloatArray, Grid, lag, log_ratio
from bcdata.features.volatility import annualised, average_true_range, jump, realised_variance, realised_volatility

FAMILY = Family("Volatility & Risk", rank=4)

_OHLC = ("open", "high", "low", "close")
_HLC = ("high", "low", "close")
_YEARLY = "deviation of the log return over a year of 365 days"


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n: n,
    parameters={"n": 60},
    formula="A sqrt(mean r^2) over the last n bars",
    source="Andersen, Bollerslev, Diebold, Labys 2003, realised volatility",
    unit=_YEARLY,
    range=(0.0, np.inf),
)
def rv_60(bars: Grid, *, n: int) -> FloatArray:
    """Realised volatility: of closes, about a mean of zero; 0 where prices are flat."""
    return realised_volatility(bars, n)


@FAMILY.feature(
    inputs=("high", "low"),
    warm_up=lambda n: n - 1,
    parameters={"n": 60},
    formula="A sqrt(mean ln(h / l)^2 / (4 ln 2)) over the last n bars",
    source="Parkinson 1980",
    unit=_YEARLY,
    range=(0.0, np.inf),
)
def parkinson_60(bars: Grid, *, n: int) -> FloatArray:
    """Volatility from the range of bars; too low where trades are few, as the true extremes are not seen."""
    return annualised(bars, rolling_mean(_range(bars) ** 2, n, first=bars.first) / (4.0 * math.log(2.0)))


@FAMILY.feature(
    inputs=_OHLC,
    warm_up=lambda n: n - 1,
    parameters={"n": 60},
    formula="A sqrt(mean of ln(h / l)^2 / 2 - (2 ln 2 - 1) ln(c / o)^2) over the last n bars",
    source="Garman, Klass 1980, their practical estimator, without the jump to the open",
    unit=_YEARLY,
    range=(0.0, np.inf),
)
def garman_klass_60(bars: Grid, *, n: int) -> FloatArray:
    """Volatility from range and body; assumes no drift. Never negative under the root: no body exceeds its range."""
    variance = 0.5 * _range(bars) ** 2 - (2.0 * math.log(2.0) - 1.0) * _body(bars) ** 2
    return annualised(bars, rolling_mean(variance, n, first=bars.first))


@FAMILY.feature(
    inputs=_OHLC,
    warm_up=lambda n: n - 1,
    parameters={"n": 60},
    formula="A sqrt(mean of u (u - k) + d (d - k)) over the last n bars; u, d, k = ln of h, l, c over o",
    source="Rogers, Satchell 1991",
    unit=_YEARLY,
    range=(0.0, np.inf),
)
def rogers_satchell_60(bars: Grid, *, n: int) -> FloatArray:
    """Volatility from all four prices, whatever the drift: a bar that only climbs or only falls adds nothing."""
    return annualised(bars, _rogers_satchell(bars, n))


@FAMILY.feature(
    inputs=_OHLC,
    warm_up=lambda n: n,
    parameters={"n": 60},
    limits={"n": at_least(2)},
    formula="A sqrt(var ln(o / c[-1]) + k var ln(c / o) + (1 - k) RS^2) over the last n bars, ddof 1, "
    "k = 0.34 / (1.34 + (n + 1) / (n - 1)), RS = Rogers-Satchell, not annualised",
    source="Yang, Zhang 2000",
    unit=_YEARLY,
    range=(0.0, np.inf),
)
def yang_zhang_60(bars: Grid, *, n: int) -> FloatArray:
    """Volatility from all four prices and the jumps between bars, whatever the drift; of least variance of its kind."""
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    jumps = rolling_var(jump(bars), n, first=bars.first)
    bodies = rolling_var(_body(bars), n, first=bars.first)
    return annualised(bars, jumps + k * bodies + (1.0 - k) * _rogers_satchell(bars, n))


@FAMILY.feature(
    inputs=_HLC,
    warm_up=lambda length, **_: length,
    anchor="day",
    parameters={"n": 14, "length": 300},
    limits=lambda n, **_: {"n": (2, WILDER), "length": run(1 / n)},
    formula="100 ATR_n / c, ATR = EMA (alpha 1 / n) of the true range, seeded with the first one in the `length` bars "
    "before the UTC day",
    source="Wilder 1978, Volatility System; TA-Lib NATR, which is seeded with a mean of n",
    unit="percent of the price, per bar and not annualised",
    range=(0.0, np.inf),
)
def natr_14(bars: Grid, *, n: int, length: int) -> FloatArray:
    """Mean true range in percent of the close. A range, not a deviation: the two do not convert into each other."""
    percent = 100.0 * average_true_range(bars, n, length)
    percent /= bars["close"]
    return percent


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda length, **_: length,
    anchor="day",
    parameters={"decay": 0.94, "length": 335},
    limits=lambda decay, **_: {"decay": (TINY, DECAY), "length": run(1 - decay)},
    formula="A sqrt(v), v = decay v[-1] + (1 - decay) r^2, seeded with the first r^2 in the `length` bars before the "
    "UTC day",
    source="RiskMetrics 1996, whose 0.94 is for days: the forecast for the bar to come",
    unit=_YEARLY,
    range=(0.0, np.inf),
)
def ewma_vol(bars: Grid, *, decay: float, length: int) -> FloatArray:
    """Volatility that forgets exponentially; a bar whose predecessor is missing leaves it as it is."""
    runs = bars.runs(length, "close")
    squares = runs.unroll(bars.returns**2)
    squares[runs.borders[:-1]] = np.nan  # a run's first return is from a bar before it
    return annualised(bars, runs.roll(runs.ema(squares, 1.0 - decay)))


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n: n + 1,
    parameters={"n": 60},
    formula="max(0, 1 - BV / RV), BV = pi/2 mean |r| |r[-1]|, RV = mean r^2, over the last n bars",
    source="Barndorff-Nielsen, Shephard 2004, bipower variation; relative jump of Huang, Tauchen 2005",
    unit="share of the realised variance",
    range=(0.0, 1.0),
)
def jump_share_60(bars: Grid, *, n: int) -> FloatArray:
    """Share of the variance that came in jumps; a random walk reads 0 in half of all bars, 0.04 in the mean.

    Both means are of n terms, so that no factor n / (n - 1) is needed: the oldest product reaches one return further
    back. Null where prices are flat; closes that rest for minutes pass for jumps, as a 0 voids two products.
    """
    moves = np.abs(bars.returns)
    smooth = 0.5 * math.pi * rolling_mean(moves * lag(moves, 1), n, first=bars.first)
    return np.maximum(1.0 - smooth / realised_variance(bars, n), 0.0) + 0.0


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n: n,
    parameters={"n": 240},
    formula="sum of r^2 where r < 0 / sum of r^2, over the last n bars",
    source="Barndorff-Nielsen, Kinnebrock, Shephard 2010, downside realised semivariance, as a share",
    unit="share of the realised variance",
    range=(0.0, 1.0),
)
def semivar_ratio_240(bars: Grid, *, n: int) -> FloatArray:
    """Share of the variance that came from falls; 0.5 where both sides are alike, null where prices are flat."""
    squares = bars.returns**2
    falls = np.where(bars.returns > 0.0, 0.0, squares)
    # A part and its whole are summed in the same order: rounding cannot leave [0, 1].
    return rolling_sum(falls, n, first=bars.first) / rolling_sum(squares, n, first=bars.first)


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n: n,
    parameters={"n": 240},
    limits={"n": at_least(3)},
    formula="m3 / m2^1.5, mk = mean of (r - mean r)^k over the last n bars",
    source="Joanes, Gill 1998, g1, biased (Fisher's of 1930 is made of k-statistics); scipy.stats.skew",
    unit="1",
    range=skewness,
)
def skew_240(bars: Grid, *, n: int) -> FloatArray:
    """Skewness of returns: negative where the large moves are falls; null where nothing but a drift moved."""
    return _shape(bars, n)[0]


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n: n,
    parameters={"n": 240},
    limits={"n": at_least(4)},
    formula="m4 / m2^2 - 3, mk = mean of (r - mean r)^k over the last n bars",
    source="Joanes, Gill 1998, g2, biased and in excess of the normal; scipy.stats.kurtosis",
    unit="1",
    range=excess_kurtosis,
)
def kurt_240(bars: Grid, *, n: int) -> FloatArray:
    """Excess kurtosis of returns: 0 for normal ones, at most about n; null where nothing but a drift moved."""
    return _shape(bars, n)[1]


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n, window: n + window - 1,
    parameters={"n": 60, "window": 240},
    limits={"window": at_least(2)},
    formula="deviation (ddof 1) of the last `window` ln rv_n",
    source="log realised volatility is near normal, so its deviation is its scale: Andersen, Bollerslev, Diebold, "
    "Ebens 2001",
    unit="ln of a ratio of volatilities",
    range=(0.0, np.inf),
)
def vol_of_vol(bars: Grid, *, n: int, window: int) -> FloatArray:
    """How unsteady volatility is, whatever its level; a random walk reads 0.08. Flat stretches count as missing."""
    variance = realised_variance(bars, n)
    return 0.5 * rolling_std(log_ratio(variance, np.ones_like(variance)), window, first=bars.first)


def _range(bars: Grid) -> FloatArray:
    return bars.shared("log range", lambda: log_ratio(bars["high"], bars["low"]))


def _body(bars: Grid) -> FloatArray:
    return bars.shared("log body", lambda: log_ratio(bars["close"], bars["open"]))


def _shape(bars: Grid, n: int) -> tuple[FloatArray, FloatArray]:
    """Skewness and excess kurtosis of the last n returns."""
    return bars.shared(
        ("shape of returns", n), lambda: rolling_shape(bars.returns, n, first=bars.first, noise=RETURN_NOISE)
    )


def _rogers_satchell(bars: Grid, n: int) -> FloatArray:
    """Their variance per bar. Signs are held against rounding, so that no term is ever negative.

    Two of the four logarithms are differences of those that other estimators read: d = u - ln(h / l).
    """

    def make() -> FloatArray:
        up, body = log_ratio(bars["high"], bars["open"]), _body(bars)
        down = np.minimum(up - _range(bars), 0.0)
        terms = up * np.maximum(up - body, 0.0) + down * np.minimum(down - body, 0.0)
        return rolling_mean(terms, n, first=bars.first)

    return bars.shared(("Rogers-Satchell", n), make)
