"""The universe table: history is added to, never changed, and can be read as it was known."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcdata.instruments.renames import Prices, candidates, decide
from bcdata.instruments.table import (
    STATUSES,
    UNIVERSE,
    ObservedSymbol,
    Rename,
    as_of,
    contract_of,
    judge_status,
    latest,
    revise,
)
from bcdata.providers.roles import SymbolInfo
from bcdata_tests.run import utc

NOW = utc("2025-03-01")
DAY = timedelta(days=1)
EMPTY = pl.DataFrame(schema=UNIVERSE)


def seen(
    symbol: str, first: str = "2024-01-01", last: str | None = None, status: str | None = "trading"
) -> ObservedSymbol:
    days = [date.fromisoformat(day) if day else None for day in (first, last)]
    return ObservedSymbol(symbol, *days, status, "exchange_info" if status else "", "seen")  # type: ignore[misc]


def grown(*steps: Sequence[ObservedSymbol]) -> pl.DataFrame:
    """The table after one revision a day."""
    table = EMPTY
    for number, observed in enumerate(steps):
        table = revise(table, "spot", observed, [], NOW + number * DAY)
    return table


days = st.dates(date(2020, 1, 1), date(2025, 1, 1))
observations = st.lists(
    st.builds(
        ObservedSymbol,
        st.sampled_from(["AAAUSDT", "BBBUSDT", "CCCUSDT"]),
        st.none() | days,
        st.none() | days,
        st.none() | st.sampled_from(STATUSES),
        st.just("exchange_info"),
    ),
    max_size=4,
    unique_by=lambda one: one.symbol,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(observations, min_size=1, max_size=6))
def test_what_was_known_can_be_read_for_ever(steps: list[list[ObservedSymbol]]) -> None:
    """Each revision keeps all rows, and reading as of its day gives what it saw, whatever comes later."""
    tables = [grown(*steps[: at + 1]) for at in range(len(steps))]
    for at, table in enumerate(tables):
        then = as_of(tables[-1], NOW + at * DAY)
        assert then.equals(as_of(table, NOW + at * DAY))
        assert latest(then) == latest(table)
        if at:
            assert tables[at - 1].join(table, on=UNIVERSE.names(), how="anti", nulls_equal=True).is_empty()


@settings(max_examples=40, deadline=None)
@given(observations)
def test_seeing_the_same_again_adds_nothing(observed: list[ObservedSymbol]) -> None:
    once = grown(observed)
    assert grown(observed, observed).equals(once)
    assert once.schema == UNIVERSE


def test_only_symbols_of_which_a_fact_changed_get_a_row() -> None:
    table = grown([seen("AAAUSDT"), seen("BBBUSDT")], [seen("AAAUSDT", last="2025-02-01", status="delisted")])
    assert table["symbol"].to_list() == ["AAAUSDT", "AAAUSDT", "BBBUSDT"]
    assert table["known_from"].to_list() == [NOW, NOW + DAY, NOW]


def test_no_answer_of_the_exchange_is_no_news() -> None:
    table = grown([seen("AAAUSDT")], [seen("AAAUSDT", status=None)])
    assert table["status"].to_list() == ["trading"]
    assert grown([seen("AAAUSDT", status=None)])["status"].to_list() == ["unknown"]


def test_an_instrument_keeps_its_id_whatever_is_learnt_of_its_beginning() -> None:
    table = grown([seen("AAAUSDT", first="2024-05-01")], [seen("AAAUSDT", first="2024-01-01")])
    assert set(table["instrument_id"]) == {"spot:AAAUSDT:2024-05-01"}


def test_a_rename_gives_the_new_name_the_old_ones_id_from_then_on() -> None:
    both = [seen("NANOUSDT", last="2022-01-24", status="delisted"), seen("XNOUSDT", first="2022-01-28")]
    table = revise(grown(both), "spot", [], [Rename("NANOUSDT", "XNOUSDT", "prices go on")], NOW + DAY)
    before, after = (latest(as_of(table, at))["XNOUSDT"] for at in (NOW, NOW + DAY))
    assert before["instrument_id"] == "spot:XNOUSDT:2022-01-28"
    assert after["instrument_id"] == "spot:NANOUSDT:2024-01-01"
    assert (after["renamed_from"], after["evidence"]) == ("NANOUSDT", "prices go on")
    assert candidates(latest(table).values(), "spot") == [], "what is found is not looked for again"
    assert revise(table, "spot", both, [], NOW + 2 * DAY).equals(table), "and is not forgotten"


def test_a_clock_that_was_set_back_does_not_change_the_order_of_what_was_learnt() -> None:
    table = revise(grown([seen("AAAUSDT")]), "spot", [seen("AAAUSDT", status="break")], [], NOW - DAY)
    assert table["status"].to_list() == ["trading", "break"]
    assert table["known_from"].is_sorted()


@pytest.mark.parametrize(
    ("market", "symbol", "contract"),
    [
        ("spot", "BTCUSDT", "spot"),
        ("um", "BTCUSDT", "perpetual"),
        ("um", "BTCUSDT_240329", "delivery"),
        ("cm", "BTCUSD_PERP", "perpetual"),
        ("um", "ICPUSDT_SETTLED", "settled"),
    ],
)
def test_contracts(market: str, symbol: str, contract: str) -> None:
    assert contract_of(symbol, market) == contract


def info(status: str, delivery: datetime | None = None) -> SymbolInfo:
    return SymbolInfo("X", status, "X", "USDT", None, None, None, delivery)


GONE = date(2024, 6, 1)


@pytest.mark.parametrize(
    ("market", "symbol", "said", "last", "status"),
    [
        ("spot", "AAAUSDT", info("TRADING"), None, "trading"),
        ("spot", "AAAUSDT", info("TRADING"), GONE, "trading"),
        ("spot", "AAAUSDT", info("BREAK"), None, "break"),
        ("spot", "AAAUSDT", info("BREAK"), GONE, "delisted"),
        ("spot", "AAAUSDT", None, GONE, "delisted"),
        ("spot", "AAAUSDT", None, None, "unknown"),
        ("um", "AAAUSDT", info("PENDING_TRADING"), None, "pending"),
        ("um", "AAAUSDT", info("SETTLING"), None, "settling"),
        ("um", "BTCUSDT_240329", info("TRADING", utc("2025-03-28")), None, "trading"),
        ("um", "BTCUSDT_240329", info("SETTLING", utc("2024-03-29")), GONE, "settled"),
        ("um", "BTCUSDT_240329", None, GONE, "settled"),
        ("um", "ICPUSDT_SETTLED", None, None, "settled"),
        ("um", "ICPUSDT_SETTLED", info("TRADING"), None, "settled"),
    ],
)
def test_a_status_needs_its_witnesses(
    market: str, symbol: str, said: SymbolInfo | None, last: date | None, status: str
) -> None:
    found, source, evidence = judge_status(symbol, market, said, last, NOW)
    assert found == status
    assert found in STATUSES
    assert source
    assert evidence


NANO = seen("NANOUSDT", last="2022-01-24", status="delisted")
XNO, YYY = seen("XNOUSDT", first="2022-01-28"), seen("YYYUSDT", first="2022-01-26")
OLD_NEW, OLD_OTHER = ("NANOUSDT", "XNOUSDT"), ("NANOUSDT", "YYYUSDT")


def rows_of(*observed: ObservedSymbol) -> dict[str, dict[str, object]]:
    return latest(grown(observed))


@pytest.mark.parametrize(
    ("new", "is_one"),
    [
        (seen("XNOUSDT", first="2022-01-28"), True),
        (seen("XNOUSDT", first="2022-01-31"), True),
        (seen("XNOUSDT", first="2022-02-01"), False),
        (seen("XNOUSDT", first="2022-01-23"), True),
        (seen("XNOUSDT", first="2022-01-22"), False),
        (seen("XNOBTC", first="2022-01-28"), False),
    ],
)
def test_a_candidate_begins_where_another_ends_and_is_quoted_alike(new: ObservedSymbol, is_one: bool) -> None:
    found = candidates(rows_of(NANO, new).values(), "spot")
    assert found == ([("NANOUSDT", new.symbol)] if is_one else [])


@pytest.mark.parametrize("status", ["trading", "unknown", "break"])
def test_a_symbol_that_the_exchange_has_not_given_up_was_not_renamed(status: str) -> None:
    assert candidates(rows_of(seen("NANOUSDT", last="2022-01-24", status=status), XNO).values(), "spot") == []


def test_a_price_that_goes_on_is_the_evidence() -> None:
    rows = rows_of(NANO, XNO)
    [found] = decide([OLD_NEW], {OLD_NEW: Prices(2.5, 2.6)}, rows)
    assert found.evidence == (
        "NANOUSDT ended on 2022-01-24 at 2.5, XNOUSDT began on 2022-01-28 at 2.6 (+4.0%); no other symbol suits"
    )


@pytest.mark.parametrize(
    "prices", [Prices(2.5, 3.1), Prices(2.5, 1.9), Prices(None, 2.5), Prices(2.5, None), Prices(0, 0)]
)
def test_without_it_there_are_two_instruments(prices: Prices) -> None:
    assert decide([OLD_NEW], {OLD_NEW: prices}, rows_of(NANO, XNO)) == []


def test_two_symbols_that_suit_are_none() -> None:
    rows, pairs = rows_of(NANO, XNO, YYY), [OLD_NEW, OLD_OTHER]
    assert decide(pairs, {OLD_NEW: Prices(2.5, 2.6), OLD_OTHER: Prices(2.5, 2.4)}, rows) == []
    [found] = decide(pairs, {OLD_NEW: Prices(2.5, 2.6), OLD_OTHER: Prices(2.5, 0.4)}, rows)
    assert found.new == "XNOUSDT"


def test_a_pair_waits_for_its_rivals_prices() -> None:
    rows = rows_of(NANO, XNO, YYY)
    assert decide([OLD_NEW, OLD_OTHER], {OLD_NEW: Prices(2.5, 2.6)}, rows) == []
