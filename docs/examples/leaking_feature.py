"""A feature that looks ahead and does not seem to: `bcdata features check docs/examples/leaking_feature.py` tells."""

import numpy as np

from bcdata.features.registry import Family
from bcdata.features.rolling import rolling_mean
from bcdata.features.table.grid import FloatArray, Grid

FAMILY = Family("Leaking", 101)


@FAMILY.feature(
    warm_up=60,
    inputs=("close",),
    formula="(m - mean(m)) / std(m), m = mean of ln(c/c[-1]) over 60 bars",
    source="many a notebook",
    unit="standard deviations",
    scale_tolerance=1e-6,
)
def normalised_momentum(bars: Grid) -> FloatArray:
    """Momentum against its mean and deviation; of the whole column, and there is the leak."""
    momentum = rolling_mean(bars.returns, 60, first=bars.first)
    scored: FloatArray = (momentum - np.nanmean(momentum)) / np.nanstd(momentum)
    return scored
