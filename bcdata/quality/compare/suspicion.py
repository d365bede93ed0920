"""Signs that bars are another symbol's, scaled, shifted or stale, found without other bars of the same time. Pure.

None of them decides alone: a step that a control confirms is a crash. Source: semantics, *Suspicious data*.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import log
from statistics import median

import numpy as np
import polars as pl

from bcdata.frames.schema import TIME
from bcdata.interval import Interval
from bcdata.venues.calendar import bar_end
from bcdata.windows import Window

STEP = 0.05
"""A move from a close to the next bar's open above this share is no move of the market (genuine maximum 4.6 %)."""
TICKS = 5
"""And it is more than so many ticks: a tick of a cheap pair can be a tenth of its price."""
GAP, GAP_RATIO = timedelta(hours=1), 3.0
"""Over a gap so long the price may change, but not by more than this factor."""
VOLUME_FACTOR, VOLUME_DAYS = 3.0, 7
"""Volume per trade lies within this factor of the median of so many days before."""
NEAR_LAGS, FAR_DAYS = 60, 31
_FEWEST_RETURNS = 120
CORRELATED = 0.2
"""Returns that move with a reference do so at lag 0; a higher correlation at another lag is a shift."""


@dataclass(frozen=True, slots=True)
class Step:
    """A jump of the price between two neighbouring bars: the open (UTC) of the later one, and the prices."""

    at: datetime
    close: float
    open: float

    @property
    def size(self) -> float:
        """The logarithm of the ratio of the two prices."""
        return log(self.open / self.close)


def find_steps(bars: pl.DataFrame, interval: Interval) -> list[Step]:
    """Jumps from a close to the next bar's open, and changes by a factor over gaps and closed hours, ascending.

    Args:
        bars: `open_time`, `open`, `close`; one row per open, ascending, UTC; prices above zero.
        interval: the length of the bars; months have no steps.
    """
    if interval.length is None or bars.height < 2:  # noqa: PLR2004 (a step needs two bars)
        return []
    ratio = pl.col("open") / pl.col("close").shift(1)
    gap = pl.col("open_time") - bar_end(interval).shift(1)
    is_step = (gap == timedelta()) & ((ratio - 1).abs() > STEP)
    is_break = (gap >= GAP) & ((ratio > GAP_RATIO) | (ratio < 1 / GAP_RATIO))
    found = bars.select("open_time", pl.col("close").shift(1), "open", is_step=is_step, is_break=is_break).filter(
        pl.col("is_step") | pl.col("is_break")
    )
    if found.is_empty():
        return []
    least = TICKS * tick_of(bars) * (1 + 1e-9)
    return [
        Step(at, close, opened)
        for at, close, opened, _, broken in found.iter_rows()
        if broken or abs(opened - close) > least
    ]


def tick_of(bars: pl.DataFrame) -> float:
    """The smallest difference between two prices of the bars; 0 where all are equal."""
    prices = pl.concat([bars["open"], bars["close"]]).unique().sort().diff().drop_nulls()
    least = prices.filter(prices > 0).min()
    return float(least) if isinstance(least, float) else 0.0


def split_returning(steps: Sequence[Step]) -> tuple[list[Window], list[Step]]:
    """The windows between a step and one that takes it back, and the steps that nothing takes back."""
    windows: list[Window] = []
    left: list[Step] = []
    at = 0
    while at < len(steps):
        back = next((later for later in range(at + 1, len(steps)) if _takes_back(steps[at], steps[later])), None)
        if back is None:
            left.append(steps[at])
            at += 1
        else:
            windows.append(Window(steps[at].at, steps[back].at))
            at = back + 1
    return windows, left


def _takes_back(step: Step, later: Step) -> bool:
    """Whether the price after the later step is the one before the first, but for less than half the step."""
    is_opposite = step.size * later.size < 0
    return is_opposite and abs(log(later.open / step.close)) < abs(step.size) / 2


def unusual_volume_per_trade(bars: pl.DataFrame) -> list[tuple[date, float]]:
    """UTC days whose volume per trade is far from the median of the days before, and by what factor.

    Days without so many days of trades right before them cannot be told. Base units.
    """
    days = [(day, volume / trades) for day, volume, trades, _ in _by_day(bars).iter_rows() if trades > 0 and volume > 0]
    found = []
    for at in range(VOLUME_DAYS, len(days)):
        (day, each), before = days[at], days[at - VOLUME_DAYS : at]
        if day - before[0][0] == timedelta(days=VOLUME_DAYS):
            factor = each / median(value for _, value in before)
            if factor > VOLUME_FACTOR or factor < 1 / VOLUME_FACTOR:
                found.append((day, factor))
    return found


def day_values(bars: pl.DataFrame) -> pl.DataFrame:
    """By UTC day with trades: `values`, equal where all bars of two days are; `trades` and `len`, the number of bars.

    `values` hold within one process alone.
    """
    minute = (pl.col("open_time").dt.hour().cast(pl.Int32) * 60 + pl.col("open_time").dt.minute()).alias("minute")
    row = pl.struct(minute, "open", "high", "low", "close", "volume", "trades").hash()
    return (
        bars.group_by(pl.col("open_time").dt.date().alias("day"))
        .agg(row.sum().alias("values"), pl.col("trades").sum(), pl.len(), pl.col(_counted(bars)).sum().alias("traded"))
        .filter(pl.col("traded") > 0)
        .drop("traded")
        .sort("day")
    )


def _counted(bars: pl.DataFrame) -> str:
    """The column that tells whether there were trades: their number, or the volume where a source does not count."""
    return "volume" if bars["trades"].null_count() == bars.height else "trades"


def _by_day(bars: pl.DataFrame) -> pl.DataFrame:
    """By UTC day: the sums of `volume` and `trades`, and `len`, the number of bars. `bars` are ascending."""
    days = bars.group_by_dynamic("open_time", every="1d").agg(pl.col("volume").sum(), pl.col("trades").sum(), pl.len())
    return days.select(pl.col("open_time").dt.date().alias("day"), pl.exclude("open_time"))


def repeated_days(bars: pl.DataFrame) -> list[tuple[date, date]]:
    """UTC days with the very values of an earlier day, and that day. Days without trades repeat nothing."""
    counted = _counted(bars)
    if not _by_day(bars).filter(pl.col(counted) > 0).select(counted, "len").is_duplicated().any():
        return []
    days = day_values(bars)
    first = pl.col("day").first().over("values", "trades", "len")
    return days.select("day", first.alias("first")).filter(pl.col("day") != pl.col("first")).rows()


def lag_against(bars: pl.DataFrame, reference: pl.DataFrame, interval: Interval) -> int | None:
    """By how many bars the returns follow the reference's; 0 where they do not lag, None where they do not correlate.

    Looked for are lags of up to `NEAR_LAGS` bars to either side, and of whole days up to `FAR_DAYS`.

    Args:
        bars: `open_time`, `close`, ascending; a day or more of them.
        reference: the same of the reference symbol, as far back and ahead as there are bars.
        interval: the length of the bars; months have no lag.
    """
    if interval.length is None or bars.is_empty() or reference.is_empty():
        return None
    day = timedelta(days=1) // interval.length
    lags = {*range(-NEAR_LAGS, NEAR_LAGS + 1), *(at * day for at in range(-FAR_DAYS, FAR_DAYS + 1))}
    reach = max(lags)
    first, last = _instant(bars["open_time"].min()), _instant(bars["open_time"].max())
    mine = _returns(bars, first, last, interval)
    other = _returns(reference, first - reach * interval.length, last + reach * interval.length, interval)
    best, found = CORRELATED, None
    for lag in sorted(lags, key=lambda lag: (abs(lag), lag)):
        theirs = other[reach - lag : reach - lag + len(mine)]
        there = np.isfinite(mine) & np.isfinite(theirs)
        correlation = _correlation(mine[there], theirs[there]) if there.sum() > _FEWEST_RETURNS else 0.0
        if correlation > best:
            best, found = correlation, lag
    return found


def _returns(bars: pl.DataFrame, first: datetime, last: datetime, interval: Interval) -> np.ndarray:
    """Changes of the close between neighbouring bars, from one open to another; NaN where there are no two."""
    grid = pl.datetime_range(first, last, interval.length or "1mo", time_unit="us", eager=True).cast(TIME)
    change = (pl.col("close") / pl.col("close").shift(1)).log()
    is_next = pl.col("open_time").diff() == interval.length
    changes = bars.select("open_time", pl.when(is_next).then(change).alias("change"))
    joined = grid.alias("open_time").to_frame().join(changes, on="open_time", how="left", maintain_order="left")
    return joined["change"].fill_null(float("nan")).to_numpy()


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's; 0 where one of them does not move."""
    ours, theirs = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((ours @ ours) * (theirs @ theirs)))
    return float(ours @ theirs) / scale if scale > 0 else 0.0


def _instant(value: object) -> datetime:
    assert isinstance(value, datetime)  # noqa: S101 # nosec B101 # a column of times
    return value
