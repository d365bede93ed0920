"""Candles: every gap of the time that they show is shaded, however many there are."""

import re
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bcdata.pictures.candles import Candle, Shade, candles
from bcdata_tests.run import utc

FIRST, DAY, MINUTE = utc("2023-01-01"), timedelta(days=1), timedelta(minutes=1)
BARS = [Candle(FIRST + day * DAY, 10.0, 12.0, 9.0, 11.0, 5.0) for day in range(365)]
LEFT, RIGHT = 70.0, 950.0


def shaded(shades: list[Shade]) -> list[tuple[float, float]]:
    drawn = candles(BARS, shades, length=DAY, title="x")
    found = re.findall(r'<rect class="gap" x="([\d.]+)" y="\d+" width="([\d.]+)"', drawn)
    return [(float(left), float(left) + float(wide)) for left, wide in found]


@given(st.lists(st.tuples(st.integers(-5_000, 530_000), st.integers(1, 3_000)), max_size=60))
def test_every_gap_is_shaded(gaps: list[tuple[int, int]]) -> None:
    shades = [Shade(FIRST + at * MINUTE, FIRST + (at + long) * MINUTE, "open") for at, long in gaps]
    drawn = shaded(shades)
    for one in shades:
        start, end = (LEFT + (RIGHT - LEFT) * ((instant - FIRST) / (365 * DAY)) for instant in (one.start, one.end))
        if end > LEFT and start < RIGHT:
            assert any(left - 0.1 <= max(start, LEFT) and min(end, RIGHT) <= right + 0.1 for left, right in drawn)


def test_a_hundred_thousand_gaps_are_no_more_than_the_pixels() -> None:
    shades = [Shade(FIRST + at * MINUTE, FIRST + (at + 1) * MINUTE, "no_trades") for at in range(0, 500_000, 5)]
    assert len(shaded(shades)) <= RIGHT - LEFT


def test_reasons_stay_apart_and_what_lies_before_and_after_is_not_drawn() -> None:
    hour = timedelta(hours=1)
    shades = [Shade(FIRST, FIRST + hour, "open"), Shade(FIRST, FIRST + hour, "upstream")]
    assert len(shaded(shades)) == 2
    assert shaded([Shade(FIRST - hour, FIRST, "open"), Shade(FIRST + 365 * DAY, FIRST + 366 * DAY, "open")]) == []
