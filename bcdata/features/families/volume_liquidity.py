"""Volume & Liquidity: how much is traded, in what portions, on which side, and how far that moves prices.

Definitions 41 to 48. A bar without trades is a bar: its volume is 0 and known. What it leaves undefined (a logarithm,
a mean trade) counts as missing in windows, unless a feature says otherwise.
"""

import numpy as np

from bcdata.features.bounds import score
from bcdata.features.families.price_returns import close_loc
from bcdata.features.parameters import at_least
from bcdata.features.registry import Family
from bcdata.features.rolling import EPS, rolling_corr, rolling_mean, rolling_score, rolling_sum
from bcdata.features.table.grid import RETURN_NOISE, FloatArray, Grid, lag, log_ratio, plain

FAMILY = Family("Volume & Liquidity", rank=5)

_ROUNDING = 8 * EPS
"""Sums of a few prices, and flows, are known to about one eps of themselves; differences of a few are rounding."""


@FAMILY.feature(
    inputs=("volume",),
    warm_up=lambda n: n,
    parameters={"n": 1440},
    formula="v / m[-1], m = mean of the last n v",
    source="relative volume; n-bar mean as of the bar before, so that the bar is not measured against itself",
    unit="means of the n bars before",
    range=(0.0, np.inf),
)
def rel_volume(bars: Grid, *, n: int) -> FloatArray:
    """Volume against the n bars before it; null where nothing was traded in these."""
    return bars["volume"] / lag(rolling_mean(bars["volume"], n, first=bars.first), 1)


@FAMILY.feature(
    inputs=("quote_volume",),
    warm_up=lambda n: n - 1,
    parameters={"n": 1440},
    limits={"n": at_least(2)},
    formula="(x - m) / d, x = ln qv, m = mean and d = deviation (ddof 1) of the last n x, this one included",
    source="standard score of log turnover, which is near normal: Ajinkya, Jain 1989",
    unit="standard deviations",
    range=score,
    scale_tolerance=1e-12,
)
def volume_z(bars: Grid, *, n: int) -> FloatArray:
    """Log turnover against the last n bars; null where nothing was traded, or where turnover does not vary.

    The logarithm of the turnover itself: ln(1 + v) would give other scores in other units.
    """
    turnover = bars["quote_volume"]
    return rolling_score(log_ratio(turnover, np.ones_like(turnover)), n, first=bars.first, noise=_ROUNDING)


@FAMILY.feature(
    inputs=("quote_volume", "trades"),
    warm_up=lambda n: n - 1,
    parameters={"n": 1440},
    limits={"n": at_least(2)},
    formula="(x - m) / d, x = qv / trades, m = mean and d = deviation (ddof 1) of the last n x, this one included",
    source="standard score of the mean trade; trade size as in Barclay, Warner 1993",
    unit="standard deviations",
    range=score,
)
def trade_size_z(bars: Grid, *, n: int) -> FloatArray:
    """Turnover per trade against the last n bars; null where nothing was traded, or where it does not vary."""
    return rolling_score(bars["quote_volume"] / bars["trades"], n, first=bars.first)


@FAMILY.feature(
    inputs=("close", "quote_volume"),
    warm_up=lambda n: n,
    parameters={"n": 60},
    formula="1e6 mean of |r| / qv over those of the last n bars in which qv > 0",
    source="Amihud 2002, ILLIQ",
    unit="log return per million of quote currency",
    range=(0.0, np.inf),
    price_degree=-1.0,
    volume_degree=-1.0,
)
def amihud_60(bars: Grid, *, n: int) -> FloatArray:
    """How far a million moves the price; null where nothing was traded.

    Bars without trades are left out, however many: illiquid markets are what it is for. Compare symbols only after a
    conversion to one currency.
    """
    moves, turnover = np.abs(bars.returns), bars["quote_volume"]
    known = np.isfinite(moves) & np.isfinite(turnover)
    traded = turnover > 0.0
    impact = np.where(known, np.where(traded, moves / turnover, 0.0), np.nan)
    count = np.where(known, traded, np.nan)
    return 1e6 * (rolling_sum(impact, n, first=bars.first) / rolling_sum(count, n, first=bars.first))


@FAMILY.feature(
    inputs=("high", "low", "close", "volume"),
    warm_up=lambda n: n,
    parameters={"n": 14},
    formula="100 U / (U + D), U and D = sums of p v over those of the last n bars in which p rose and fell, "
    "p = (h + l + c) / 3",
    source="Quong, Soudack 1989; TA-Lib MFI (TA-Lib/ta-lib issue 244: 0 where U + D is below 1, before it was fixed)",
    unit="percent of the flow",
    range=(0.0, 100.0),
)
def mfi_14(bars: Grid, *, n: int) -> FloatArray:
    """Share of the flow at rising typical prices; null where these are flat or nothing was traded."""
    from bcdata.features.kernels.bars import flows

    price, volume = plain(bars["high"] + bars["low"] + bars["close"]), plain(bars["volume"])  # a third would cancel
    rising = rolling_sum(flows(price, volume, 1.0, _ROUNDING), n, first=bars.first)
    both = rolling_sum(flows(price, volume, -1.0, _ROUNDING), n, first=bars.first)
    both += rising
    rising /= both
    rising *= 100.0
    return rising


@FAMILY.feature(
    inputs=("high", "low", "close", "volume"),
    warm_up=lambda n: n - 1,
    parameters={"n": 20},
    formula="sum of v (2c - h - l) / (h - l) / sum of v over the last n bars, 0 for a bar without range",
    source="Chaikin, money flow (his own n is 21); TA-Lib AD, as a change over n bars",
    unit="share of the volume",
    range=(-1.0, 1.0),
)
def cmf_20(bars: Grid, *, n: int) -> FloatArray:
    """Volume weighed by where its bar closed: 1 all at the high, -1 all at the low; null where nothing was traded."""
    place = np.where(bars["high"] == bars["low"], 0.0, close_loc(bars))
    return _share(place * bars["volume"], bars["volume"], n, bars.first)


@FAMILY.feature(
    inputs=("close", "volume"),
    warm_up=lambda n: n,
    parameters={"n": 60},
    formula="sum of sgn(r) v / sum of v over the last n bars",
    source="Granville 1963, on-balance volume; TA-Lib OBV, as a change over n bars, as a share",
    unit="share of the volume",
    range=(-1.0, 1.0),
)
def signed_vol_60(bars: Grid, *, n: int) -> FloatArray:
    """Volume of rising bars less that of falling ones; null where nothing was traded.

    The side is guessed from the price; `taker_imbalance` has it from the exchange.
    """
    return _share(np.sign(bars.returns) * bars["volume"], bars["volume"], n, bars.first)


@FAMILY.feature(
    inputs=("close", "quote_volume"),
    warm_up=lambda n: n,
    parameters={"n": 240},
    limits={"n": at_least(3)},
    formula="correlation of r and ln(qv / qv[-1]) over the last n bars",
    source="Karpoff 1987 on price changes and volume; qlib Alpha158 CORD has ln(1 + v / v[-1])",
    unit="correlation",
    range=(-1.0, 1.0),
)
def price_vol_corr_240(bars: Grid, *, n: int) -> FloatArray:
    """Whether turnover grows with rises (above 0) or with falls; null where either does not vary.

    Of changes: levels drift, and correlate without a cause. A change needs trades in both of its bars.
    """
    growth = log_ratio(bars["quote_volume"], lag(bars["quote_volume"], 1))
    return rolling_corr(bars.returns, growth, n, first=bars.first, noise=(RETURN_NOISE, RETURN_NOISE))


def _share(flow: FloatArray, volume: FloatArray, n: int, first: int) -> FloatArray:
    """Sum of the flow over that of the volume, in [-1, 1]: no flow exceeds its volume, and both are summed alike."""
    total = np.where(np.isfinite(flow), volume, np.nan)
    return rolling_sum(flow, n, first=first) / rolling_sum(total, n, first=first)
