"""Causes planted into records: the ledger names the planted one for every minute, and never a false one."""

from datetime import datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from bcdata.frames.schema import TIME
from bcdata.ledger.explain import GapEvidence
from bcdata.ledger.ledger import Reason, Status, ledger
from bcdata.windows import Window
from bcdata_tests.make import MINUTE, START, bars, opens

MINUTES = 96
BLOCK = 8
WINDOW = Window(START, START + MINUTES * MINUTE)
GRID = opens(MINUTES)


def at(minute: int) -> datetime:
    return START + minute * MINUTE


def iso(minute: int) -> str:
    return at(minute).isoformat()


def told(first: int, after: int, status: str) -> dict[str, str]:
    return {"start": iso(first), "end": iso(after), "status": status, "evidence": f"planted {status}"}


def statuses(known: GapEvidence, present: set[int]) -> dict[int, str]:
    """Status by missing minute; fails where a minute stands in no row, in two, or is there."""
    some = bars(pl.Series("open_time", [at(n) for n in sorted(present)], dtype=TIME))
    frame = ledger(GRID, some.with_columns(source=pl.lit("archive")), known.reasons(), archives=["archive"])
    found: dict[int, str] = {}
    for start, end, count, status in frame.select("start", "end", "bars", "status").iter_rows():
        run = range(int((start - START) / MINUTE), int((end - START) / MINUTE) + 1)
        assert len(run) == count
        assert not found.keys() & set(run)
        found |= dict.fromkeys(run, status)
    assert found.keys() == set(range(MINUTES)) - present
    return found


def ended(since: int, files_to: int, last_bar: tuple[int, int] | None = None) -> dict[str, Any]:
    """What raw has of files that end: the end of the last day with bars, of the last file's name, and the last bar."""
    bar = [iso(edge) for edge in last_bar] if last_bar else None
    return {"since": iso(since), "files_to": iso(files_to), "last_bar": bar, "evidence": "planted end"}


CAUSES = ("there", "outage", "asked twice", "coarse absent", "coarse present", "cut", "quarantined")
EXPECTED = {
    "outage": "upstream",
    "asked twice": "upstream",
    "coarse absent": "upstream",
    "coarse present": "open",
    "cut": "open",
    "quarantined": "quarantined",
}


def planted(causes: list[str], *, listed: int, delisted: int | None, due: int | None) -> GapEvidence:
    """Records as raw and parsed would hold them, block by block of minutes."""

    def blocks(cause: str) -> list[tuple[int, int]]:
        return [(BLOCK * n, BLOCK * (n + 1)) for n, one in enumerate(causes) if one == cause]

    there = [n for n, one in enumerate(causes) if one == "there"]
    evidence: dict[str, Any] = {"not_listed": told(0, listed, "not_listed") if listed else None}
    rest: dict[str, Any] = {
        "confirmed": [[iso(first), iso(after)] for first, after in blocks("outage")],
        "empty": [[iso(first), iso(after)] for first, after in blocks("asked twice")],
        "coarser": [
            *(told(first, after, "upstream") for first, after in blocks("coarse absent")),
        ],
    }
    if delisted is not None:
        evidence["ended"] = ended(delisted, delisted)
        rest |= {"status": "BREAK", "asked": [[iso(0), iso(MINUTES)]]}
    quarantined = [
        {"start": iso(first), "end": iso(after - 1), "reason": "ohlc_bounds"} for first, after in blocks("quarantined")
    ]
    last = at(BLOCK * (there[-1] + 1) - 1) if there else None
    return GapEvidence(
        WINDOW,
        archive={"evidence": evidence, "quarantined": quarantined},
        rest=rest,
        unpublished=None if due is None else at(due),
        first_bar=at(BLOCK * there[0]) if there else None,
        last_bar=last,
        after_last=last + MINUTE if last else None,
        residuals=[
            Reason(Window(at(first), at(after)), Status.OPEN, "more trades")
            for first, after in blocks("coarse present")
        ],
    )


@given(
    st.integers(0, 3),
    st.lists(st.sampled_from(CAUSES), min_size=6, max_size=6),
    st.sampled_from(["", "delisted", "not_published"]),
)
def test_every_minute_has_the_planted_cause(before: int, middle: list[str], end: str) -> None:
    """So many blocks before the listing, causes in the middle between two blocks of bars, and one end."""
    causes = ["none"] * before + ["there", *middle, "there"]
    tail = MINUTES // BLOCK - len(causes)
    causes += ["none"] * tail
    after = BLOCK * (len(causes) - tail)
    known = planted(
        causes,
        listed=BLOCK * before,
        delisted=after if end == "delisted" else None,
        due=after if end == "not_published" else None,
    )
    present = {n for n in range(MINUTES) if causes[n // BLOCK] == "there"}
    for minute, status in statuses(known, present).items():
        cause = causes[minute // BLOCK]
        if cause == "none":
            assert status == ("not_listed" if minute < BLOCK * before else end or "open")
        else:
            assert status == EXPECTED[cause]


def test_files_of_another_interval_refute_a_listing_and_a_delisting_but_no_answer() -> None:
    """A day's minutes are deleted while its hours exist; REST gave none of it, but knows of an outage inside."""
    evidence = {
        "not_listed": told(0, 40, "not_listed"),
        "ended": ended(60, 60),
        "traded": [told(0, 96, "open")],
    }
    rest = {"confirmed": [[iso(50), iso(55)]], "empty": [[iso(10), iso(20)]], "status": "BREAK"}
    found = statuses(GapEvidence(WINDOW, archive={"evidence": evidence}, rest=rest), set())
    assert {minute for minute, status in found.items() if status == "upstream"} == set(range(50, 55))
    assert set(found.values()) == {"open", "upstream"}


def test_a_file_that_is_not_due_is_not_refuted_by_one_that_came_earlier() -> None:
    known = GapEvidence(WINDOW, archive={"evidence": {"traded": [told(0, 96, "open")]}}, unpublished=at(48))
    found = statuses(known, set())
    assert [found[n] for n in (47, 48)] == ["open", "not_published"]


def test_rests_first_bar_is_no_listing_where_bars_or_files_are_older() -> None:
    rest = {"first_open": iso(30)}
    assert set(statuses(GapEvidence(WINDOW, rest=rest), set(range(30, 96))).values()) == {"not_listed"}
    older = GapEvidence(WINDOW, rest=rest, first_bar=at(5))
    assert set(statuses(older, set(range(5, 96))).values()) == {"open"}
    file = GapEvidence(WINDOW, rest=rest, archive={"evidence": {"known_by": iso(-1)}})
    assert set(statuses(file, set(range(30, 96))).values()) == {"open"}


def test_a_delisting_begins_where_the_files_of_other_intervals_end() -> None:
    """The minutes end at 60; the last bar of another interval is the one from `seen` on."""
    for seen, delisted in (((56, 64), 60), ((64, 72), 72)):
        evidence = {"ended": ended(80, 80, seen)}
        known = GapEvidence(WINDOW, {"evidence": evidence}, {"status": "absent"}, last_bar=at(59), after_last=at(60))
        found = statuses(known, set(range(60)))
        assert [found[n] for n in range(60, 96)] == [*["open"] * (delisted - 60), *["delisted"] * (96 - delisted)]


def test_a_delisting_needs_two_witnesses() -> None:
    files = {"evidence": {"ended": ended(60, 60)}}
    there = set(range(60))
    bar = {"last_bar": at(59), "after_last": at(60)}
    alone = GapEvidence(WINDOW, archive=files, **bar)  # type: ignore[arg-type]
    assert set(statuses(alone, there).values()) == {"open"}
    word = GapEvidence(WINDOW, rest={"status": "BREAK"}, **bar)  # type: ignore[arg-type]
    assert set(statuses(word, there).values()) == {"open"}
    both = GapEvidence(WINDOW, archive=files, rest={"status": "BREAK"}, **bar)
    assert set(statuses(both, there).values()) == {"delisted"}


def test_the_end_of_the_last_file_is_delisted_only_where_rest_has_nothing_there() -> None:
    """The last file names time up to minute 80, its bars end at 59: it may have been cut."""
    archive = {"evidence": {"ended": ended(80, 80)}}
    known = {"archive": archive, "last_bar": at(59), "after_last": at(60)}
    unasked = statuses(GapEvidence(WINDOW, rest={"status": "BREAK"}, **known), set(range(60)))  # type: ignore[arg-type]
    assert [unasked[n] for n in (60, 79, 80)] == ["open", "open", "delisted"]
    rest = {"status": "BREAK", "asked": [[iso(59), iso(81)]]}
    asked = statuses(GapEvidence(WINDOW, rest=rest, **known), set(range(60)))  # type: ignore[arg-type]
    assert set(asked.values()) == {"delisted"}


def test_a_partition_without_bars_that_the_last_file_names_is_delisted_only_where_rest_has_nothing_there() -> None:
    """A day inside the last month's file, after its last bar."""
    archive = {"evidence": {"ended": ended(-10, 200, (-30, -29))}}
    unasked = statuses(GapEvidence(WINDOW, archive, {"status": "BREAK"}), set())
    assert set(unasked.values()) == {"open"}
    asked = statuses(GapEvidence(WINDOW, archive, {"status": "BREAK", "asked": [[iso(-1), iso(97)]]}), set())
    assert set(asked.values()) == {"delisted"}
    gone = statuses(GapEvidence(WINDOW, archive, {"status": "absent"}), set())
    assert set(gone.values()) == {"delisted"}


def test_a_partition_without_bars_of_whose_days_files_have_some_is_delisted_after_these() -> None:
    """Minutes are gone; the last hour that other files have, or else the day that they name, tells the end."""
    for last_bar, delisted in (((20, 30), 30), (None, 80)):
        known = GapEvidence(WINDOW, {"evidence": {"ended": ended(80, 96, last_bar)}}, {"status": "absent"})
        found = statuses(known, set())
        assert [found[n] for n in range(MINUTES)] == [*["open"] * delisted, *["delisted"] * (MINUTES - delisted)]


def test_candles_left_out_after_a_settlement_are_delisted_with_their_number() -> None:
    settled = {"at": iso(70), "evidence": "26 candles without a trade"}
    known = GapEvidence(WINDOW, rest={"ended": settled}, last_bar=at(69), after_last=at(70))
    assert set(statuses(known, set(range(70))).values()) == {"delisted"}
    assert known.reasons()[0].evidence == "26 candles without a trade"


def test_a_refill_says_what_was_wrong_with_the_archives_row() -> None:
    both = bars(GRID).with_columns(
        source=pl.when(pl.col("open_time") == at(7)).then(pl.lit("rest")).otherwise(pl.lit("archive"))
    )
    known = GapEvidence(WINDOW, archive={"quarantined": [{"start": iso(7), "end": iso(7), "reason": "ohlc_bounds"}]})
    frame = ledger(GRID, both, known.reasons(), archives=["archive"])
    assert frame.select("status", "evidence").rows() == [
        ("refilled", "filled from rest; the archive's row breaks the rule ohlc_bounds")
    ]


def test_what_outranks_what() -> None:
    """The order of decision 0024, by one reason of each kind."""
    archive = {
        "quarantined": [{"start": iso(0), "end": iso(0), "reason": "x", "evidence": "the zip is cut"}],
        "withdrawn": [{"start": iso(1), "end": iso(1), "version": "0123456789abcdef"}],
        "evidence": {
            "reused": [told(3, 4, "delisted")],
            "traded": [told(6, 7, "open")],
            "not_listed": told(0, 8, "not_listed"),
        },
    }
    rest = {
        "confirmed": [[iso(4), iso(5)]],
        "coarser": [told(5, 6, "upstream")],
        "ended": {"at": iso(8), "evidence": "ended"},
        "empty": [[iso(0), iso(MINUTES)]],
    }
    residual = Reason(Window(at(2), at(3)), Status.OPEN, "more trades")
    known = GapEvidence(WINDOW, archive=archive, rest=rest, unpublished=at(0), residuals=[residual])
    assert [reason.evidence for reason in known.reasons()] == [
        "the zip is cut",
        "withdrawn: held by version 0123456789ab",
        "more trades",
        "planted delisted",
        "REST answered with bars on both sides and none between",
        "planted upstream",
        "planted open",
        "planted not_listed",
        "ended",
        "REST had none, asked twice at least a day apart",
        "not due yet",
    ]


def test_rows_that_only_an_earlier_version_holds_are_open_whatever_else_is_claimed() -> None:
    archive = {
        "evidence": {"ended": ended(60, 60)},
        "withdrawn": [{"start": iso(60), "end": iso(69), "version": "0123456789abcdef"}],
    }
    known = GapEvidence(
        WINDOW, archive, {"status": "BREAK", "confirmed": [[iso(0), iso(96)]]}, last_bar=at(59), after_last=at(60)
    )
    found = statuses(known, set(range(60)))
    assert {n for n, status in found.items() if status == "open"} == set(range(60, 70))


def test_that_a_coarser_file_merely_has_a_bar_decides_nothing() -> None:
    """Records written before: trades decide, and are in records of their own."""
    rest = {"confirmed": [[iso(0), iso(8)]], "coarser": [told(0, 8, "open")]}
    assert statuses(GapEvidence(WINDOW, rest=rest), set(range(8, 96))) == dict.fromkeys(range(8), "upstream")


def test_windows_longer_than_the_partition_are_harmless() -> None:
    rest = {"confirmed": [[(START - timedelta(days=9)).isoformat(), (START + timedelta(days=9)).isoformat()]]}
    assert set(statuses(GapEvidence(WINDOW, rest=rest), set()).values()) == {"upstream"}
