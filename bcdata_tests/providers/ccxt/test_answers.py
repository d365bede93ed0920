"""What an answer proves: nothing before its first row and after its last one; holes between, if it omits empty bars."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.interval import EPOCH, Interval
from bcdata.providers.ccxt.answers import CcxtPage, body_of, proven, rows_of
from bcdata.windows import Window, union

MINUTE = Interval.parse("1m")
LENGTH = timedelta(minutes=1)
START = datetime(2024, 1, 1, tzinfo=UTC)
LAST = [253_402_300_740_000, 1, 1, 1, 1, 1]
"""The last minute of the year 9999."""
HOUR = Window(START, START + 60 * LENGTH)


def at(minute: int, volume: float | None = 1.0) -> list[Any]:
    return [(START + minute * LENGTH - EPOCH) // timedelta(milliseconds=1), 1.0, 1.0, 1.0, 1.0, volume]


def minutes(windows: list[Window]) -> set[int]:
    return {minute for minute in range(-60, 120) for one in windows if START + minute * LENGTH in one}


@given(volumes=st.dictionaries(st.integers(-30, 90), st.sampled_from([1.0, 0.0, None])), seed=st.randoms())
def test_minutes_that_are_proven(volumes: dict[int, float | None], seed: Any) -> None:
    rows = [at(minute, volume) for minute, volume in volumes.items()]
    seed.shuffle(rows)
    found = proven(rows, MINUTE, HOUR)
    assert union(found) == sorted(found, key=lambda one: one.start), "they do not overlap"
    there = set(volumes)
    between = set(range(min(there), max(there) + 1)) if there else set()
    expected = there if 0.0 in volumes.values() else between
    assert minutes(found) == expected & set(range(60))


def test_rows_that_tell_no_time_or_lie_off_the_grid_prove_nothing() -> None:
    odd = [
        None,
        [],
        ["x"],
        [True],
        [-60_000],
        [at(70)[0] + 7, 1, 1, 1, 1, 1],
        [10**30],
        LAST,
    ]
    assert proven(odd, MINUTE, Window(EPOCH, HOUR.end + timedelta(days=1))) == []
    assert minutes(proven([*odd, at(5), at(7)], MINUTE, HOUR)) == {5, 6, 7}


def test_a_body_keeps_what_was_sent() -> None:
    text = '{"data": [["1", "2.50"]], "note": "né"}'
    body = body_of({"exchange": "bitstamp"}, [at(0), at(1, 1e-7)], [CcxtPage("/ohlc?step=60", text)])
    assert json.loads(body)["sent"] == [{"url": "/ohlc?step=60", "body": text}]
    assert rows_of(body) == [[at(0)[0], "1.0", "1.0", "1.0", "1.0", "1.0"], [at(1)[0], *["1.0"] * 4, "1e-07"]]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"rows":{}}', b"[" * 100_000, b"\xff"])
def test_what_is_no_body(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"it is|it has"):
        rows_of(body)
