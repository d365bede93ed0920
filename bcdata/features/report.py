"""What a partition's feature table looks like, feature by feature: enough to see that something is wrong. Pure."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta

import numpy as np
import polars as pl

from bcdata.features.grid import FloatArray

TRAILING = timedelta(days=30)
"""Drift is measured against the values of so long before the partition."""
QUANTILES = {"q01": 0.01, "q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95, "q99": 0.99}
REPORT = pl.Schema(
    {
        "feature": pl.String(),
        "rows": pl.Int64(),
        "nulls": pl.Int64(),
        "leading_nulls": pl.Int64(),
        "infinities": pl.Int64(),
        "clipped": pl.Int64(),
        "constant_run": pl.Int64(),
        "mean": pl.Float64(),
        "std": pl.Float64(),
        "min": pl.Float64(),
        **{name: pl.Float64() for name in QUANTILES},
        "max": pl.Float64(),
        "psi": pl.Float64(),
        "hash": pl.String(),
    }
)
"""One row per feature.

`leading_nulls` stand before the first value: warm-up that was not there. `infinities` counts what is not finite and
not null; the gate lets none pass. `constant_run` is the longest run of rows with one value. `psi` is the population
stability index against the trailing 30 days. `hash` is of the values' bits.
"""

_KEYS = ("open_time", "known_at")
_FEWEST, _BINS, _LEAST_SHARE = 100, 10, 1e-4


def feature_report(
    table: pl.DataFrame, trailing: pl.DataFrame | None = None, *, clipped: Mapping[str, int] | None = None
) -> pl.DataFrame:
    """The report on a feature table.

    Args:
        table: `open_time`, `known_at`, then one Float64 per feature.
        trailing: the features of the 30 days before; a column that it lacks has no drift.
        clipped: values that were clipped, by feature.

    Returns:
        A frame of `REPORT`, features in the table's order.
    """
    names = [name for name in table.columns if name not in _KEYS]
    rows = []
    for name in names:
        before = trailing[name] if trailing is not None and name in trailing.columns else None
        rows.append({**_row(table[name], before), "clipped": (clipped or {}).get(name, 0)})
    return pl.DataFrame(rows, schema=REPORT)


def _row(column: pl.Series, trailing: pl.Series | None) -> dict[str, float | int | str | None]:
    values = column.to_numpy()
    present = values[np.isfinite(values)]
    ordered = np.sort(present)
    there = np.flatnonzero(np.isfinite(values))
    return {
        "feature": column.name,
        "rows": values.size,
        "nulls": column.null_count(),
        "leading_nulls": int(there[0]) if there.size else values.size,
        "infinities": values.size - present.size - column.null_count(),
        "constant_run": longest_constant_run(values),
        "mean": float(present.mean()) if present.size else None,
        "std": float(present.std(ddof=1)) if present.size > 1 else None,
        "min": float(ordered[0]) if present.size else None,
        **{name: float(np.quantile(ordered, share)) if present.size else None for name, share in QUANTILES.items()},
        "max": float(ordered[-1]) if present.size else None,
        "psi": None if trailing is None else stability(ordered, np.sort(_finite(trailing))),
        "hash": hashlib.sha256(values.astype("<f8").tobytes()).hexdigest()[:16],
    }


def longest_constant_run(values: FloatArray) -> int:
    """The length of the longest run of neighbouring rows with one and the same value; NaN is no value."""
    if values.size == 0:
        return 0
    borders = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1], [True]]))
    lengths = np.diff(borders)[np.isfinite(values[borders[:-1]])]
    return int(lengths.max(initial=0))


def stability(values: FloatArray, before: FloatArray) -> float | None:
    """The population stability index: Σ (p - q)·ln(p / q) over the bins that tenths of `before` make.

    0 where both are distributed alike; above 0.25 is commonly called a shift (Siddiqi 2006, ch. 10). An empty bin
    counts as a share of 1e-4.

    Args:
        values: finite, ascending.
        before: finite, ascending.

    Returns:
        The index; None with fewer than a hundred values on either side.
    """
    if min(values.size, before.size) < _FEWEST:
        return None
    edges = np.unique(np.quantile(before, np.linspace(0, 1, _BINS + 1)[1:-1]))
    p, q = (np.maximum(_shares(part, edges), _LEAST_SHARE) for part in (values, before))
    return float(((p - q) * np.log(p / q)).sum())


def _shares(ordered: FloatArray, edges: FloatArray) -> FloatArray:
    """The share of values in each bin: up to the first edge, then up to the next, then the rest."""
    counted = np.searchsorted(ordered, edges, side="right")
    shares: FloatArray = np.diff(np.concatenate([[0], counted, [ordered.size]])) / ordered.size
    return shares


def _finite(column: pl.Series) -> FloatArray:
    values: FloatArray = column.to_numpy()
    return values[np.isfinite(values)]
