"""Microstructure: who trades, and what a trade costs, as far as bars can tell. Definitions 56 to 62.

The takers' side is recorded in the bars; it is not classified from price moves. The spreads are estimates from prices
alone, 0 where these show no bounce, and they read volatility as spread where the true one is far below the range.
"""

import numpy as np

from bcdata.features.bounds import score
from bcdata.features.parameters import at_least
from bcdata.features.registry import Family
from bcdata.features.rolling import EPS, covariance, rolling_beta, rolling_mean, rolling_score, rolling_sum
from bcdata.features.table.grid import FloatArray, Grid, lag, log_ratio
from bcdata.features.volatility import serial_moments

FAMILY = Family("Microstructure", rank=7)

_TAKERS = ("volume", "taker_buy_volume")
_SHARE_NOISE = 8 * EPS
"""A share of the volume is known to about one eps; a deviation of a few of them is rounding."""


@FAMILY.feature(
    inputs=_TAKERS,
    warm_up=0,
    formula="s / v, s = 2 tb - v",
    source="order imbalance of Chordia, Roll, Subrahmanyam 2002 over the total, takers as recorded; not the order-flow "
    "imbalance of Cont, Kukanov, Stoikov 2014, which needs the book",
    unit="share of the volume",
    range=(-1.0, 1.0),
)
def taker_imbalance(bars: Grid) -> FloatArray:
    """Bought less sold by takers: -1 all sold, 1 all bought; null where nothing traded."""
    return bars.shared("taker imbalance", lambda: _signed(bars) / bars["volume"])


@FAMILY.feature(
    inputs=_TAKERS,
    warm_up=lambda n: n - 1,
    parameters={"n": 60},
    limits={"n": at_least(2)},
    formula="(x - m) / d, x = s / v, m = mean and d = deviation (ddof 1) of the last n x, this one included",
    source="standard score of the taker imbalance",
    unit="standard deviations",
    range=score,
)
def taker_imbalance_z_60(bars: Grid, *, n: int) -> FloatArray:
    """Taker imbalance against the last n bars, at most (n - 1) / sqrt(n); null where it does not vary.

    A bar without volume has no imbalance, and counts as missing in the window.
    """
    return rolling_score(taker_imbalance(bars), n, first=bars.first, noise=_SHARE_NOISE)


@FAMILY.feature(
    inputs=_TAKERS,
    warm_up=lambda n: n - 1,
    parameters={"n": 60},
    formula="sum |s| / sum v over the last n bars",
    source="after Easley, Lopez de Prado, O'Hara 2012 (VPIN): bars of time instead of buckets of volume, takers as "
    "recorded instead of bulk classification",
    unit="share of the volume",
    range=(0.0, 1.0),
)
def vpin_like_60(bars: Grid, *, n: int) -> FloatArray:
    """Volume that met no opposite takers in its own bar, over n bars; null where nothing traded."""
    signed = _signed(bars)
    total = np.where(np.isfinite(signed), bars["volume"], np.nan)
    # |s| is never above v, and both are summed in the same order: rounding cannot leave [0, 1].
    return rolling_sum(np.abs(signed), n, first=bars.first) / rolling_sum(total, n, first=bars.first)


@FAMILY.feature(
    inputs=("close", "quote_volume", "taker_buy_quote_volume"),
    warm_up=lambda n: n,
    parameters={"n": 240},
    limits={"n": at_least(3)},
    formula="cov(r, x) / var(x) over the last n bars, x = 2 tq - qv, tq = what takers bought in quote currency",
    source="Kyle 1985, price impact, as a regression of returns on signed flow; Goyenko, Holden, Trzcinka 2009 and "
    "Hasbrouck 2009 take the square root of the flow",
    unit="log return per unit of quote currency",
    price_degree=-1.0,
    volume_degree=-1.0,
)
def kyle_lambda_240(bars: Grid, *, n: int) -> FloatArray:
    """How far one unit of net buying moves the price; null where the net flow does not vary.

    Compare symbols only after a conversion to one currency.
    """
    flow = 2.0 * bars["taker_buy_quote_volume"] - bars["quote_volume"]
    return rolling_beta(bars.returns, flow, n, first=bars.first)


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n: n + 1,
    parameters={"n": 240},
    limits={"n": at_least(2)},
    formula="2 sqrt(max(0, -cov(r, r[-1]))) over the last n pairs (ddof 1)",
    source="Roll 1984, of log prices; a positive covariance is 0, as in Goyenko, Holden, Trzcinka 2009",
    unit="share of the price",
    range=(0.0, np.inf),
)
def roll_240(bars: Grid, *, n: int) -> FloatArray:
    """Effective spread from the bounce of closes; 0 where returns do not revert, so in every flat market."""
    return 2.0 * np.sqrt(_positive(-covariance(serial_moments(bars, n))))


@FAMILY.feature(
    inputs=("high", "low"),
    warm_up=lambda n: n,
    parameters={"n": 60},
    formula="mean of max(0, 2 (exp a - 1) / (exp a + 1)) over the last n pairs of bars, a = (sqrt(2b) - sqrt(b)) / k - "
    "sqrt(g / k), k = 3 - 2 sqrt 2, b = sum of both ln(h / l)^2, g = ln(highest h / lowest l)^2",
    source="Corwin, Schultz 2012, high-low spread estimator, negative ones taken for 0, without their adjustment for "
    "overnight gaps: this market never closes",
    unit="share of the price",
    range=(0.0, 2.0),
)
def corwin_schultz_60(bars: Grid, *, n: int) -> FloatArray:
    """Spread from the ranges of one bar and of two: variance doubles with time, the spread does not.

    A pair is a bar and the one before it. 0 where no bar has a range.
    """
    return bars.shared(("Corwin-Schultz", n), lambda: rolling_mean(_pair_spread(bars), n, first=bars.first))


@FAMILY.feature(
    inputs=("high", "low", "close"),
    warm_up=lambda n: n,
    parameters={"n": 240},
    formula="2 sqrt(max(0, mean of (ln c[-1] - e[-1]) (ln c[-1] - e))) over the last n bars, e = (ln h + ln l) / 2",
    source="Abdi, Ranaldo 2017, close-high-low estimator, 'monthly corrected' (mean of the products, then the root), "
    "one bar late: theirs looks at t + 1",
    unit="share of the price",
    range=(0.0, np.inf),
)
def abdi_ranaldo_240(bars: Grid, *, n: int) -> FloatArray:
    """Spread from closes against the mid-ranges of their bar and the next; 0 where the mean product is negative."""
    high, low, close = bars["high"], bars["low"], lag(bars["close"], 1)
    own = log_ratio(close, lag(high, 1)) + log_ratio(close, lag(low, 1))  # twice ln c - e
    following = log_ratio(close, high) + log_ratio(close, low)
    return np.sqrt(_positive(rolling_mean(own * following, n, first=bars.first)))


def _signed(bars: Grid) -> FloatArray:
    """Volume bought less volume sold by takers; rounded once, so never beyond the volume."""
    return 2.0 * bars["taker_buy_volume"] - bars["volume"]


def _pair_spread(bars: Grid) -> FloatArray:
    """Corwin and Schultz's spread of every bar with the one before it; 0 where theirs is negative."""
    import polars as pl

    high, low = bars["high"], bars["low"]
    single = log_ratio(high, low) ** 2
    both = log_ratio(np.maximum(high, lag(high, 1)), np.minimum(low, lag(low, 1)))
    # 1 / k = (1 + sqrt 2)^2, and sqrt(2b) - sqrt(b) = (sqrt 2 - 1) sqrt(b): the two terms share a factor.
    alpha = (1.0 + np.sqrt(2.0)) * (np.sqrt(single + lag(single, 1)) - both)
    # 2 (exp a - 1) / (exp a + 1) is 2 tanh(a / 2). Polars asks the C library; numpy's differs where there is AVX-512.
    return _positive(2.0 * pl.Series(alpha / 2.0).tanh().to_numpy())


def _positive(values: FloatArray) -> FloatArray:
    """The value, 0 where it is negative, NaN where it is none. There is one zero, whatever the sign was."""
    return np.maximum(values, 0.0) + 0.0
