"""Halts: what counts as one, what does not, and what is said of it."""

from datetime import datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcdata.bars.halts import HALT, find_halts, states_of
from bcdata.frames.schema import LEDGER
from bcdata.ledger.ledger import Status
from bcdata_tests.make import MINUTE, START, bars, opens

DAY = 1440
ALL = opens(DAY)
SYMBOLS = ("AAAUSDT", "BBBUSDT", "CCCUSDT")
Spans = list[tuple[int, int]]


def at(minute: int) -> datetime:
    return START + minute * MINUTE


def ledger(*rows: tuple[int, int, Status]) -> pl.DataFrame:
    """Missing minutes [first, last) by status."""
    plain = [(at(first), at(last - 1), last - first, status.value, "planted") for first, last, status in rows]
    return pl.DataFrame(plain, schema=LEDGER, orient="row")


def symbol(*, quiet: Spans = [], missing: Spans = [], status: Status = Status.UPSTREAM) -> object:  # noqa: B006
    """A day of one symbol that trades but in the quiet minutes and in those that are missing."""
    frame = bars(ALL).with_row_index("at")
    for first, last in quiet:
        inside = pl.col("at").is_between(first, last, closed="left")
        frame = frame.with_columns(trades=pl.when(inside).then(0).otherwise("trades"))
    for first, last in missing:
        frame = frame.filter(~pl.col("at").is_between(first, last, closed="left"))
    return states_of(ALL, frame.drop("at"), ledger(*((first, last, status) for first, last in missing)))


def halts(*states: object) -> list[dict[str, object]]:
    found = find_halts(ALL, dict(zip([*SYMBOLS, "DDDUSDT", "EEEUSDT"], states, strict=False)))  # type: ignore[arg-type]
    assert found.schema == HALT
    return found.to_dicts()


def test_bars_without_a_trade_and_missing_ones_are_one_halt() -> None:
    [found] = halts(*[symbol(quiet=[(100, 172)], missing=[(172, 252)])] * 3)
    counts = {name: found[name] for name in ("bars", "missing", "zero_trade", "symbols")}
    assert counts == {"bars": 152, "missing": 80, "zero_trade": 72, "symbols": 3}
    assert (found["start"], found["end"]) == (at(100), at(251))
    assert "the exchange has none of the missing bars" in str(found["evidence"])


def test_one_trade_in_one_liquid_symbol_ends_a_halt() -> None:
    still, moving = symbol(quiet=[(100, 200)]), symbol(quiet=[(100, 150), (151, 200)])
    assert [(one["start"], one["bars"]) for one in halts(still, still, moving)] == [(at(100), 50), (at(151), 49)]


def test_an_illiquid_symbol_has_no_voice() -> None:
    """It trades in every tenth bar; that it does so while the others stand still is planted, and does not count."""
    seldom = symbol(quiet=[(minute, minute + 9) for minute in range(0, DAY, 10)])
    still = symbol(quiet=[(100, 200)])
    [found] = halts(still, still, still, seldom)
    assert (found["bars"], found["symbols"]) == (100, 3)


def test_a_hole_in_our_own_data_is_no_halt() -> None:
    """Open, late and quarantined bars prove nothing about the exchange."""
    for status in (Status.OPEN, Status.NOT_PUBLISHED, Status.QUARANTINED):
        assert halts(*[symbol(missing=[(100, 200)], status=status)] * 3) == []


def test_open_bars_beside_a_proven_standstill_belong_to_it_and_it_is_said() -> None:
    [found] = halts(*[symbol(quiet=[(100, 172)], missing=[(172, 252)], status=Status.OPEN)] * 3)
    assert found["bars"] == 152
    assert "80 of 80 missing bars are open" in str(found["evidence"])


def test_what_is_not_published_yet_ends_a_halt() -> None:
    [found] = halts(*[symbol(quiet=[(1000, 1100)], missing=[(1100, DAY)], status=Status.NOT_PUBLISHED)] * 3)
    assert found["end"] == at(1099)


def test_one_symbol_that_lacks_bars_hides_no_halt_of_four_others() -> None:
    cut = symbol(missing=[(90, 300)], status=Status.OPEN)
    [found] = halts(*[symbol(quiet=[(100, 200)])] * 4, cut)
    assert found["bars"] == 100


def test_holes_of_our_own_make_no_symbol_illiquid() -> None:
    """A seventh of its bars is not there, and says nothing about how often it trades."""
    whole, cut = symbol(quiet=[(600, 700)]), symbol(quiet=[(600, 700)], missing=[(90, 300)], status=Status.OPEN)
    [found] = halts(whole, whole, cut)
    assert (found["bars"], found["symbols"]) == (100, 3)


def test_a_symbol_of_which_little_is_known_has_no_voice() -> None:
    scrap = symbol(missing=[(0, 1300)], status=Status.OPEN)
    [found] = halts(*[symbol(quiet=[(100, 200)])] * 3, scrap)
    assert found["symbols"] == 3


def test_bars_of_others_that_nobody_asked_for_prove_no_halt() -> None:
    """Two quiet symbols of five, the rest unknown: too few."""
    quiet, cut = symbol(quiet=[(100, 200)]), symbol(missing=[(100, 200)], status=Status.OPEN)
    assert halts(quiet, quiet, cut, cut, cut) == []


def test_fewer_than_three_symbols_are_said() -> None:
    [found] = halts(symbol(quiet=[(100, 160)]))
    assert "there is only 1" in str(found["evidence"])


def test_a_short_silence_of_a_market_that_is_often_silent_is_chance() -> None:
    """Each of three symbols is silent in one bar out of 25, and once they are so together."""

    def often(shift: int) -> object:
        return symbol(quiet=[(minute, minute + 1) for minute in (*range(shift, DAY, 25), 1203)])

    assert halts(often(0), often(1), often(2)) == []
    [found] = halts(*[symbol(quiet=[(1203, 1204)])] * 3)
    assert found["bars"] == 1, "a minute is enough where no symbol ever falls silent"


def test_before_its_listing_a_symbol_is_not_silent() -> None:
    late = symbol(missing=[(0, 1300)], status=Status.NOT_LISTED)
    [found] = halts(*[symbol(quiet=[(100, 200)])] * 3, late)
    assert found["symbols"] == 3


def test_nothing_at_all_is_no_halt() -> None:
    assert halts(*[symbol(missing=[(0, DAY)])] * 3) == []
    assert find_halts(ALL, {}).is_empty()


def test_trades_that_are_not_told_are_read_from_volumes() -> None:
    frame = bars(ALL).with_columns(trades=pl.lit(None, dtype=pl.Int64))
    still = frame.with_columns(
        volume=pl.when(pl.int_range(pl.len()).is_between(100, 199)).then(0.0).otherwise("volume")
    )
    [found] = halts(*[states_of(ALL, still, ledger())] * 3)
    assert found["bars"] == 100


def test_a_halt_over_midnight_is_one() -> None:
    two_days = opens(2 * DAY)
    frame = bars(two_days).with_columns(
        trades=pl.when(pl.int_range(pl.len()).is_between(1400, 1499)).then(0).otherwise("trades")
    )
    [found] = find_halts(two_days, dict.fromkeys(SYMBOLS, states_of(two_days, frame, ledger()))).to_dicts()
    assert (found["bars"], found["start"]) == (100, at(1400))


spans = st.lists(
    st.tuples(st.integers(0, DAY - 61), st.integers(10, 60)).map(lambda one: (one[0], one[0] + one[1])), max_size=3
)


@settings(max_examples=40, deadline=None)
@given(quiet=spans, gone=spans)
def test_what_all_liquid_symbols_leave_out_is_found_and_nothing_else(quiet: Spans, gone: Spans) -> None:
    """Whatever the planted standstills: bars of the halts are just those, and their counts add up."""
    planted = {minute for span in (*quiet, *gone) for minute in range(*span)}
    found = halts(*[symbol(quiet=quiet, missing=gone)] * 3)
    reported = {
        minute
        for one in found
        for minute in range((one["start"] - START) // MINUTE, (one["end"] - START) // MINUTE + 1)  # type: ignore[operator]
    }
    assert reported == planted
    assert all(one["missing"] + one["zero_trade"] == one["bars"] for one in found)  # type: ignore[operator]
    assert sum(int(str(one["bars"])) for one in found) == len(planted)


@pytest.mark.parametrize("hours", [1, 3])
def test_hours_have_halts_too(hours: int) -> None:
    grid = opens(48, step=timedelta(hours=1))
    frame = bars(grid).filter(~pl.int_range(pl.len()).is_between(20, 19 + hours))
    gone = pl.DataFrame([(grid[20], grid[19 + hours], hours, "upstream", "planted")], schema=LEDGER, orient="row")
    found = find_halts(grid, {f"S{n}USDT": states_of(grid, frame, gone) for n in range(4)})
    assert found["bars"].to_list() == [hours]
