"""Price & Returns: how far the price went, and where in its range it stands. Definitions 1 to 9."""

import numpy as np

from bcdata.features.parameters import at_least
from bcdata.features.registry import Family
from bcdata.features.rolling import rolling_std
from bcdata.features.table.grid import RETURN_NOISE, FloatArray, Grid, lag, log_ratio
from bcdata.features.volatility import jump, place_in_channel

FAMILY = Family("Price & Returns", rank=1)

_OHLC = ("open", "high", "low", "close")
_SHARE = "share of the bar's range"


def log_ret(bars: Grid, *, k: int) -> FloatArray:
    """Log return of the close over k bars; null where the bar k before is missing."""
    return bars.total_returns_over(k)


for _k in (1, 5, 15, 60, 240, 1440):
    FAMILY.feature(
        name=f"log_ret_{_k}",
        inputs=("close",),
        warm_up=_k,
        parameters={"k": _k},
        formula="ln(c / c[-k])",
        source="Campbell, Lo, MacKinlay 1997, ch. 1, Prices, Returns, and Compounding: continuously compounded return",
        unit="ln of price ratio",
        adjusted="all",
    )(log_ret)


@FAMILY.feature(
    inputs=("close",),
    warm_up=lambda n: n + 1,
    parameters={"n": 60},
    limits={"n": at_least(2)},
    formula="r / s[-1], r = ln(c / c[-1]), s = deviation (ddof 1) of the last n r",
    source="return over trailing volatility as of the bar before; RiskMetrics 1996 standardised return",
    unit="standard deviations",
)
def ret_vol_z(bars: Grid, *, n: int) -> FloatArray:
    """Log return over the deviation of the n returns before it; null where nothing moved."""
    sigma = lag(rolling_std(bars.returns, n, first=bars.first), 1)
    return np.where(sigma > RETURN_NOISE, bars.returns / sigma, np.nan)


@FAMILY.feature(
    inputs=("high", "low", "close"),
    warm_up=0,
    formula="(2c - h - l) / (h - l)",
    source="qlib Alpha158 KSFT2, without its 1e-12",
    unit=_SHARE,
    range=(-1.0, 1.0),
)
def close_loc(bars: Grid) -> FloatArray:
    """Where in its range the bar closed: -1 at the low, 1 at the high; null where the range is 0."""
    high, low, close = bars["high"], bars["low"], bars["close"]
    return ((close - low) - (high - close)) / (high - low)  # in this order rounding cannot leave [-1, 1]


@FAMILY.feature(
    inputs=_OHLC,
    warm_up=0,
    formula="(c - o) / (h - l)",
    source="qlib Alpha158 KMID2, without its 1e-12",
    unit=_SHARE,
    range=(-1.0, 1.0),
)
def body(bars: Grid) -> FloatArray:
    """Move from open to close; null where the range is 0."""
    return (bars["close"] - bars["open"]) / (bars["high"] - bars["low"])


@FAMILY.feature(
    inputs=_OHLC,
    warm_up=0,
    formula="(h - max(o, c)) / (h - l)",
    source="qlib Alpha158 KUP2, without its 1e-12",
    unit=_SHARE,
    range=(0.0, 1.0),
)
def upper_wick(bars: Grid) -> FloatArray:
    """Range above both open and close; null where the range is 0."""
    return (bars["high"] - np.maximum(bars["open"], bars["close"])) / (bars["high"] - bars["low"])


@FAMILY.feature(
    inputs=_OHLC,
    warm_up=0,
    formula="(min(o, c) - l) / (h - l)",
    source="qlib Alpha158 KLOW2, without its 1e-12",
    unit=_SHARE,
    range=(0.0, 1.0),
)
def lower_wick(bars: Grid) -> FloatArray:
    """Range below both open and close; null where the range is 0."""
    return (np.minimum(bars["open"], bars["close"]) - bars["low"]) / (bars["high"] - bars["low"])


@FAMILY.feature(
    inputs=("open", "close"),
    warm_up=1,
    formula="ln(o / c[-1])",
    source="Yang, Zhang 2000, the normalised open",
    unit="ln of price ratio",
)
def gap(bars: Grid) -> FloatArray:
    """Log return from the close before to the open; null where the bar before is missing."""
    return jump(bars)


@FAMILY.feature(
    inputs=("high", "low", "close"),
    warm_up=lambda n: n - 1,
    parameters={"n": 240},
    formula="(c - L) / (H - L), H = max h and L = min l of the last n bars, this one included",
    source="Donchian channel; Lane's fast %K over n bars, as a share",
    unit="share of the channel",
    range=(0.0, 1.0),
)
def donchian_pos_240(bars: Grid, *, n: int) -> FloatArray:
    """Where in the channel of the last n bars the bar closed; null where the channel is flat."""
    return place_in_channel(bars, n)


@FAMILY.feature(
    inputs=("open", "close"),
    warm_up=0,
    anchor="day",
    formula="ln(c / o of the bar at 00:00 UTC of the same day)",
    source="open-to-close return of the UTC day so far",
    unit="ln of price ratio",
)
def intraday_ret(bars: Grid) -> FloatArray:
    """Log return since 00:00 UTC, null without the day's first bar; ln(c / o) for bars of a day or more."""
    return log_ratio(bars["close"], bars.at_day_open(bars["open"]))
