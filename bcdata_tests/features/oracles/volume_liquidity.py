"""Volume & Liquidity, by brute force: statistics of lists, sides of typical prices in exact decimals."""

import math
import statistics
from collections.abc import Callable
from fractions import Fraction

from bcdata_tests.features.oracles.history import Bar, History, log_of
from bcdata_tests.features.oracles.microstructure import bar_value, pairs


def rel_volume(h: History, t: int) -> float | None:
    before = h.window(t - h.step, 1440, lambda at: bar_value(h, at, lambda bar: bar.volume))
    return h.bars[t].volume / statistics.fmean(before) if before is not None and any(before) else None


def score(h: History, t: int, value: Callable[[Bar], float], noise: Callable[[float], float]) -> float | None:
    """The newest of 1440 values in deviations from their mean."""
    now, window = bar_value(h, t, value), h.window(t, 1440, lambda at: bar_value(h, at, value))
    if now is None or window is None:
        return None
    mean, sigma = statistics.fmean(window), statistics.stdev(window)
    return (now - mean) / sigma if sigma > noise(mean) else None


def volume_z(h: History, t: int) -> float | None:
    return score(h, t, lambda bar: math.log(bar.quote_volume) if bar.quote_volume > 0 else math.nan, lambda _: 1e-14)


def trade_size_z(h: History, t: int) -> float | None:
    def size(bar: Bar) -> float:
        return bar.quote_volume / bar.trades if bar.trades else math.nan

    return score(h, t, size, lambda mean: 1e-14 * abs(mean))


def amihud_60(h: History, t: int) -> float | None:
    found = pairs(h, t, 60, lambda at: bar_value(h, at, lambda bar: bar.quote_volume))
    ratios = [] if found is None else [abs(r) / turnover for r, turnover in found if turnover > 0]
    return statistics.fmean(ratios) * 1_000_000 if ratios else None


def typical(bar: Bar) -> Fraction:
    """The mean of the prices as they are printed: equal ones are equal, however their doubles add up."""
    return sum((Fraction(repr(price)) for price in (bar.high, bar.low, bar.close)), Fraction(0)) / 3


def mfi_14(h: History, t: int) -> float | None:
    def flow(at: int) -> float | None:
        bar, older = h.bars.get(at), h.back(at, 1)
        if bar is None or older is None:
            return None
        price, before = typical(bar), typical(older)
        return float(price) * bar.volume * ((price > before) - (price < before))

    flows = h.window(t, 14, flow)
    if flows is None or not any(flows):
        return None
    rising, falling = (math.fsum(one for one in flows if one * side > 0) for side in (1, -1))
    return 100 - 100 / (1 + rising / -falling) if falling else 100.0


def cmf_20(h: History, t: int) -> float | None:
    opens = h.last(t, 20)
    if opens is None:
        return None
    bars = [h.bars[at] for at in opens]
    total = math.fsum(bar.volume for bar in bars)
    flow = math.fsum(
        bar.volume * ((bar.close - bar.low) - (bar.high - bar.close)) / (bar.high - bar.low)
        for bar in bars
        if bar.high > bar.low
    )
    return flow / total if total > 0 else None


def signed_vol_60(h: History, t: int) -> float | None:
    found = pairs(h, t, 60, lambda at: bar_value(h, at, lambda bar: bar.volume))
    if found is None:
        return None
    total = math.fsum(volume for _, volume in found)
    return math.fsum(math.copysign(volume, r) for r, volume in found if r) / total if total > 0 else None


def price_vol_corr_240(h: History, t: int) -> float | None:
    def growth(at: int) -> float | None:
        bar, older = h.bars.get(at), h.back(at, 1)
        return None if bar is None or older is None else log_of(bar.quote_volume, older.quote_volume)

    found = pairs(h, t, 240, growth)
    if found is None:
        return None
    returns, growths = (list(side) for side in zip(*found, strict=True))
    flat = min(statistics.pstdev(returns), statistics.pstdev(growths)) <= 1e-14
    return None if flat else statistics.correlation(returns, growths)


ORACLES = {
    oracle.__name__: oracle
    for oracle in (
        *(rel_volume, volume_z, trade_size_z, amihud_60),
        *(mfi_14, cmf_20, signed_vol_60, price_vol_corr_240),
    )
}
