"""Working off history: rectangle by rectangle, everything once, nothing beyond the bound."""

from hypothesis import given
from hypothesis import strategies as st

from bcdata.runs.backfill import next_rectangle
from bcdata.runs.plan import RangeRun

SYMBOLS = ["DDD", "AAA", "CCC", "BBB", "EEE"]
DATES = [f"2023-{month:02}" for month in range(1, 8)]
symbols = st.integers(0, len(SYMBOLS)).map(lambda count: SYMBOLS[:count])
dates = st.integers(0, len(DATES)).map(lambda count: DATES[:count])
already = st.sets(st.tuples(st.sampled_from(SYMBOLS), st.sampled_from(DATES)))


def cells(run: RangeRun) -> set[tuple[str, str]]:
    return {(symbol, date) for symbol in run.symbols for date in run.dates}


@given(symbols, dates, already, st.integers(1, 40))
def test_it_ends_and_covers_what_is_lacking_exactly_once(
    symbols: list[str], dates: list[str], already: set[tuple[str, str]], most: int
) -> None:
    wanted = {(symbol, date) for symbol in symbols for date in dates} - already
    done = set(already)
    while (run := next_rectangle(symbols, dates, done, most=most)) is not None:
        assert 0 < len(cells(run)) <= most
        assert not cells(run) & done, "something would be done twice"
        done |= cells(run)
    assert done - already == wanted


@given(symbols, dates, already, st.integers(1, 40))
def test_every_rectangle_is_a_range_of_neighbours(
    symbols: list[str], dates: list[str], already: set[tuple[str, str]], most: int
) -> None:
    run = next_rectangle(symbols, dates, already, most=most)
    if run is not None:
        at, on = symbols.index(run.symbols[0]), dates.index(run.dates[0])
        assert tuple(symbols[at : at + len(run.symbols)]) == run.symbols
        assert tuple(dates[on : on + len(run.dates)]) == run.dates


def test_untouched_history_is_taken_in_one_piece() -> None:
    assert next_rectangle(SYMBOLS, DATES, set(), most=1000) == RangeRun(tuple(SYMBOLS), tuple(DATES))


def test_a_new_symbol_among_finished_ones_is_done_alone() -> None:
    done = {(symbol, date) for symbol in SYMBOLS for date in DATES if symbol != "CCC"}
    assert next_rectangle(SYMBOLS, DATES, done, most=1000) == RangeRun(("CCC",), tuple(DATES))


def test_nothing_is_left_when_all_is_there() -> None:
    assert next_rectangle(SYMBOLS, DATES, {(s, d) for s in SYMBOLS for d in DATES}, most=5) is None
    assert next_rectangle([], DATES, set(), most=5) is None
    assert next_rectangle(SYMBOLS, [], set(), most=5) is None
