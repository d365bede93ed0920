"""Sheets of small plots: how features run over time, how they are distributed, how they go together. matplotlib.

The same values give the same bytes with the same matplotlib: no date is written, and identifiers are salted alike.
"""

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bcdata.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FloatArray = npt.NDArray[np.float64]
_BLUE, _BAND, _GREY = "#0072b2", "#9ecae1", "#59636e"
_POINTS, _BINS = 372, 60


def sheet(times: npt.NDArray[np.datetime64], columns: Mapping[str, FloatArray], units: Mapping[str, str]) -> bytes:
    """One row a feature as PNG: median and range over time, and how values are distributed.

    Args:
        times: opens, ascending, UTC.
        columns: one value per open by feature; NaN where null.
        units: what a value is counted in.
    """
    figure = _figure(len(columns), 0.95)
    high = figure.get_figheight()
    # Fixed margins in inches: a layout that looks for them costs as much as the drawing.
    figure.subplots_adjust(left=0.05, right=0.99, bottom=0.25 / high, top=1 - 0.2 / high, hspace=0.6, wspace=0.03)
    grid = figure.subplots(len(columns), 2, width_ratios=[5, 1], squeeze=False)
    for (name, values), (left, right) in zip(columns.items(), grid, strict=True):
        _band(left, times, values)
        left.set_title(f"{name}  ·  {units.get(name, '')}", loc="left", fontsize=7)
        _distribution(right, values)
    return _png(figure)


def correlations(columns: Mapping[str, FloatArray]) -> bytes:
    """Rank correlations (Spearman's) of all pairs as PNG, over the rows where both are there."""
    names = list(columns)
    figure = _figure(len(names), 0.16, wide=0.16 * len(names) + 2.5)
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    image = axes.imshow(rank_correlations(list(columns.values())), vmin=-1, vmax=1, cmap="RdBu_r")
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=5)
    axes.set_yticks(range(len(names)), names, fontsize=5)
    axes.set_title("Rank correlations", loc="left", fontsize=8)
    figure.colorbar(image, shrink=0.4).ax.tick_params(labelsize=5)
    return _png(figure)


def rank_correlations(columns: list[FloatArray]) -> FloatArray:
    """Spearman's correlation of each pair; a column's nulls get its middle rank, NaN for columns without any spread."""
    ranked = [_ranks(values) for values in columns]
    with np.errstate(all="ignore"):
        found: FloatArray = np.corrcoef(ranked)
    return found


def _ranks(values: FloatArray) -> FloatArray:
    there = np.isfinite(values)
    ordered, place, counts = np.unique(values[there], return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2 if ordered.size else counts.astype(np.float64)
    ranks = np.zeros(values.size)
    ranks[there] = middle[place] - middle[place].mean() if ordered.size else 0.0
    return ranks


def _band(axes: "Axes", times: npt.NDArray[np.datetime64], values: FloatArray) -> None:
    """Median and range of some hundred stretches."""
    import warnings

    each = -(-times.size // _POINTS)
    padded = np.append(values, np.full(-times.size % each, np.nan)).reshape(-1, each)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a stretch without any value has no median
        low, middle, high = (f(padded, axis=1) for f in (np.nanmin, np.nanmedian, np.nanmax))
    at = times[::each]
    axes.fill_between(at, low, high, color=_BAND, linewidth=0)
    axes.plot(at, middle, color=_BLUE, linewidth=0.6)
    axes.margins(x=0)


def _distribution(axes: "Axes", values: FloatArray) -> None:
    """A histogram between the first and the last thousandth; what lies beyond is in the outer bins."""
    present = values[np.isfinite(values)]
    if present.size:
        low, high = np.quantile(present, [0.001, 0.999])
        counts, edges = np.histogram(np.clip(present, low, high), bins=_BINS)
        axes.stairs(counts, edges, fill=True, color=_BLUE)
    axes.set_yticks([])


def _figure(rows: int, tall: float, *, wide: float = 9.0) -> "Figure":
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise UsageError("pictures need matplotlib; install bcdata[pictures]") from None
    return Figure(figsize=(wide, max(1.5, tall * rows + 0.4)))


def _png(figure: "Figure") -> bytes:
    for axes in figure.axes:
        axes.tick_params(labelsize=5, colors=_GREY)
        for spine in axes.spines.values():
            spine.set(linewidth=0.4, color=_GREY)
    body: Any = io.BytesIO()
    figure.savefig(body, format="png", dpi=100, metadata={"Software": None})
    image: bytes = body.getvalue()
    return image
