"""Runs of a column of several chunks are reduced to the same bits as those of one chunk."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from bcdata.bars.sums import reduced

NUMBERS = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60)


@given(st.lists(NUMBERS, min_size=1, max_size=5), st.data())
def test_chunks_make_no_difference(chunks: list[list[float]], data: st.DataObject) -> None:
    column = pl.concat([pl.Series(one, dtype=pl.Float64) for one in chunks], rechunk=False)
    rows = len(column)
    starts = data.draw(st.sets(st.integers(0, rows - 1), max_size=rows))
    first = np.array(sorted({0, *starts}), dtype=np.int64)
    for how in (np.add, np.maximum, np.minimum):
        whole = how.reduceat(column.rechunk().to_numpy(), first)
        assert reduced(how, column, first).tobytes() == whole.tobytes()


def test_long_runs_over_chunks() -> None:
    dice = np.random.default_rng(1)
    parts = [pl.Series(dice.lognormal(0, 3, size)) for size in (10_007, 1, 65_536, 3)]
    column = pl.concat(parts, rechunk=False)
    assert column.n_chunks() == 4
    first = np.array([0, 9_000, 10_006, 10_009, 40_000, 75_546], dtype=np.int64)
    assert reduced(np.add, column, first).tobytes() == np.add.reduceat(column.to_numpy(), first).tobytes()
