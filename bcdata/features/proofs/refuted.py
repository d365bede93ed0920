"""A promise that was not kept, with the bar at which that shows first."""

from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from bcdata.features.table.grid import FloatArray


class RefutedError(AssertionError):
    """A proof failed.

    Attributes:
        at: the open of the first bar that shows it (UTC); None where no single bar does.
    """

    def __init__(self, words: str, at: datetime | None = None) -> None:
        super().__init__(words)
        self.at = at


def require(holds: bool, words: str, at: datetime | None = None) -> None:
    """Refutes where something does not hold."""
    if not holds:
        raise RefutedError(words, at)


def same_bits(actual: FloatArray, expected: FloatArray, opens: pl.Series | None = None) -> None:
    """Both have the same values, to the last bit.

    Args:
        actual: the values of the trial.
        expected: those of the whole.
        opens: the opens of their bars, to name the first that differs.
    """
    require(actual.size == expected.size, f"{actual.size} rows instead of {expected.size}")
    bits = (np.ascontiguousarray(values, dtype=np.float64).view(np.int64) for values in (actual, expected))
    _none_differs(np.not_equal(*bits), actual, expected, opens)


def close_to(
    actual: FloatArray, expected: FloatArray, relative: float, absolute: float, opens: pl.Series | None = None
) -> None:
    """Both have the same nulls, and values that differ by no more than `absolute` + `relative` · |expected|."""
    near = np.isclose(actual, expected, rtol=relative, atol=absolute, equal_nan=True)
    _none_differs(~near, actual, expected, opens)


def _none_differs(
    differ: npt.NDArray[np.bool_], actual: FloatArray, expected: FloatArray, opens: pl.Series | None
) -> None:
    if differ.any():
        row = int(differ.argmax())
        words = f"{differ.sum():,} of {differ.size:,} rows differ, the first (row {row}) is {_said(actual[row])}"
        raise RefutedError(f"{words} instead of {_said(expected[row])}", opens[row] if opens is not None else None)


def _said(value: float) -> str:
    return "null" if np.isnan(value) else repr(float(value))
