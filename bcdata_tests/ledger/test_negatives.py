"""What proves that bars do not exist, and what only looks like it."""

from datetime import datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from bcdata.frames.schema import TIME
from bcdata.interval import Interval
from bcdata.ledger.negatives import absent_too, asked_twice, empty_windows, still_empty, withheld
from bcdata.windows import Window
from bcdata_tests.make import MINUTE, START

M1, H1, MO = Interval.parse("1m"), Interval.parse("1h"), Interval.parse("1mo")
DAY = Window(START, START + timedelta(days=1))


def at(minute: int) -> datetime:
    return START + minute * MINUTE


def minutes(*ranges: range) -> pl.Series:
    return pl.Series("open_time", [at(n) for one in ranges for n in one], dtype=TIME)


def hours(*chosen: int) -> pl.Series:
    return minutes(*(range(60 * n, 60 * n + 1) for n in chosen))


@given(st.sets(st.integers(0, 60)))
def test_silences_lie_between_bars_and_hold_none(present: set[int]) -> None:
    found = empty_windows([at(n) for n in present], M1)
    silent = {n for n in range(61) for window in found if at(n) in window}
    inside = set(range(min(present), max(present) + 1)) if present else set()
    assert silent == inside - present


def test_silences_of_months() -> None:
    opens = [datetime(2023, month, 1, tzinfo=START.tzinfo) for month in (11, 1, 2)]
    assert empty_windows(opens, MO) == [Window(datetime(2023, 3, 1, tzinfo=START.tzinfo), opens[0])]


def test_asked_twice_needs_an_earlier_answer_about_all_of_it_without_a_bar_in_it() -> None:
    runs = [(at(10), at(19)), (at(30), at(39)), (at(50), at(59))]
    earlier = [(Window(at(0), at(35)), [at(0)]), (Window(at(49), at(61)), [at(55)])]
    assert asked_twice(runs, earlier) == [(at(10), at(19))]


def test_what_came_after_all_is_no_silence() -> None:
    found = still_empty([Window(at(0), at(10))], minutes(range(3, 5)), M1)
    assert found == [Window(at(0), at(3)), Window(at(5), at(10))]
    assert still_empty([Window(at(0), at(0))], minutes(), M1) == []


def test_an_answer_must_have_what_is_known_to_be_there() -> None:
    known = minutes(range(3), range(8, 10))
    assert withheld(known, [at(n) for n in range(12)], M1).is_empty()
    assert withheld(known, [at(n) for n in range(5)], M1).to_list() == [at(8), at(9)]
    assert withheld(known, [], M1).is_empty(), "an empty answer is weighed by a second one"
    early_2018 = [at(n) + timedelta(seconds=28) for n in range(12)]
    assert withheld(known, early_2018, M1).is_empty()


def test_an_absent_hour_proves_its_minutes_alone() -> None:
    """As on 2023-03-24: minutes are missing from 12:40 to 13:59, the hour of 12 is there, that of 13 is not."""
    word = absent_too(minutes(range(760, 840)), M1, hours(*range(13), *range(14, 24)), H1, [DAY])
    assert word == (Window(at(780), at(840)),)


def test_an_hour_absent_beside_some_of_its_minutes_is_the_coarse_files_defect() -> None:
    assert absent_too(minutes(range(60, 100)), M1, hours(0, *range(2, 24)), H1, [DAY]) == ()


def test_what_is_absent_up_to_the_edge_of_a_file_may_have_been_cut_off() -> None:
    cut = hours(*range(13))
    missing = minutes(range(780, 1440))
    assert absent_too(missing, M1, cut, H1, [DAY]) == ()
    tomorrow = Window(DAY.end, DAY.end + timedelta(days=1))
    both = pl.concat([cut, hours(*range(24, 48))])
    assert absent_too(missing, M1, both, H1, [DAY, tomorrow]) == ()
    over_midnight = pl.concat([hours(*range(22)), hours(*range(26, 48))])
    missing = minutes(range(22 * 60, 26 * 60))
    word = absent_too(missing, M1, over_midnight, H1, [DAY, tomorrow])
    assert word == (Window(at(22 * 60), at(26 * 60)),)


def test_a_day_whose_file_was_not_read_is_not_absent() -> None:
    two_days = Window(DAY.start + timedelta(days=2), DAY.end + timedelta(days=2))
    opens = pl.concat([hours(*range(24)), hours(*range(48, 72))])
    assert absent_too(minutes(range(1440, 2880)), M1, opens, H1, [DAY, two_days]) == ()


@given(st.sets(st.integers(0, 23)), st.sets(st.integers(0, 23)))
def test_hours_prove_what_truth_lacks(out: set[int], lost: set[int]) -> None:
    """Hours of outage lack everywhere, lost hours lack as minutes alone: never is a lost one called absent."""
    missing = minutes(*(range(60 * n, 60 * n + 60) for n in sorted(out | lost)))
    word = absent_too(missing, M1, hours(*sorted(set(range(24)) - out)), H1, [DAY])
    absent = {n for n in range(24) if any(at(60 * n) in window for window in word)}
    assert absent <= out
    traded = set(range(24)) - out
    if traded:
        assert absent == {n for n in out if min(traded) < n < max(traded)}
