"""Missing settlements: what the interval in force expects and nobody has, and what an answer says of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from bcdata.bars.gaps import Reason, Status
from bcdata.bars.schema import FUNDING, LEDGER
from bcdata.bars.settlements import missing_settlements, settlement_ledger, silent
from bcdata.windows import Window
from bcdata_tests.run import utc

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
WEEK = Window(utc("2025-01-01"), utc("2025-01-08"))
intervals = st.sampled_from([1, 2, 4, 8])


def settled(times: Sequence[datetime], hours: Sequence[int | None]) -> pl.DataFrame:
    return pl.DataFrame({"time": times, "funding_rate": 1e-4, "interval_hours": hours}, schema=FUNDING)


def every(hours: int, window: Window = WEEK) -> list[datetime]:
    return [window.start + at * hours * HOUR for at in range((window.end - window.start) // (hours * HOUR))]


@given(intervals, st.data())
def test_what_is_there_and_what_is_missing_make_the_whole(hours: int, data: st.DataObject) -> None:
    times = every(hours)
    kept = data.draw(st.lists(st.sampled_from(times), min_size=1, unique=True).map(sorted))
    missing = missing_settlements(settled(kept, [hours] * len(kept)), WEEK)
    assert missing["open_time"].to_list() == [at for at in times if at not in kept]
    ledger = settlement_ledger(missing, [])
    assert ledger.schema == LEDGER
    assert ledger["bars"].sum() == missing.height
    # Neighbours are one run, and no run reaches over a settlement that is there.
    runs = list(zip(ledger["start"], ledger["end"], strict=True))
    assert all(later[0] - earlier[1] > hours * HOUR for earlier, later in pairwise(runs))
    assert not any(first <= at <= last for first, last in runs for at in kept)


@given(intervals, st.integers(2, 19))
def test_one_that_nobody_states_the_interval_of_is_missed_too(hours: int, lost: int) -> None:
    """REST states none: the spacing on the other side tells that this one is too wide."""
    times = every(hours)
    kept = [at for at in times if at != times[lost]]
    assert missing_settlements(settled(kept, [None] * len(kept)), WEEK)["open_time"].to_list() == [times[lost]]


def test_where_nothing_is_known_every_eight_hours() -> None:
    assert missing_settlements(settled([], []), WEEK)["open_time"].to_list() == every(8)


@given(intervals, intervals, st.integers(1, 20), st.booleans())
def test_a_change_of_interval_is_none_missing(before: int, after: int, day: int, is_late: bool) -> None:
    """Whether the settlement at the change is labelled with the old interval or the new one."""
    change = WEEK.start + (day % 6 + 1) * 24 * HOUR
    old = every(before, WEEK.until(change))
    new = every(after, Window(change, WEEK.end))
    hours = [before] * len(old) + [before if is_late else after] + [after] * (len(new) - 1)
    assert missing_settlements(settled([*old, *new], hours), WEEK).is_empty()


def test_an_extra_settlement_is_none_too_many() -> None:
    times = sorted([*every(8), WEEK.start + 12 * HOUR])
    assert missing_settlements(settled(times, [8] * len(times)), WEEK).is_empty()


def test_what_is_not_due_is_not_missing() -> None:
    times = every(8)
    known = WEEK.until(times[3] + HOUR)
    assert missing_settlements(settled(times, [8] * len(times)), known).is_empty()
    assert missing_settlements(settled(times[:3], [8] * 3), known)["open_time"].to_list() == [times[3]]
    assert missing_settlements(settled(times[:3], [8] * 3), WEEK.until(times[3])).is_empty()


def test_the_strongest_reason_names_a_settlement_and_splits_the_run() -> None:
    times = every(8)
    proved = Reason(Window(times[4], times[6]), Status.UPSTREAM, "an answer")
    gaps = settlement_ledger(missing_settlements(settled(times[:3], [8] * 3), WEEK.until(times[8])), [proved])
    assert gaps.select("start", "end", "bars", "status", "evidence").rows() == [
        (times[3], times[3], 1, "open", "unknown so far (every 8 h)"),
        (times[4], times[5], 2, "upstream", "an answer (every 8 h)"),
        (times[6], times[7], 2, "open", "unknown so far (every 8 h)"),
    ]


@given(st.lists(st.integers(-5, 200).map(lambda at: WEEK.start + at * MINUTE), max_size=6))
def test_a_span_is_silent_but_where_an_unusable_row_came(unusable: list[datetime]) -> None:
    span = Window(WEEK.start, WEEK.start + 120 * MINUTE)
    windows = silent(span, unusable)
    minutes = [span.start + at * MINUTE for at in range(-1, 122)]
    said = [at for at in minutes if any(at in window for window in windows)]
    assert said == [at for at in minutes if at in span and at not in unusable]
