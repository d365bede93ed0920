"""Risk & Execution, by brute force: sorted lists, running maxima, Wilder's mean as he wrote it."""

import math
import statistics

from bcdata_tests.features.oracles.history import History, log_return
from bcdata_tests.features.oracles.microstructure import bar_value, corwin_schultz_60


def closes(h: History, t: int, n: int) -> list[float] | None:
    """The closes of the last n bars that are there and positive; None also where t's is not."""

    def close(at: int) -> float | None:
        return h.bars[at].close if at in h.bars and h.bars[at].close > 0 else None

    return None if close(t) is None else h.window(t, n, close)


def drawdown_1440(h: History, t: int) -> float | None:
    window = closes(h, t, 1440)
    return None if window is None else window[-1] / max(window) - 1


def max_dd_1440(h: History, t: int) -> float | None:
    window = closes(h, t, 1440)
    if window is None:
        return None
    peak, worst = 0.0, 0.0
    for close in window:
        peak = max(peak, close)
        worst = min(worst, close / peak - 1)
    return worst


def returns(h: History, t: int, n: int) -> list[float] | None:
    return h.window(t, n, lambda at: log_return(h, at))


def worst(h: History, t: int) -> list[float] | None:
    """The worst twentieth of the last 1440 returns, ascending."""
    window = returns(h, t, 1440)
    return None if window is None else sorted(window)[: -(-len(window) // 20)]


def var5_1440(h: History, t: int) -> float | None:
    tail = worst(h, t)
    return None if tail is None else tail[-1]


def cvar5_1440(h: History, t: int) -> float | None:
    tail = worst(h, t)
    return None if tail is None else statistics.fmean(tail)


def tstat_1440(h: History, t: int) -> float | None:
    window = returns(h, t, 1440)
    if window is None:
        return None
    sigma = statistics.stdev(window)
    return statistics.fmean(window) * math.sqrt(len(window)) / sigma if sigma > 1e-14 else None


def atr_units(h: History, t: int) -> float | None:
    opens = h.day_run(t, 300)
    if opens is None:
        return None
    mean = None
    for at in opens[1:]:
        bar, older = h.bars.get(at), h.back(at, 1)
        if bar is not None and older is not None:
            reach = max(bar.high - bar.low, abs(bar.high - older.close), abs(bar.low - older.close))
            mean = reach if mean is None else (13 * mean + reach) / 14
    return 100 / (2 * mean) if mean else None


def realised(h: History, t: int, n: int) -> float | None:
    """The mean square of the last n returns."""
    window = returns(h, t, n)
    return None if window is None else math.fsum(r * r for r in window) / len(window)


def vol_target_w(h: History, t: int) -> float | None:
    variance = realised(h, t, 60)
    return min(2.0, 0.4 / math.sqrt(variance * h.bars_per_year)) if variance else None


def half_spread_bp(h: History, t: int) -> float | None:
    spread = corwin_schultz_60(h, t)
    return None if spread is None else spread / 2 * 10_000


def impact_bp(h: History, t: int) -> float | None:
    """By way of the volatility and the volume of a day, however many bars that has."""
    variance, volumes = realised(h, t, 1440), h.window(t, 1440, lambda at: bar_value(h, at, lambda b: b.quote_volume))
    if variance is None or volumes is None or not any(volumes):
        return None
    bars_of_a_day = h.bars_per_year / 365
    daily_volatility, daily_volume = math.sqrt(variance * bars_of_a_day), statistics.fmean(volumes) * bars_of_a_day
    return 10_000 * daily_volatility * math.sqrt(100_000 / daily_volume)


ORACLES = {
    oracle.__name__: oracle
    for oracle in (
        *(drawdown_1440, max_dd_1440, var5_1440, cvar5_1440, tstat_1440),
        *(atr_units, vol_target_w, half_spread_bp, impact_bp),
    )
}
