"""Missing settlements: what the interval in force expects and nobody has, and what an answer says of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.bars.settlements import missing_settlements, settlement_ledger, silent
from bcdata.frames.schema import FUNDING, LEDGER
from bcdata.ledger.ledger import Reason, Status
from bcdata.windows import Window
from bcdata_tests.run import utc

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
WEEK = Window(utc("2025-01-01"), utc("2025-01-08"))
intervals = st.sampled_from([1, 2, 4, 8])


def settled(times: Sequence[datetime], hours: Sequence[int | None]) -> pl.DataFrame:
    return pl.DataFrame({"time": times, "funding_rate": 1e-4, "interval_hours": hours}, schema=FUNDING)


def every(hours: int, window: Window = WEEK) -> list[datetime]:
    return [window.start + at * hours * HOUR for at in range((window.end - window.start) // (hours * HOUR))]


def thinned(times: Sequence[datetime], lengths: Sequence[int]) -> list[datetime]:
    """The settlements without every other run of them, of these lengths."""
    kept, at = [], 0
    for number, length in enumerate(lengths):
        kept += times[at : at + length] if number % 2 == 0 else []
        at += length
    return kept + list(times[at:])


@given(intervals, st.sampled_from([None, 1, 2, 4, 8, 24]), st.lists(st.integers(2, 9), max_size=5))
def test_what_is_there_and_what_is_missing_make_the_whole(hours: int, stated: int | None, lengths: list[int]) -> None:
    """Whatever the source states: two neighbours that are there tell the interval."""
    times = every(hours, Window(WEEK.start, WEEK.start + max(60, 60 * hours) * HOUR))
    whole = Window(WEEK.start, times[-1] + hours * HOUR)
    kept = thinned(times, lengths)
    missing = missing_settlements(settled(kept, [stated] * len(kept)), whole)
    assert missing["open_time"].to_list() == [at for at in times if at not in kept]
    assert set(missing["hours"]) <= {hours}
    ledger = settlement_ledger(missing, [])
    assert ledger.schema == LEDGER
    assert ledger["bars"].sum() == missing.height
    # Neighbours are one run, and no run reaches over a settlement that is there.
    runs = list(zip(ledger["start"], ledger["end"], strict=True))
    assert all(later[0] - earlier[1] > hours * HOUR for earlier, later in pairwise(runs))
    assert not any(first <= at <= last for first, last in runs for at in kept)


@given(st.sampled_from([1, 2, 4]), st.integers(3, 12), st.integers(1, 3))
def test_one_that_is_alone_between_holes_has_the_interval_that_its_file_states(hours: int, at: int, count: int) -> None:
    times = every(hours)
    lost = times[at : at + 2 * count : 2]
    kept = [one for one in times if one not in lost]
    assert missing_settlements(settled(kept, [hours] * len(kept)), WEEK)["open_time"].to_list() == lost


@given(st.sampled_from([2, 4, 8]), st.sampled_from([1, 2, 4]), st.booleans())
def test_a_file_that_states_less_than_comes_makes_no_holes(comes: int, stated: int, is_change: bool) -> None:
    """Also where it states for a whole month what holds since its middle."""
    times = every(comes, WEEK.until(WEEK.start + 96 * HOUR))
    times += every(min(stated, comes) if is_change else comes, Window(WEEK.start + 96 * HOUR, WEEK.end))
    assert missing_settlements(settled(times, [stated] * len(times)), WEEK).is_empty()


@given(st.sampled_from([1, 2, 4]), st.lists(st.integers(3, 9), min_size=2, max_size=2))
def test_a_file_that_states_eight_hours_hides_no_hole(hours: int, edges: list[int]) -> None:
    times = every(hours)
    kept = thinned(times, edges)
    missing = missing_settlements(settled(kept, [8] * len(kept)), WEEK)
    assert missing["open_time"].to_list() == [at for at in times if at not in kept]


@given(st.sampled_from([2, 4, 8]))
def test_a_hole_beside_the_first_or_the_last_one_is_found(hours: int) -> None:
    times = every(hours)
    kept = [times[0], *times[2:-2], times[-1]]
    lost = missing_settlements(settled(kept, [hours] * len(kept)), WEEK)["open_time"].to_list()
    assert lost == [times[1], times[-2]]


def test_the_day_before_tells_the_interval_of_the_first() -> None:
    """The second of the month is missing, and nothing is stated: four hours were in force."""
    day = Window(WEEK.start - 24 * HOUR, WEEK.start)
    times, early = every(4), settled(every(4, day), [None] * 6)
    kept = [times[0], *times[2:]]
    assert missing_settlements(settled(kept, [None] * len(kept)), WEEK, early)["open_time"].to_list() == [times[1]]
    assert missing_settlements(settled([], []), WEEK, early)["open_time"].to_list() == times


@given(intervals, st.integers(2, 19))
def test_one_that_nobody_states_the_interval_of_is_missed_too(hours: int, lost: int) -> None:
    """REST states none: the spacing on the other side tells that this one is too wide."""
    times = every(hours)
    kept = [at for at in times if at != times[lost]]
    assert missing_settlements(settled(kept, [None] * len(kept)), WEEK)["open_time"].to_list() == [times[lost]]


def test_where_nothing_is_known_every_eight_hours() -> None:
    assert missing_settlements(settled([], []), WEEK)["open_time"].to_list() == every(8)


labels = st.sampled_from(["old", "new", "late", "soon", "none", "eight"])


@given(intervals, intervals, st.integers(18, 130), labels)
def test_a_change_of_interval_is_none_missing(before: int, after: int, hour: int, label: str) -> None:
    """At any hour, on the grids of both or not, and whatever the settlements around it are labelled with."""
    change = WEEK.start + (6 + hour) * HOUR
    old = [at for at in every(before) if at < change]
    new = [at for at in every(after) if at >= change]
    hours: dict[str, list[int | None]] = {
        "old": [before] * len(old + new),
        "new": [after] * len(old + new),
        "late": [before] * (len(old) + 1) + [after] * (len(new) - 1),
        "soon": [before] * len(old) + [after] * len(new),
        "none": [None] * len(old + new),
        "eight": [8] * len(old + new),
    }
    assert missing_settlements(settled([*old, *new], hours[label]), WEEK).is_empty()


@given(intervals, st.lists(st.integers(0, 7 * 24 * 60 - 1), min_size=1, max_size=1), st.sampled_from([None, 8]))
def test_an_extra_settlement_is_none_too_many(hours: int, minutes: list[int], stated: int | None) -> None:
    """On the hour or off it, at an edge of the month too."""
    times = sorted({*every(hours), *(WEEK.start + at * MINUTE for at in minutes)})
    assert missing_settlements(settled(times, [stated] * len(times)), WEEK).is_empty()


@pytest.mark.parametrize("off", [-4, -2, 4, 2])
def test_an_extra_settlement_at_an_edge_is_none_too_many(off: int) -> None:
    times = every(8)
    at = times[-1] if off < 0 else times[0]
    kept = sorted([*times, at + off * HOUR])
    for stated in (None, 8):
        assert missing_settlements(settled(kept, [stated] * len(kept)), WEEK).is_empty()
        lost = missing_settlements(settled(kept[1:-1], [stated] * (len(kept) - 2)), WEEK)
        assert lost.height == 2


def test_a_settlement_missing_beside_an_extra_one_is_found() -> None:
    times = every(8)
    kept = sorted([*times[:7], *times[8:], times[6] + 4 * HOUR])
    assert missing_settlements(settled(kept, [8] * len(kept)), WEEK)["open_time"].to_list() == [times[7]]


def test_one_that_comes_late_is_none_missing() -> None:
    times = [at + (at.hour == 8) * 9 * MINUTE for at in every(8)]
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
