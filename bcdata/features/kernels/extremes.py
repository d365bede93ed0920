"""The largest of the last n values, and how long ago it was. As `sums`, whose words hold here."""

import numpy as np

from bcdata.features.grid import FloatArray, IntArray
from bcdata.features.kernels import compiled


@compiled
def _count(values: FloatArray, border: int, n: int, allowed: int, counts: IntArray) -> bool:
    """For each bar of the block how many values its window has, 0 where that is too few. Whether none is missing."""
    there = 0
    seen = values[max(border - n, 0) : border + n]
    for k in range(seen.size):
        there += abs(seen[k]) < np.inf
    if there == 2 * n:
        return True
    held = 0
    for row in range(max(border - n + 1, 0), border):
        held += np.isfinite(values[row])
    for row in range(border, min(border + n, values.size)):
        held += np.isfinite(values[row])
        oldest = row >= n - 1 and np.isfinite(values[row - n + 1])
        counts[row - border] = held if oldest and held >= n - allowed else 0
        held -= oldest
    return False


@compiled
def _climb(part: FloatArray, highest: FloatArray) -> None:
    """The largest of the first 1, 2, .. values."""
    top = -np.inf
    for k in range(part.size):
        value = part[k] if abs(part[k]) < np.inf else -np.inf
        top = max(top, value)
        highest[k] = top


@compiled
def _larger(near: FloatArray, far: FloatArray, out: FloatArray) -> None:
    """The larger of both sides."""
    for j in range(out.size):
        out[j] = max(far[j], near[j])


@compiled
def maxima(values: FloatArray, n: int, first: int, allowed: int) -> FloatArray:
    """The largest value that is there, a zero without a sign; one per row."""
    out = np.full(values.size, np.nan)
    near, far, counts = np.zeros(n), np.full(n, -np.inf), np.zeros(n, dtype=np.int64)
    for border in range(-first % n, values.size, n):
        whole = _count(values, border, n, allowed, counts)
        low, end = max(border - n + 1, 0), min(border + n, values.size)
        _climb(values[low:border][::-1], far[n - 1 - border + low : n - 1][::-1])
        _climb(values[border:end], near)
        _larger(near, far, out[border:end])
        for j in range(0 if whole else end - border):
            if counts[j] == 0:
                out[border + j] = np.nan
    return out


@compiled
def ages(values: FloatArray, n: int, first: int, allowed: int) -> FloatArray:
    """Bars since the largest value that is there, 0 for this bar; of equal ones the newest counts."""
    out = np.full(values.size, np.nan)
    newest, highest = np.zeros(n, dtype=np.int64), np.full(n, -np.inf)
    counts = np.zeros(n, dtype=np.int64)
    for border in range(-first % n, values.size, n):
        whole = _count(values, border, n, allowed, counts)
        top, at, held = -np.inf, 0, min(n - 1, border)
        behind = values[border - held : border][::-1]
        for k in range(held):
            larger = abs(behind[k]) < np.inf and behind[k] > top
            top, at = (behind[k], -1 - k) if larger else (top, at)
            highest[n - 2 - k], newest[n - 2 - k] = top, at
        top, at = -np.inf, 0
        part, wanted = values[border : border + n], out[border : border + n]
        for j in range(part.size):
            larger = abs(part[j]) < np.inf and part[j] >= top
            top, at = (part[j], j) if larger else (top, at)
            age = j - (at if top >= highest[j] else newest[j])
            wanted[j] = age if whole or counts[j] else np.nan
    return out
