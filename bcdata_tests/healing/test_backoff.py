"""Pauses that grow, and an end to asking."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bcdata.healing.backoff import FIRST, LONGEST, MOST_TRIES, is_due, pause
from bcdata.store.state.requests import Request

NOW = datetime(2025, 3, 1, tzinfo=UTC)
tries = st.integers(1, 200)
waits = st.timedeltas(timedelta(0), timedelta(days=60))


@given(tries)
def test_pauses_grow_up_to_the_longest(n: int) -> None:
    assert FIRST <= pause(n) <= pause(n + 1) <= LONGEST
    assert pause(n) < pause(n + 1) or pause(n) == LONGEST


def test_the_pauses() -> None:
    hours = [pause(n) / timedelta(hours=1) for n in range(1, 7)]
    assert hours == [1, 4, 16, 64, 168, 168]


@given(tries, waits)
def test_another_cause_is_due_at_once(n: int, waited: timedelta) -> None:
    assert is_due(None, "a", NOW)
    assert is_due(Request(NOW - waited, n, "a"), "b", NOW)


@given(tries, waits)
def test_the_same_cause_is_due_after_its_pause_and_not_for_ever(n: int, waited: timedelta) -> None:
    due = is_due(Request(NOW - waited, n, "a"), "a", NOW)
    assert due == (n < MOST_TRIES and waited >= pause(n))
