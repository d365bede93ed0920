"""Steps of the price at the edges of rows that fill a hole. Pure.

Genuine prices hardly step from a close to the next bar's open (at most by 4.6 %, thin pairs of 2018 included): crashes
happen inside bars. One that steps away and back again is another symbol's, or another scale.
"""

from datetime import datetime

import polars as pl

from bcdata.intervals import Interval

_LARGE = 0.05
_FEWEST_TICKS = 5
_PLACES = 8
_PRICES = ("open", "high", "low", "close")


def returning_step(bars: pl.DataFrame, first: datetime, last: datetime, fine: Interval) -> str | None:
    """Says how the price steps at both edges of a run, one way and back; None where it does not.

    Args:
        bars: all bars that are known (`BAR`), ascending, UTC, one per open; those of the run among them.
        first: the first open of the run.
        last: its last open.
        fine: the interval; a step is looked at between neighbouring bars only.
    """
    after = fine.next(last)
    run = bars.filter(pl.col("open_time").is_between(first, last))
    before = bars.filter(pl.col("open_time") < first).tail(1)
    behind = bars.filter(pl.col("open_time") == after)
    if run.is_empty() or before.is_empty() or behind.is_empty() or fine.next(before["open_time"][0]) != first:
        return None
    tick = tick_of(pl.concat([before, run, behind]))
    into = _step(before["close"][0], run["open"][0], tick)
    out = _step(run["close"][-1], behind["open"][0], tick)
    if into is None or out is None or (into > 1) == (out > 1):
        return None
    return (
        f"the price steps from {before['close'][0]:g} to {run['open'][0]:g} at {first:%Y-%m-%d %H:%M}"
        f" and from {run['close'][-1]:g} to {behind['open'][0]:g} at {after:%Y-%m-%d %H:%M}"
    )


def tick_of(bars: pl.DataFrame) -> float:
    """The smallest step of these prices that a decimal can tell."""
    prices = pl.concat([bars[name].alias("price") for name in _PRICES])
    for places in range(_PLACES):
        scaled = prices * 10.0**places
        if ((scaled - scaled.round()).abs() < 1e-6 * scaled.abs().clip(lower_bound=1)).all():
            return float(10.0**-places)
    return float(10.0**-_PLACES)


def _step(left: float, right: float, tick: float) -> float | None:
    """The ratio, where it is a large step of more than some ticks."""
    if max(left / right, right / left) <= 1 + _LARGE or abs(right - left) <= _FEWEST_TICKS * tick:
        return None
    return right / left
