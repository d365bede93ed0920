"""Every feature a second time, the slow and obvious way: one bar at a time, looked up by its time.

Nothing here knows of grids or rows. A feature that is registered has to have an oracle.
"""

import math
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import polars as pl

DAY = 86_400_000_000


@dataclass(frozen=True)
class Bar:
    open: float
    high: float
    low: float
    close: float


@dataclass(frozen=True)
class History:
    """Bars by open (µs since the epoch), one `step` apart where none is missing."""

    bars: Mapping[int, Bar]
    step: int

    @classmethod
    def of(cls, frame: pl.DataFrame, step: int) -> "History":
        opens = frame["open_time"].to_physical().to_list()
        rows = frame.select("open", "high", "low", "close").iter_rows()
        return cls({t: Bar(*row) for t, row in zip(opens, rows, strict=True)}, step)

    def back(self, t: int, k: int) -> Bar | None:
        return self.bars.get(t - k * self.step)

    def last(self, t: int, n: int) -> list[int] | None:
        """Opens of the last n bars that are there; None where the window is not whole."""
        opens = [t - k * self.step for k in reversed(range(n))]
        return _whole(opens, [self.bars.get(at) for at in opens], n)


def _whole(opens: list[int], values: list[object], n: int) -> list[int] | None:
    present = [at for at, value in zip(opens, values, strict=True) if value is not None]
    return present if values[0] is not None and n - len(present) <= n // 10 else None


def _log(numerator: float, denominator: float) -> float | None:
    return math.log(numerator / denominator) if numerator > 0 and denominator > 0 else None


def log_ret(h: History, t: int, k: int = 1) -> float | None:
    before = h.back(t, k)
    return None if before is None or t not in h.bars else _log(h.bars[t].close, before.close)


def ret_vol_z(h: History, t: int) -> float | None:
    opens = [t - k * h.step for k in range(60, 0, -1)]
    returns = [log_ret(h, at) for at in opens]
    now = log_ret(h, t)
    if now is None or _whole(opens, list(returns), 60) is None:
        return None
    sigma = statistics.stdev(r for r in returns if r is not None)
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
    return None if before is None else _log(h.bars[t].open, before.close)


def donchian_pos_240(h: History, t: int) -> float | None:
    opens = h.last(t, 240)
    if opens is None:
        return None
    top, bottom = max(h.bars[at].high for at in opens), min(h.bars[at].low for at in opens)
    return None if top == bottom else (h.bars[t].close - bottom) / (top - bottom)


def intraday_ret(h: History, t: int) -> float | None:
    first = h.bars.get(t - t % DAY)
    return None if first is None else _log(h.bars[t].close, first.open)


ORACLES: dict[str, Callable[[History, int], float | None]] = {
    **{f"log_ret_{k}": partial(log_ret, k=k) for k in (1, 5, 15, 60, 240, 1440)},
    **{
        oracle.__name__: oracle
        for oracle in (
            ret_vol_z,
            close_loc,
            body,
            upper_wick,
            lower_wick,
            gap,
            donchian_pos_240,
            intraday_ret,
        )
    },
}
