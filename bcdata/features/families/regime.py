"""Regime: how volatile, how directed and how choppy the market is. Definitions 63 to 66."""

import math

import numpy as np

from bcdata.features.bounds import above
from bcdata.features.families.trend_momentum import adx_14, slope_60
from bcdata.features.parameters import TINY, WILDER, at_least, run
from bcdata.features.registry import Family
from bcdata.features.rolling import rolling_mean, sorted_window
from bcdata.features.table.grid import FloatArray, Grid, log_ratio
from bcdata.features.volatility import channel, realised_variance, true_range

FAMILY = Family("Regime", rank=8)


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n, window: n + window - 1,
    parameters={"n": 60, "window": 1440},
    limits={"window": at_least(2)},
    formula="(smaller + equal others / 2) / (N - 1) among the last `window` rv_n, of which N are there",
    source="mid-rank percentile, scipy.stats.rankdata(method='average')",
    unit="share of the window",
    range=(0.0, 1.0),
)
def vol_pctile_1440(bars: Grid, *, n: int, window: int) -> FloatArray:
    """Rank of the volatility of n bars among the last ones: 0 the calmest, 1 the wildest, 0.5 where all are equal."""
    # The same moves at other places of a window give other last bits: in single precision they are equal.
    variance = realised_variance(bars, n).astype(np.float32).astype(np.float64)
    return sorted_window(variance, window).rank


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda **spans: max(spans.values()),
    parameters={"short": 60, "long": 1440},
    limits=lambda long, **_: {"long": at_least(2), "short": (1, long - 1)},
    formula="rv_short / rv_long",
    source="term structure of realised volatility; Corsi 2009 regresses on the same horizons",
    unit="ratio",
    range=lambda short, long: above(0.0, math.sqrt(long / (short - short // 10))),
)
def vol_term(bars: Grid, *, short: int, long: int) -> FloatArray:
    """Volatility of the last hour over that of the last day: above 1 it rises; null where prices are flat."""
    return np.sqrt(realised_variance(bars, short) / realised_variance(bars, long))


@FAMILY.feature(
    inputs=("high", "low", "close"),
    warm_up=lambda length, slope, **_: max(length, slope - 1),
    anchor="day",
    parameters={"n": 14, "length": 400, "slope": 60, "threshold": 25.0},
    limits=lambda n, **_: {"n": (2, WILDER), "length": run(1 / n), "slope": at_least(2), "threshold": (TINY, 100.0)},
    formula="sign of slope where ADX_n > threshold, else 0",
    source="after Wilder 1978, Directional Movement, who follows trends above 25 (of ADXR); direction by least squares "
    "on ln c",
    unit="-1, 0 or 1",
    range=(-1.0, 1.0),
    distinct=3,
)
def trend_state(bars: Grid, *, n: int, length: int, slope: int, threshold: float) -> FloatArray:
    """Whether there is a trend, and which way; null where either of both has no value."""
    strength, direction = adx_14(bars, n=n, length=length), slope_60(bars, n=slope)
    trends = (strength > threshold) + 0.0 * strength  # NaN where there is none
    return np.sign(direction) * trends + 0.0


@FAMILY.feature(
    inputs=("high", "low", "close"),
    warm_up=lambda n: n,
    parameters={"n": 14},
    limits={"n": at_least(2)},
    formula="100 log10(n mean(TR) / (H - L)) / log10 n, H = max h and L = min l of the last n bars",
    source="Dreiss in Burke, Futures, October 1993: choppiness index, as charting tools have it",
    unit="0 straight; 100 each bar goes over the whole range",
    range=(0.0, np.inf),
)
def choppiness_14(bars: Grid, *, n: int) -> FloatArray:
    """How often the path went over its range, as a power of n; null where prices are flat.

    Never below 0. Above 100 where the first bar jumped: its true range begins at a close before the window, which
    H and L leave out (with true highs and lows, as early codings of Dreiss' index have it, 100 would be the most).
    """
    path = rolling_mean(true_range(bars), n, first=bars.first)
    path *= n
    top, bottom = channel(bars, n)
    orders = log_ratio(path, top - bottom)
    np.maximum(orders, 0.0, out=orders)
    orders /= math.log(n)
    return 100.0 * orders + 0.0
