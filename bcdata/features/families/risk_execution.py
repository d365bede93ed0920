"""Risk & Execution: what can be lost, how much to hold, and what trading it costs. Definitions 70 to 78.

Losses are signed: none is above 0. Sizes and budgets are parameters, in the quote currency.
"""

import numpy as np

from bcdata.features.families.microstructure import corwin_schultz_60
from bcdata.features.parameters import TINY, WILDER, at_least, run
from bcdata.features.registry import Family
from bcdata.features.rolling import SortedWindow, rolling_max, rolling_mean, sorted_window
from bcdata.features.table.grid import RETURN_NOISE, FloatArray, Grid, plain
from bcdata.features.volatility import average_true_range, realised_variance, realised_volatility, return_moments

FAMILY = Family("Risk & Execution", rank=9)

_PRICE_SHARE = "share of the price"


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n: n - 1,
    parameters={"n": 1440},
    limits={"n": at_least(2)},
    formula="c / max c of the last n bars - 1",
    source="Magdon-Ismail, Atiya 2004: fall from the last peak, here of n bars",
    unit=_PRICE_SHARE,
    range=(-1.0, 0.0),
)
def drawdown_1440(bars: Grid, *, n: int) -> FloatArray:
    """Fall from the highest close of n bars; null where the close is not positive."""
    close = _positive_close(bars)
    return close / rolling_max(close, n) - 1.0


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n: n - 1,
    parameters={"n": 1440},
    limits={"n": at_least(2)},
    formula="min of c[j] / c[i] - 1 over i <= j within the last n bars",
    source="Magdon-Ismail, Atiya 2004, maximum drawdown, of n bars",
    unit=_PRICE_SHARE,
    range=(-1.0, 0.0),
    distinct=100,
)
def max_dd_1440(bars: Grid, *, n: int) -> FloatArray:
    """Deepest fall from a close to a later one within n bars, never above the drawdown; null as that."""
    from bcdata.features.kernels.drawdown import deepest

    close = _positive_close(bars)
    return np.where(close > 0, deepest(plain(close), n, bars.first, n // 10) - 1.0, np.nan)


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n, **_: n,
    parameters={"n": 1440, "tail": 0.05},
    limits={"tail": (TINY, 0.5)},
    formula="k-th smallest of the last n r, k = ceil(tail N), N = those that are there",
    source="historical simulation; Jorion 2006. The order statistic itself, not interpolated, and as a return: "
    "a loss is negative",
    unit="log return",
    distinct=50,
)
def var5_1440(bars: Grid, *, n: int, tail: float) -> FloatArray:
    """Value at risk of one bar: the return that a share `tail` of the last n did not exceed."""
    return _sorted_returns(bars, n, tail).kth


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n, **_: n,
    parameters={"n": 1440, "tail": 0.05},
    limits={"tail": (TINY, 0.5)},
    formula="mean of the k smallest of the last n r, k = ceil(tail N), N = those that are there",
    source="Acerbi, Tasche 2002, expected shortfall; theirs weighs the k-th by a part where tail N is not whole",
    unit="log return",
    distinct=400,
)
def cvar5_1440(bars: Grid, *, n: int, tail: float) -> FloatArray:
    """Expected shortfall of one bar: the mean of the worst returns; never above the value at risk."""
    return _sorted_returns(bars, n, tail).tail_mean


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n: n,
    parameters={"n": 1440},
    limits={"n": at_least(2)},
    formula="m sqrt(N) / s, m = mean and s = deviation (ddof 1) of the N among the last n r that are there",
    source="Student 1908; Lo 2002 on the noise of Sharpe ratios: annualised over one day theirs deviates by 19",
    unit="standard errors",
)
def tstat_1440(bars: Grid, *, n: int) -> FloatArray:
    """Whether the mean return differs from 0: about a standard normal where it does not; null where nothing moved."""
    present, mean, squares = return_moments(bars, n)
    deviation = np.sqrt(squares / (present - 1.0))
    return np.where(deviation > RETURN_NOISE, mean * np.sqrt(present) / deviation, np.nan)


@FAMILY.feature(
    inputs=("high", "low", "close"),
    warm_up=lambda length, **_: length,
    anchor="day",
    parameters={"n": 14, "length": 300, "risk": 100.0, "stop": 2.0},
    limits=lambda n, **_: {"n": (2, WILDER), "length": run(1 / n)},
    formula="risk / (stop ATR_n), risk in quote currency, ATR seeded with the first true range in the `length` bars "
    "before the UTC day",
    source="after Faith 2007, the Turtles' unit and their stop of two ATR; ATR: Wilder 1978, Volatility System",
    unit="units of the base asset",
    range=(0.0, np.inf),
    price_degree=-1.0,
)
def atr_units(bars: Grid, *, n: int, length: int, risk: float, stop: float) -> FloatArray:
    """Position that loses `risk` when the price goes `stop` ATR against it; null where there is no range."""
    return risk / (stop * average_true_range(bars, n, length))


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n, **_: n,
    parameters={"n": 60, "target": 0.4, "cap": 2.0},
    formula="min(cap, target / rv_n), target and rv_n a year",
    source="Moskowitz, Ooi, Pedersen 2012: positions scaled to 40 % a year; the cap is ours",
    unit="share of the capital",
    range=lambda cap, **_: (0.0, cap),
)
def vol_target_w(bars: Grid, *, n: int, target: float, cap: float) -> FloatArray:
    """Weight that brings the volatility to its target, at most `cap`; null where prices are flat."""
    volatility = realised_volatility(bars, n)
    return np.where(volatility > 0, np.minimum(cap, target / volatility), np.nan)


@FAMILY.feature(
    inputs=("high", "low"),
    warm_up=lambda n: n,
    parameters={"n": 60},
    formula="1e4 S / 2, S = Corwin and Schultz's spread over n bars",
    source="Corwin, Schultz 2012; half a spread is what one market order pays",
    unit="basis points of the price",
    range=(0.0, 10_000.0),
)
def half_spread_bp(bars: Grid, *, n: int) -> FloatArray:
    """Cost of crossing the spread once; an upper estimate where the tick is far below the range of a bar.

    Corwin and Schultz's, for it is above 0 wherever prices move: Abdi and Ranaldo's is 0 in 63 % of the minutes of
    BTCUSDT in January 2023, and that trading is free is the one wrong answer. Theirs is 5,000 `abdi_ranaldo_240`.
    """
    return 5_000.0 * corwin_schultz_60(bars, n=n)


@FAMILY.feature(
    inputs=("close", "quote_volume"),
    warm_up=lambda n, **_: n,
    parameters={"n": 1440, "size": 100_000.0},
    formula="1e4 s sqrt(size / V), s = volatility and V = quote volume of a day, as means over the last n bars",
    source="square-root law with constant 1: Torre 1997, Toth et al. 2011 (Almgren et al. 2005: a power of 0.6)",
    unit="basis points of the price",
    range=(0.0, np.inf),
    price_degree=-0.5,
    volume_degree=-0.5,
    scale_tolerance=1e-14,
)
def impact_bp(bars: Grid, *, n: int, size: float) -> FloatArray:
    """How far an order of `size` quote currency, worked through a day, moves the price; null where nothing traded."""
    # s^2 and V are both bars of a day times a mean per bar: the bars of a day cancel.
    return 1e4 * np.sqrt(size * (realised_variance(bars, n) / rolling_mean(bars["quote_volume"], n, first=bars.first)))


def _positive_close(bars: Grid) -> FloatArray:
    return np.where(bars["close"] > 0, bars["close"], np.nan)


def _sorted_returns(bars: Grid, n: int, tail: float) -> SortedWindow:
    key = "sorted returns", n, tail
    return bars.shared(key, lambda: sorted_window(bars.returns, n, tail=tail, rank=False))
