"""Trend & Momentum: whether the price goes somewhere, and how straight. Definitions 10 to 19.

Recursive ones are truncated recursions that restart for every UTC day (`bcdata.features.runs`). They are seeded
with the first value; TA-Lib seeds with a mean, from the beginning of what it is given. The seeds have lost all but
(1 - alpha)^length of their weight at midnight, where most of it is left, and so has the difference to TA-Lib.
"""

import numpy as np

from bcdata.features.bounds import above
from bcdata.features.parameters import SPAN, WILDER, at_least, run
from bcdata.features.registry import Family
from bcdata.features.rolling import (
    Comoments,
    correlation,
    rolling_argmax,
    rolling_argmin,
    rolling_mean,
    rolling_sum,
    rolling_trend,
    slope,
)
from bcdata.features.table.grid import RETURN_NOISE, FloatArray, Grid, lag, plain
from bcdata.features.volatility import return_moments

FAMILY = Family("Trend & Momentum", rank=2)

_HLC = ("high", "low", "close")


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n: n - 1,
    parameters={"n": 60},
    limits={"n": at_least(2)},
    formula="c / SMA - 1, SMA = mean of the last n c",
    source="Brock, Lakonishok, LeBaron 1992, moving-average rule with a short average of one bar; TA-Lib SMA",
    unit="share of the mean",
    range=lambda n: above(-1.0, n - 1.0),
)
def sma_ratio_60(bars: Grid, *, n: int) -> FloatArray:
    """Distance of the close from its mean over n bars; exactly 0 where prices are flat."""
    return bars["close"] / rolling_mean(bars["close"], n, first=bars.first) - 1.0


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda length, **_: length,
    anchor="day",
    parameters={"fast": 12, "slow": 26, "length": 270},
    limits=lambda slow, **_: {"slow": (2, SPAN), "fast": (1, slow - 1), "length": run(2 / (slow + 1))},
    formula="100 (EMA_fast - EMA_slow) / EMA_slow, alpha = 2 / (span + 1), both seeded with c of `length` bars "
    "before the UTC day",
    source="Appel 1979; TA-Lib PPO with matype=1 (its default 0 takes simple means)",
    unit="percent of the slow mean",
    range=lambda fast, slow, **_: above(-100.0, 100.0 * ((slow + 1) / (fast + 1) - 1.0)),
)
def ppo_12_26(bars: Grid, *, fast: int, slow: int, length: int) -> FloatArray:
    """Fast over slow exponential mean of the close; exactly 0 where prices are flat."""
    from bcdata.features.kernels.momentum import price_oscillator

    return price_oscillator(plain(bars["close"]), bars.runs(length, "close").paired, _alpha(fast), _alpha(slow))


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda length, **_: length,
    anchor="day",
    parameters={"fast": 12, "slow": 26, "signal": 9, "length": 400},
    limits=lambda slow, signal, **_: {
        "slow": (2, SPAN),
        "fast": (1, slow - 1),
        "signal": (2, SPAN),
        "length": run(2 / (slow + 1), 2 / (signal + 1)),
    },
    formula="(M - EMA_signal(M)) / c, M = EMA_fast(c) - EMA_slow(c), alpha = 2 / (span + 1), all seeded with their "
    "first value `length` bars before the UTC day",
    source="Appel 1979; histogram: Aspray 1986; TA-Lib MACD, divided by the close",
    unit="share of the close",
)
def macd_hist(bars: Grid, *, fast: int, slow: int, signal: int, length: int) -> FloatArray:
    """MACD less its signal line, over the close; exactly 0 where prices are flat."""
    from bcdata.features.kernels.momentum import convergence

    runs = bars.runs(length, "close").paired
    return convergence(plain(bars["close"]), runs, _alpha(fast), _alpha(slow), _alpha(signal))


def _alpha(span: int) -> float:
    """The weight of the newest value in an exponential mean of this span."""
    return 2.0 / (span + 1)


@FAMILY.feature(
    inputs=_HLC,
    warm_up=lambda length, **_: length,
    anchor="day",
    parameters={"n": 14, "length": 400},
    limits=lambda n, **_: {"n": (2, WILDER), "length": run(1 / n)},
    formula="W(100 |D+ - D-| / (D+ + D-)), D+ = W(+DM), D- = W(-DM), W = EMA of alpha 1 / n seeded with its first "
    "value in the `length` bars before the UTC day",
    source="Wilder 1978, Directional Movement; TA-Lib ADX",
    unit="0 no trend to 100",
    range=(0.0, 100.0),
)
def adx_14(bars: Grid, *, n: int, length: int) -> FloatArray:
    """Strength of the trend, whichever its direction; null where no high or low has moved since the seed."""
    from bcdata.features.kernels.momentum import directional_index

    runs = bars.runs(length, *_HLC).paired
    return bars.shared(("adx", n, length), lambda: directional_index(bars.prices, runs, 1.0 / n))


@FAMILY.feature(
    inputs=_HLC,
    warm_up=lambda length, **_: length,
    anchor="day",
    parameters={"n": 14, "length": 300},
    limits=lambda n, **_: {"n": (2, WILDER), "length": run(1 / n)},
    formula="100 (W(+DM) - W(-DM)) / W(TR), W = EMA of alpha 1 / n seeded with its first value in the `length` bars "
    "before the UTC day",
    source="Wilder 1978, Directional Movement; TA-Lib PLUS_DI less MINUS_DI",
    unit="percent of the true range",
    range=(-100.0, 100.0),
)
def di_diff_14(bars: Grid, *, n: int, length: int) -> FloatArray:
    """Upward less downward movement as a share of the range; null where there is no range since the seed."""
    from bcdata.features.kernels.momentum import directional_difference

    return directional_difference(bars.prices, bars.runs(length, *_HLC).paired, 1.0 / n)


@FAMILY.feature(
    inputs=("high", "low"),
    warm_up=lambda n: n,
    parameters={"n": 25},
    formula="100 (age of the lowest l - age of the highest h) / n over the last n + 1 bars; of equal ones the newest",
    source="Chande 1995; TA-Lib AROONOSC",
    unit="percent of the window",
    range=(-100.0, 100.0),
    distinct=45,
)
def aroon_osc_25(bars: Grid, *, n: int) -> FloatArray:
    """Whether the highest high or the lowest low is the newer one, and by how much; 0 where prices are flat."""
    newer = rolling_argmin(bars["low"], n + 1)
    newer -= rolling_argmax(bars["high"], n + 1)
    newer *= 100.0
    newer /= n
    return newer


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n: n - 1,
    parameters={"n": 60},
    limits={"n": at_least(2)},
    formula="least-squares slope of ln c on the bar's number over the last n bars",
    source="ordinary least squares on time; TA-Lib LINEARREG_SLOPE and qlib Alpha158 BETA, of ln c instead of c",
    unit="ln of price ratio per bar",
    scale_tolerance=1e-9,
)
def slope_60(bars: Grid, *, n: int) -> FloatArray:
    """Trend of the log close per bar; missing bars are left out of the fit."""
    return bars.shared(("slope", n), lambda: slope(_trend(bars, n)))


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n: n - 1,
    parameters={"n": 60},
    limits={"n": at_least(3)},
    formula="squared correlation of ln c with the bar's number over the last n bars",
    source="coefficient of determination of that fit; qlib Alpha158 RSQR, of ln c instead of c",
    unit="share of the variance",
    range=(0.0, 1.0),
    scale_tolerance=1e-9,
)
def r2_60(bars: Grid, *, n: int) -> FloatArray:
    """How straight the trend is; null where prices are flat."""
    return correlation(_trend(bars, n)) ** 2


def _trend(bars: Grid, n: int) -> Comoments:
    """The bars' numbers and log closes."""
    return bars.shared(("trend", n), lambda: rolling_trend(bars.log_close, n, first=bars.first))


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n: n + 1,
    parameters={"n": 1440},
    limits={"n": at_least(2)},
    formula="ln(c / c[-n]) / (s[-1] sqrt(n)), s = deviation (ddof 1) of the last n r",
    source="Moskowitz, Ooi, Pedersen 2012, scaled returns: over the deviation as of the bar before (theirs is an "
    "exponential one with a centre of 60 days)",
    unit="standard deviations",
    adjusted="all",
)
def tsmom_1440(bars: Grid, *, n: int) -> FloatArray:
    """Return over n bars in deviations known at the bar before; null where nothing moved."""
    present, _, squares = return_moments(bars, n)
    sigma = lag(np.sqrt(squares / (present - 1.0)), 1)
    return np.where(sigma > RETURN_NOISE, bars.total_returns_over(n) / (sigma * np.sqrt(n)), np.nan)


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n: n,
    parameters={"n": 60},
    limits={"n": at_least(2)},
    formula="|c - c[-n]| / sum of |c - the close before| over the last n bars",
    source="Kaufman 1995, efficiency ratio",
    unit="share of the path",
    range=(0.0, 1.0),
)
def efficiency_60(bars: Grid, *, n: int) -> FloatArray:
    """Way made good over way gone; null where prices are flat.

    The path leads through the closes that are there: after a hole, the close before is the last one there was.
    """
    close = bars["close"]
    path = rolling_sum(np.abs(close - lag(_carried(close), 1)), n, first=bars.first)
    return np.minimum(np.abs(close - lag(close, n)) / path, 1.0)


def _carried(values: FloatArray) -> FloatArray:
    """The last value that there was, for every row."""
    row = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(values.size), 0))
    return values[row]
