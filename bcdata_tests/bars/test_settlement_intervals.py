"""The interval in force at a settlement follows from the settlements up to it, and from nothing later."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.interval import settlement_intervals

HOUR = 3_600_000_000
CASES: dict[str, tuple[list[float], list[int | None]]] = {
    "every 8": ([0, 8, 16, 24], [None, 8, 8, 8]),
    "every 4, the first of a listing": ([0, 4, 8], [None, 4, 4]),
    "8 to 4": ([0, 8, 16, 20, 24], [None, 8, 8, 4, 4]),
    "8 to 1": ([0, 8, 9, 10], [None, 8, 1, 1]),
    "4 to 2": ([0, 4, 6, 8], [None, 4, 2, 2]),
    "1 to 4, on the old spacing": ([0, 1, 2, 6, 10], [None, 1, 1, 4, 4]),
    "1 to 4, off it": ([0, 1, 2, 4, 8, 12], [None, 1, 1, 2, 4, 4]),
    "4 to 8": ([0, 4, 8, 16, 24], [None, 4, 4, 8, 8]),
    "an extra one on the hour": ([0, 8, 10, 16, 24], [None, 8, 2, 8, 8]),
    "an extra one off the hour": ([0, 8, 10.5, 16, 24], [None, 8, 8, 8, 8]),
    "an extra one three hours later": ([0, 8, 11, 16, 24], [None, 8, 8, 8, 8]),
    "one missing in 8": ([0, 8, 24, 32], [None, 8, 8, 8]),
    "one missing in 4": ([0, 4, 12, 16], [None, 4, 8, 4]),
    "two missing in 4": ([0, 4, 16, 20], [None, 4, 4, 4]),
    "one alone": ([0], [None]),
}


def intervals(hours: Sequence[float], stated: Sequence[int | None] | None = None) -> list[int | None]:
    times = [int(hour * HOUR) for hour in hours]
    return settlement_intervals(times, stated or [None] * len(times))


@pytest.mark.parametrize("case", CASES)
def test_cases(case: str) -> None:
    hours, expected = CASES[case]
    assert intervals(hours) == expected


def test_what_the_file_states_counts_where_no_settlement_before_tells() -> None:
    assert intervals([0, 8, 16], [4, 4, 4]) == [4, 8, 8]
    assert intervals([0, 3, 6], [4, 8, 8]) == [4, 4, 4], "that of the settlement before it goes first"
    assert intervals([0, 3], [None, 4]) == [None, 4]


@given(st.sets(st.integers(0, 200)).map(sorted), st.data())
def test_nothing_later_is_read(halves: list[int], data: st.DataObject) -> None:
    stated = data.draw(st.lists(st.sampled_from([None, 1, 4, 8]), min_size=len(halves), max_size=len(halves)))
    whole = intervals([half / 2 for half in halves], stated)
    for count in range(len(halves) + 1):
        assert intervals([half / 2 for half in halves[:count]], stated[:count] or None) == whole[:count]
