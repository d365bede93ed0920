"""Two features of one's own: `bcdata features check docs/examples/my_features.py` proves them."""

import numpy as np

from bcdata.features.registry import Family
from bcdata.features.rolling import rolling_mean, rolling_sum
from bcdata.features.table.grid import FloatArray, Grid, log_ratio

FAMILY = Family("My features", 100)


@FAMILY.feature(
    warm_up=lambda n: n - 1,
    inputs=("high", "low"),
    parameters={"n": 30},
    formula="mean of ln(h/l) over n bars",
    source="own",
    unit="ln",
    range=(0.0, np.inf),
    scale_tolerance=1e-9,
)
def mean_range_30(bars: Grid, *, n: int) -> FloatArray:
    """How far a bar reaches on average, as a log ratio."""
    return rolling_mean(log_ratio(bars["high"], bars["low"]), n, first=bars.first)


@FAMILY.feature(
    warm_up=lambda n: n,
    inputs=("close", "volume"),
    parameters={"n": 60},
    formula="share of the volume of n bars that was traded while the price rose",
    source="own",
    unit="share",
    range=(0.0, 1.0),
    scale_tolerance=1e-9,
)
def rising_volume_60(bars: Grid, *, n: int) -> FloatArray:
    """How much of the volume came with rising prices."""
    volume = np.where(np.isfinite(bars.returns), bars["volume"], np.nan)
    rising = np.where(bars.returns > 0, volume, np.where(np.isfinite(volume), 0.0, np.nan))
    traded = rolling_sum(volume, n, first=bars.first)
    return np.minimum(rolling_sum(rising, n, first=bars.first) / np.where(traded > 0, traded, np.nan), 1.0)
