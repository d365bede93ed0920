"""Price & Returns, by brute force."""

import statistics
from functools import partial

from bcdata_tests.features.oracles.history import DAY, History, log_of, log_return


def ret_vol_z(h: History, t: int) -> float | None:
    returns = h.window(t - h.step, 60, lambda at: log_return(h, at))
    now = log_return(h, t)
    if now is None or returns is None:
        return None
    sigma = statistics.stdev(returns)
    return now / sigma if sigma > 1e-14 else None


def close_loc(h: History, t: int) -> float | None:
    bar = h.bars[t]
    return None if bar.high == bar.low else (2 * bar.close - bar.high - bar.low) / (bar.high - bar.low)


def body(h: History, t: int) -> float | None:
    bar = h.bars[t]
    return None if bar.high == bar.low else (bar.close - bar.open) / (bar.high - bar.low)


def upper_wick(h: History, t: int) -> float | None:
    bar = h.bars[t]
    return None if bar.high == bar.low else (bar.high - max(bar.open, bar.close)) / (bar.high - bar.low)


def lower_wick(h: History, t: int) -> float | None:
    bar = h.bars[t]
    return None if bar.high == bar.low else (min(bar.open, bar.close) - bar.low) / (bar.high - bar.low)


def gap(h: History, t: int) -> float | None:
    before = h.back(t, 1)
    return None if before is None else log_of(h.bars[t].open, before.close)


def donchian_pos_240(h: History, t: int) -> float | None:
    opens = h.last(t, 240)
    if opens is None:
        return None
    top, bottom = max(h.bars[at].high for at in opens), min(h.bars[at].low for at in opens)
    return None if top == bottom else (h.bars[t].close - bottom) / (top - bottom)


def intraday_ret(h: History, t: int) -> float | None:
    first = h.bars.get(t - t % DAY)
    return None if first is None else log_of(h.bars[t].close, first.open)


ORACLES = {
    **{f"log_ret_{k}": partial(log_return, k=k) for k in (1, 5, 15, 60, 240, 1440)},
    **{
        oracle.__name__: oracle
        for oracle in (
            *(ret_vol_z, close_loc, body, upper_wick, lower_wick),
            *(gap, donchian_pos_240, intraday_ret),
        )
    },
}
