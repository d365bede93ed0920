"""Variants of a feature against its own past: distance in deviations, and rank. Made on request, for any feature.

The past of bar t is [t-n, t-1], never t itself and never the whole history. A variant stands beside the feature, which
keeps its raw value.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bcdata.features.feature import Feature
from bcdata.features.rolling import EPS, rolling_moments, sorted_window
from bcdata.features.table.grid import FloatArray, Grid, lag

TAIL = 0.01
"""Quantile on either side within which values are held before their distance is taken, unless stated."""


def z_score(feature: Feature, n: int, tail: float | None = None) -> Feature:
    """`<feature>_z_<n>`: distance from the mean of the n bars before, in their standard deviations (ddof 1).

    What has no bounds on both sides is first held within the `tail` and 1 - `tail` quantiles of those same bars. Null
    where they are flat, where the oldest of them has no value, or more than a tenth of them.
    """
    cut = None if feature.bounded else tail or TAIL
    held = "x" if cut is None else f"x held within the {cut:g} and {1 - cut:g} quantiles of the same bars"

    def function(bars: Grid, **_: object) -> FloatArray:
        moments = rolling_moments(feature.values(bars), n, first=bars.first)
        sigma = np.sqrt(moments.squares / (moments.present - 1))
        sigma = np.where(sigma > 8 * EPS * np.abs(moments.mean), sigma, np.nan)
        values = feature.values(bars) if cut is None else np.clip(feature.values(bars), *_cuts(bars, feature, n, cut))
        distance: FloatArray = (values - lag(moments.mean, 1)) / lag(sigma, 1)
        return distance

    def clipped(bars: Grid, **_: object) -> npt.NDArray[np.bool_]:
        low, high = _cuts(bars, feature, n, cut or TAIL)
        values = feature.values(bars)
        return (values < low) | (values > high)

    return replace(
        _variant(feature, f"z_{n}", n, cut or 0.0),
        description=f"Distance of {feature.name} from the {n} bars before it, in their deviations",
        formula=f"(x - m) / s of the {n} bars before; {held}",
        unit="standard deviations",
        range=None,
        function=function,
        clipped=None if cut is None else clipped,
    )


def rank(feature: Feature, n: int) -> Feature:
    """`<feature>_rank_<n>`: the share of the n bars before whose value it exceeds, equal ones counted half."""

    def function(bars: Grid, **_: object) -> FloatArray:
        return sorted_window(feature.values(bars), n + 1, max_missing=n // 10).rank

    return replace(
        _variant(feature, f"rank_{n}", n, 0.0),
        description=f"Rank of {feature.name} among the {n} bars before it",
        formula=f"share of the {n} bars before with a smaller value, equal ones counted half",
        unit="share of the bars before",
        range=(0.0, 1.0),
        function=function,
    )


def _variant(feature: Feature, ending: str, n: int, tail: float) -> Feature:
    """What both kinds share. A definition that restarts each day is looked up on earlier days, each by itself."""
    anchored = feature.anchor is not None
    return replace(
        feature,
        name=f"{feature.name}_{ending}",
        warm_up=feature.warm_up if anchored else feature.warm_up + n,
        lookback=n if anchored else 0,
        parameters=(*feature.parameters, ("normal_n", n), ("normal_tail", tail)),
        warm_up_of=None,
        range_of=None,
        limits_of=None,
        price_degree=0.0,
        volume_degree=0.0,
        scale_tolerance=1e-6,
    )


def _cuts(bars: Grid, feature: Feature, n: int, tail: float) -> tuple[FloatArray, FloatArray]:
    """The quantiles of the n bars before, on every row."""

    def make() -> tuple[FloatArray, FloatArray]:
        low, high = sorted_window(feature.values(bars), n, rank=False, quantiles=(tail, 1 - tail)).quantiles
        return lag(low, 1), lag(high, 1)

    return bars.shared(("cuts", feature.name, n, tail), make)
