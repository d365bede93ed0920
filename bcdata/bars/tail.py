"""Candles without a trade at the end of a series: a quiet market's bars, or what a delisted contract goes on with.

The candles alone cannot tell which: that takes the exchange's word. Pure.
"""

from datetime import datetime

import polars as pl

_IDLE = (pl.col("trades") == 0) & (pl.col("volume") == 0)


def quiet_since(bars: pl.DataFrame) -> datetime | None:
    """The open (UTC) of the first of the candles without a trade that a frame ends with; None where it ends in a trade.

    The candles must stand at one price: a price that moves is a trade, whatever the count says.
    """
    if bars.is_empty() or not bars[-1].select(_IDLE).item():
        return None
    price = bars["close"][-1]
    still = _IDLE & (pl.col("high") == price) & (pl.col("low") == price)
    moving = bars.with_row_index("at").filter(~still.fill_null(value=False))["at"]
    first = 0 if moving.is_empty() else int(moving[-1]) + 1
    if first == bars.height:
        return None
    since: datetime = bars["open_time"][first]
    return since


def without_idle_tail(bars: pl.DataFrame, since: datetime) -> tuple[pl.DataFrame, int]:
    """The bars without those, from `since` on and after the last trade, in which nothing was traded; and their number.

    A trade from `since` on is a bar: the settlement itself may carry volume.
    """
    begins = quiet_since(bars)
    if begins is None:
        return bars, 0
    kept = bars.filter(pl.col("open_time") < max(begins, since))
    return kept, bars.height - kept.height
