"""Splits and dividends: worked values, and the order in which they come."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.actions.factors import factors
from bcdata.actions.table import ACTIONS, settled
from bcdata.actions.view import adjust, undo_splits

KNOWN = datetime(2020, 1, 1, tzinfo=UTC)
LATER = datetime(2030, 1, 1, tzinfo=UTC)


def actions(*rows: dict[str, Any]) -> pl.DataFrame:
    base = {"symbol": "A", "source": "one", "known_at": KNOWN}
    return pl.DataFrame([{**dict.fromkeys(ACTIONS.names()), **base, **row} for row in rows], schema=ACTIONS)


def split(on: str, ratio: float, **more: Any) -> dict[str, Any]:
    return {"kind": "split", "ex_session": date.fromisoformat(on), "ratio": ratio, **more}


def cash(on: str, amount: float, **more: Any) -> dict[str, Any]:
    return {"kind": "cash", "ex_session": date.fromisoformat(on), "amount": amount, **more}


def bars(**closes: float) -> pl.DataFrame:
    """Closes by the day of January 2024: `d02=100.0`."""
    return pl.DataFrame(
        {
            "symbol": ["A"] * len(closes),
            "session": [date(2024, 1, int(name[1:])) for name in closes],
            "close": list(closes.values()),
            "volume": [1000.0] * len(closes),
        }
    )


def adjusted(rows: pl.DataFrame, found: pl.DataFrame, how: Any = "all", as_of: datetime = LATER) -> list[float]:
    closes = rows.select("symbol", "session", "close")
    return adjust(rows, factors(found, closes), how, as_of)["close"].to_list()


def test_a_price_that_a_provider_adjusted_is_raw_again_with_all_splits_up_to_its_answer() -> None:
    sent = pl.DataFrame(
        {"symbol": ["A"], "session": [date(2021, 7, 19)], "close": [18.77975082397461], "volume": [749_060_000.0]}
    )
    both = actions(split("2021-07-20", 4.0), split("2024-06-10", 10.0))
    raw = undo_splits(sent, both, date(2025, 2, 22), known_until=date(2025, 2, 22))
    assert raw["close"].to_list() == [751.1900329589844]
    assert raw["volume"].to_list() == [18_726_500.0]
    assert raw["held_back"].to_list() == [None]
    unsure = undo_splits(sent, both.head(1), date(2025, 2, 22), known_until=date(2022, 1, 1))
    assert unsure["held_back"].to_list() == ["adjustment_unknown"]
    assert unsure["close"].to_list() == [18.77975082397461]
    later = undo_splits(sent, actions(*both.to_dicts(), split("2026-01-05", 2.0)), date(2025, 2, 22), date(2027, 1, 1))
    assert later["close"].to_list() == [751.1900329589844]


def test_a_payment_is_a_share_of_the_close_before() -> None:
    rows, found = bars(d02=100.0, d03=98.5), actions(cash("2024-01-03", 2.0))
    assert adjusted(rows, found) == [100.0 * 0.98, 98.5]
    assert adjusted(rows, found, "splits") == [100.0, 98.5]
    assert adjusted(rows, found, "none") == [100.0, 98.5]


def test_a_split_changes_prices_and_volumes() -> None:
    rows = bars(d02=100.0, d03=25.0)
    found = adjust(rows, factors(actions(split("2024-01-03", 4.0)), rows), "splits", LATER)
    assert found["close"].to_list() == [25.0, 25.0]
    assert found["volume"].to_list() == [4000.0, 1000.0]


def test_a_reverse_split() -> None:
    assert adjusted(bars(d02=1.0, d03=10.0), actions(split("2024-01-03", 0.1))) == [10.0, 10.0]


def test_a_split_and_then_a_dividend() -> None:
    found = actions(split("2024-01-03", 2.0), cash("2024-01-05", 1.0))
    assert adjusted(bars(d02=100.0, d03=50.0, d04=50.0, d05=49.0), found) == [100 * 0.5 * 0.98, 49.0, 49.0, 49.0]


def test_a_dividend_on_the_splits_day_is_of_a_new_share() -> None:
    found = actions(split("2024-01-03", 2.0), cash("2024-01-03", 1.0))
    assert adjusted(bars(d02=100.0, d03=49.0), found) == pytest.approx([100 * 0.5 * (1 - 1 / 50), 49.0], rel=1e-15)


@pytest.mark.parametrize(
    ("amount", "why"), [(100.0, "pays the whole price or more"), (250.0, "pays the whole price or more")]
)
def test_a_dividend_above_the_price_is_refused(amount: float, why: str) -> None:
    rows = bars(d02=100.0, d03=98.0)
    found = factors(actions(cash("2024-01-03", amount)), rows)
    assert found["refused"].to_list() == [why]
    assert adjusted(rows, actions(cash("2024-01-03", amount))) == [100.0, 98.0]


@pytest.mark.parametrize(
    ("currency", "amount", "code"),
    [("GBP", 0.02, "GBp"), ("GBp", 2.0, "GBp"), ("GBX", 2.0, "GBp"), ("GBP", 2.0, "GBP"), ("ZAR", 0.02, "ZAc"),
     ("ILA", 200.0, "ILS"), (None, 2.0, "GBp"), ("GBP", 2.0, None)],
)  # fmt: skip
def test_a_payment_counts_by_its_own_currency(currency: str | None, amount: float, code: str | None) -> None:
    rows, found = bars(d02=100.0, d03=98.0), actions(cash("2024-01-03", amount, currency=currency))
    closes = rows.select("symbol", "session", "close", code=pl.lit(code, pl.String))
    assert factors(found, closes)["price"].to_list() == [0.98]


def test_a_payment_in_another_currency_than_the_prices_has_no_factor() -> None:
    closes = bars(d02=100.0).with_columns(code=pl.lit("GBp"))
    found = factors(actions(cash("2024-01-03", 0.02, currency="USD")), closes)
    assert found["refused"].to_list() == ["is paid in another currency than that of the prices"]
    assert found["price"].to_list() == [1.0]


@given(
    st.lists(st.floats(0.5, 5.0), min_size=2, max_size=8),
    st.floats(0.001, 0.2),
    st.sampled_from([("GBP", "GBp"), ("ZAR", "ZAc"), ("ILS", "ILA"), ("USD", "USX"), ("GBP", "GBX")]),
    st.booleans(),
)
def test_the_unit_of_prices_changes_no_factor(
    pounds: list[float], paid: float, codes: tuple[str, str], told_in_hundredths: bool
) -> None:
    """Whatever of prices and payment is told in hundredths, adjusted prices are the same money."""
    whole, hundredths = codes
    rows = bars(**{f"d{at + 2:02}": close for at, close in enumerate(pounds)})
    amount = {"amount": paid * 100, "currency": hundredths} if told_in_hundredths else {"currency": whole}
    found = actions(cash("2024-01-03", paid) | amount)
    in_pounds = factors(found, rows.with_columns(code=pl.lit(whole)))
    in_pence = factors(found, rows.with_columns(pl.col("close") * 100, code=pl.lit(hundredths)))
    assert in_pence["price"].to_list() == pytest.approx(in_pounds["price"].to_list(), rel=1e-12)


def test_a_dividend_without_a_close_before_it_is_refused() -> None:
    found = factors(actions(cash("2024-01-02", 1.0)), bars(d02=100.0))
    assert found["refused"].to_list() == ["no close before it"]


def test_a_holiday_before_the_ex_session_does_not_matter() -> None:
    assert adjusted(bars(d02=100.0, d09=98.0), actions(cash("2024-01-09", 2.0))) == [98.0, 98.0]


def test_an_earlier_view_stays_the_same_whatever_comes() -> None:
    rows, first = bars(d02=100.0, d03=99.0, d04=98.0), cash("2024-01-03", 2.0)
    new = [split("2024-01-04", 2.0, known_at=datetime(2024, 1, 10, tzinfo=UTC)), cash("2024-01-12", 5.0)]
    as_of = datetime(2024, 1, 5, tzinfo=UTC)
    assert adjusted(rows, actions(first), as_of=as_of) == adjusted(rows, actions(first, *new), as_of=as_of)
    assert adjusted(rows, actions(first), as_of=as_of) != adjusted(rows, actions(first, *new))


@pytest.mark.parametrize(
    ("first", "second", "differing"),
    [((2.0, "GBp"), (0.02, "GBP"), 0), ((2.0, "GBp"), (2.0, "GBP"), 1), ((2.0, "GBp"), (2.0, None), 0),
     ((2.0, "USD"), (2.0, "CAD"), 1), ((2.0, "GBX"), (2.0, "GBp"), 0)],
)  # fmt: skip
def test_pence_and_pounds_are_no_difference(
    first: tuple[float, str], second: tuple[float, str | None], differing: int
) -> None:
    reports = actions(
        cash("2024-01-03", first[0], currency=first[1]),
        cash("2024-01-03", second[0], currency=second[1], source="two"),
    )
    found, told = settled(reports, ["one", "two"])
    assert found["amount"].to_list() == [first[0]]
    assert told.height == differing


def test_two_providers_reports_are_one_action_and_a_difference_is_told() -> None:
    reports = actions(
        cash("2024-01-03", 2.0, source="b"),
        cash("2024-01-03", 2.5, source="a"),
        cash("2024-02-01", 1.0, source="b"),
        cash("2024-02-01", 1.005, source="a"),
    )
    chosen, differing = settled(reports, ["a", "b"])
    assert chosen["amount"].to_list() == [2.5, 1.005]
    assert differing.select("source", "value", "other_source", "other_value").rows() == [("a", 2.5, "b", 2.0)]


@pytest.mark.parametrize("ratio", [None, 0.0, -1.0, float("nan"), float("inf")])
def test_a_split_without_a_ratio_is_none(ratio: float | None) -> None:
    assert settled(actions({**split("2024-01-03", 1.0), "ratio": ratio}), [])[0].is_empty()


events = st.lists(
    st.tuples(st.integers(1, 25), st.sampled_from([0.1, 0.5, 2.0, 3.0])), max_size=5, unique_by=lambda one: one[0]
)


@given(events, st.lists(st.floats(1, 1000), min_size=26, max_size=26))
def test_undoing_is_the_inverse_of_adjusting(drawn: list[tuple[int, float]], closes: list[float]) -> None:
    rows = pl.DataFrame(
        {
            "symbol": ["A"] * 26,
            "session": [date(2024, 1, 1) + timedelta(days=day) for day in range(26)],
            "close": closes,
            "volume": [1000.0] * 26,
        }
    )
    found = actions(*(split((date(2024, 1, 1) + timedelta(days=day)).isoformat(), ratio) for day, ratio in drawn))
    sent = adjust(rows, factors(found, rows), "splits", LATER)
    raw = undo_splits(sent, found, date(2030, 1, 1), date(2030, 1, 1))
    assert raw["close"].to_list() == pytest.approx(closes, rel=1e-12)
    assert raw["volume"].to_list() == pytest.approx([1000.0] * 26, rel=1e-12)
