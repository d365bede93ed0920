"""Splits within what features read: bars before one are in other shares than those after it. Pure.

A partition is computed in stretches, each in its own shares: what was split by its first session is undone in the bars
before, and what is split later is not known yet. So no feature looks ahead, and a stretch has the same bits whichever
partition it is computed with.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import numpy as np
import polars as pl

from bcdata.features.table.context import FeatureContext, FloatArray, IntArray, Panel, SplitAt
from bcdata.features.table.grid import microseconds
from bcdata.windows import Window

_PRICES = ("open", "high", "low", "close", "vwap")
_VOLUMES = ("volume", "taker_buy_volume")


def stretches(window: Window, splits: Mapping[str, Sequence[SplitAt]]) -> list[Window]:
    """The window cut wherever any symbol's shares are split."""
    cuts = sorted({one.at for each in splits.values() for one in each if window.start < one.at < window.end})
    edges = [window.start, *cuts, window.end]
    return [Window(first, last) for first, last in pairwise(edges)]


def in_shares_of(bars: pl.DataFrame, splits: Sequence[SplitAt], instant: datetime) -> pl.DataFrame:
    """The bars with prices and volumes in the shares that there are at an instant; later ones stay as they are.

    Splits are undone from the latest to the earliest, so that bits do not depend on how far back bars reach.

    Args:
        bars: raw, with `open_time` (UTC).
        splits: of their symbol, in any order.
        instant: what is split after it changes nothing.
    """
    names = bars.collect_schema().names()
    prices, volumes = ([name for name in some if name in names] for some in (_PRICES, _VOLUMES))
    for one in sorted(splits, reverse=True):
        if one.at <= instant:
            old = pl.col("open_time") < one.at
            bars = bars.with_columns(
                *(pl.when(old).then(pl.col(name) / one.ratio).otherwise(name).alias(name) for name in prices),
                *(pl.when(old).then(pl.col(name) * one.ratio).otherwise(name).alias(name) for name in volumes),
            )
    return bars


def in_shares_at_end(
    bars: pl.DataFrame, splits: Sequence[SplitAt], floor: Callable[[datetime], datetime]
) -> pl.DataFrame:
    """The bars that coarser ones are made of, each in the shares that there are when its coarser bar ends.

    Args:
        bars: raw, with `open_time` (UTC).
        splits: of their symbol, in any order.
        floor: takes an instant, gives the open of the coarser bar that holds it.
    """
    for one in sorted(splits, reverse=True):
        is_inside = pl.col("open_time") >= floor(one.at)
        inside, before = bars.filter(is_inside), bars.filter(~is_inside)
        bars = pl.concat([before, in_shares_of(inside, [one], one.at)])
    return bars


def around_in_shares_of(around: FeatureContext, instant: datetime) -> FeatureContext:
    """What a symbol's features look at besides its own bars, each in its shares at an instant."""
    if not any(around.splits.values()):
        return around
    reference = around.reference
    if reference is not None:
        reference = in_shares_of(reference, around.splits.get(around.reference_symbol, ()), instant)
    return replace(
        around, reference=reference, universe=around.universe and _panel(around.universe, around.splits, instant)
    )


def _panel(panel: Panel, splits: Mapping[str, Sequence[SplitAt]], instant: datetime) -> Panel:
    closes = panel.closes.copy()
    for row, symbol in enumerate(panel.symbols):
        for one in sorted(splits.get(symbol, ()), reverse=True):
            if one.at <= instant:
                closes[row, panel.opens < microseconds(one.at)] /= one.ratio
    return Panel(panel.opens, panel.symbols, closes, panel.explained, panel.known)


def unsplit_before(before: FloatArray, opens: IntArray, splits: Sequence[SplitAt]) -> FloatArray:
    """Values of the bar before each of some opens (µs), in the shares of the bar itself."""
    found = before.copy()
    for one in splits:
        first = int(np.searchsorted(opens, microseconds(one.at)))
        if 0 < first < opens.size:
            found[first] /= one.ratio
    return found
