"""How many rows lie in runs of rows that were set aside, against a plain count."""

from datetime import timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from bcdata.frames.schema import TIME
from bcdata.ledger.set_aside import _run, within_runs
from bcdata_tests.make import START

MINUTE = timedelta(minutes=1)
EDGES = st.tuples(st.integers(-3, 25), st.integers(0, 6))


@given(st.sets(st.integers(0, 20)), st.lists(EDGES, max_size=6))
def test_a_row_counts_once_however_many_runs_it_is_in(minutes: set[int], edges: list[tuple[int, int]]) -> None:
    times = pl.Series([START + at * MINUTE for at in sorted(minutes)], dtype=TIME)
    spans = [(START + first * MINUTE, START + (first + more) * MINUTE) for first, more in edges]
    runs = [_run(start, end, "grid", None) for start, end in spans]
    inside = {at for at in minutes for first, more in edges if first <= at <= first + more}
    assert within_runs(times, runs) == len(inside)
