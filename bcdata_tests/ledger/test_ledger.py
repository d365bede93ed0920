"""Every expected bar is in exactly one of bars and ledger, with the strongest reason that is known."""

from datetime import timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from bcdata.frames.schema import TIME
from bcdata.ledger.ledger import UNKNOWN, Reason, Status, explain, ledger, missing_opens, runs_of
from bcdata.windows import Window
from bcdata_tests.make import MINUTE, START, bars, opens

ARCHIVE = "archive"


def held(at: list[int], source: str = ARCHIVE) -> pl.DataFrame:
    times = pl.Series("open_time", [START + n * MINUTE for n in at], dtype=opens(1).dtype)
    return bars(times).with_columns(pl.lit(source).alias("source"))


def reason(first: int, after: int, status: Status, words: str = "because") -> Reason:
    return Reason(Window(START + first * MINUTE, START + after * MINUTE), status, words)


def statuses(frame: pl.DataFrame) -> list[tuple[int, int, str]]:
    return [
        (int((start - START) / MINUTE), count, status)
        for start, count, status in frame.select("start", "bars", "status").iter_rows()
    ]


@given(st.sets(st.integers(0, 59)))
def test_bars_and_ledger_tile_the_calendar(present: set[int]) -> None:
    expected = opens(60)
    frame = ledger(expected, held(sorted(present)), [], archives=[ARCHIVE])
    covered = set(present)
    for start, end, count in frame.select("start", "end", "bars").iter_rows():
        run = set(range(int((start - START) / MINUTE), int((end - START) / MINUTE) + 1))
        assert len(run) == count
        assert not run & covered
        covered |= run
    assert covered == set(range(60))


def test_a_complete_partition_has_an_empty_ledger() -> None:
    frame = ledger(opens(10), held(list(range(10))), [], archives=[ARCHIVE])
    assert frame.is_empty()
    assert frame.columns == ["start", "end", "bars", "status", "evidence"]


def test_what_nobody_explains_is_open() -> None:
    frame = ledger(opens(10), held([0, 1, 2, 7, 8, 9]), [], archives=[ARCHIVE])
    assert statuses(frame) == [(3, 4, "open")]


def test_earlier_reasons_beat_later_ones_and_split_the_run() -> None:
    known = [reason(4, 6, Status.UPSTREAM), reason(0, 8, Status.NOT_PUBLISHED)]
    frame = ledger(opens(10), held([]), known, archives=[ARCHIVE])
    assert statuses(frame) == [
        (0, 4, "not_published"),
        (4, 2, "upstream"),
        (6, 2, "not_published"),
        (8, 2, "open"),
    ]


def test_a_contradiction_makes_it_open_whatever_is_claimed() -> None:
    known = [reason(2, 5, Status.OPEN, "the hours have trades"), reason(0, 10, Status.NOT_LISTED)]
    frame = ledger(opens(10), held([]), known, archives=[ARCHIVE])
    assert statuses(frame) == [(0, 2, "not_listed"), (2, 3, "open"), (5, 5, "not_listed")]
    assert frame["evidence"][1] == "the hours have trades"


def test_a_quarantined_row_is_quarantined_even_where_upstream_is_claimed() -> None:
    known = [reason(3, 4, Status.QUARANTINED, "ohlc_bounds"), reason(0, 10, Status.UPSTREAM)]
    frame = ledger(opens(5), held([]), known, archives=[ARCHIVE])
    assert statuses(frame) == [(0, 3, "upstream"), (3, 1, "quarantined"), (4, 1, "upstream")]


def test_refilled_bars_are_history_and_not_missing() -> None:
    both = pl.concat([held([0, 1, 5]), held([2, 3], "rest")])
    frame = ledger(opens(6), both, [], archives=[ARCHIVE])
    assert statuses(frame) == [(2, 2, "refilled"), (4, 1, "open")]


def test_different_evidence_makes_different_runs() -> None:
    known = [reason(0, 2, Status.UPSTREAM, "a"), reason(2, 4, Status.UPSTREAM, "b")]
    frame = ledger(opens(4), held([]), known, archives=[ARCHIVE])
    assert statuses(frame) == [(0, 2, "upstream"), (2, 2, "upstream")]


@given(st.sets(st.integers(0, 40)))
def test_runs_of_rebuilds_the_opens(present: set[int]) -> None:
    expected = opens(41)
    some = pl.Series("x", [START + n * MINUTE for n in sorted(present)], dtype=expected.dtype)
    rebuilt = [
        first + n * MINUTE for first, last in runs_of(some, expected) for n in range(int((last - first) / MINUTE) + 1)
    ]
    assert rebuilt == some.to_list()


def test_missing_opens_are_the_difference() -> None:
    expected = opens(5)
    assert missing_opens(expected, opens(2)).to_list() == [START + n * MINUTE for n in (2, 3, 4)]
    assert_frame_equal(missing_opens(expected, opens(0)).to_frame(), expected.to_frame())


def test_a_window_far_beyond_the_calendar_is_harmless() -> None:
    known = [Reason(Window(START, START + timedelta(days=36_600)), Status.DELISTED, "gone")]
    assert statuses(ledger(opens(3), held([0]), known, archives=[ARCHIVE])) == [(1, 2, "delisted")]


@given(
    st.lists(st.integers(0, 40), max_size=30),
    st.lists(st.tuples(st.integers(-5, 45), st.integers(0, 20), st.sampled_from(Status)), max_size=8),
)
def test_the_first_reason_that_holds_is_told_in_whatever_order_bars_come(
    missing: list[int], told: list[tuple[int, int, Status]]
) -> None:
    known = [reason(first, first + width, status, f"because of {at}") for at, (first, width, status) in enumerate(told)]
    times = [START + at * MINUTE for at in missing]
    found = explain(pl.DataFrame({"open_time": times}, schema={"open_time": TIME}), known)
    nothing = (Status.OPEN.value, UNKNOWN)
    holds = [[one for one in known if one.window.start <= at < one.window.end] for at in times]
    expected = [(some[0].status.value, some[0].evidence) if some else nothing for some in holds]
    assert found.rows() == [(at, *words) for at, words in zip(times, expected, strict=True)]
