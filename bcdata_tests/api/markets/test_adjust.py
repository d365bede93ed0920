"""Splits and payments in frames of one's own: worked values, views that stay, and what is refused."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

import bcdata
from bcdata.errors import MissingDataWarning, UsageError
from bcdata.frames.schema import MERGED_ACTION

SENT = pl.DataFrame(
    {"symbol": ["NVDA"], "session": [date(2021, 7, 19)], "close": [18.77975082397461], "volume": [749_060_000]}
)
SPLITS = pl.DataFrame(
    {"symbol": "NVDA", "kind": "split", "ex_session": [date(2021, 7, 20), date(2024, 6, 10)], "ratio": [4.0, 10.0]}
)
ANSWERED = "2025-02-22"


def bars(**closes: float) -> pl.DataFrame:
    """Closes by the day of January 2024: `d02=100.0`."""
    days = [date(2024, 1, int(name[1:])) for name in closes]
    return pl.DataFrame({"symbol": "A", "session": days, "close": list(closes.values()), "volume": 1000.0})


def actions(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame([{"symbol": "A", "kind": "cash", **row} for row in rows])


PAID = {"ex_session": date(2024, 1, 3), "amount": 2.0}
SPLIT = {"kind": "split", "ex_session": date(2024, 1, 4), "ratio": 2.0}


def test_what_a_provider_adjusted_is_raw_again() -> None:
    for splits in (SPLITS, SPLITS.lazy(), SPLITS.to_pandas().astype({"ex_session": "datetime64[us]"})):
        found = bcdata.undo_splits(SENT, splits, answered=ANSWERED, known_until=ANSWERED)
        assert found.columns == [*SENT.columns, "held_back"]
        assert found.row(0) == ("NVDA", date(2021, 7, 19), 751.1900329589844, 18_726_500, None)


def test_where_a_split_may_be_missing_rows_are_held_back() -> None:
    for until in (None, "2021-12-31", date(2025, 2, 21)):
        found = bcdata.undo_splits(SENT, SPLITS.head(1), answered=ANSWERED, known_until=until)
        assert found["held_back"].to_list() == ["adjustment_unknown"]
        assert found.drop("held_back").equals(SENT)


def test_what_was_split_after_the_answer_is_not_in_its_prices() -> None:
    found = bcdata.undo_splits(SENT, SPLITS, answered="2024-06-09", known_until=ANSWERED)
    assert found["close"].to_list() == [18.77975082397461 * 4]


def test_splits_and_payments() -> None:
    rows, known = bars(d02=100.0, d03=98.0, d04=49.0), actions(PAID, SPLIT)
    assert bcdata.adjust(rows, known)["close"].to_list() == pytest.approx([49.0, 49.0, 49.0], rel=1e-15)
    assert bcdata.adjust(rows, known, "splits")["close"].to_list() == [50.0, 49.0, 49.0]
    assert bcdata.adjust(rows, known, "none").equals(rows)
    assert bcdata.adjust(rows, known)["volume"].to_list() == [2000.0, 2000.0, 1000.0]


def test_actions_as_the_lake_has_them() -> None:
    paid = {"symbol": "A", "kind": "cash", **PAID, "currency": "USD", "source": "one"}
    of_lake = pl.DataFrame(
        [{**paid, "known_at": datetime(2024, 1, 1, tzinfo=UTC)}], {"symbol": pl.String, **MERGED_ACTION}
    )
    assert bcdata.adjust(bars(d02=100.0, d03=98.0), of_lake)["close"].to_list() == [98.0, 98.0]


def test_bars_within_sessions_are_adjusted_by_the_close_of_the_session_before() -> None:
    at = [datetime(2024, 1, 2, hour, tzinfo=UTC) for hour in (16, 15)] + [datetime(2024, 1, 3, 15, tzinfo=UTC)]
    rows = pl.DataFrame(
        {"symbol": "A", "open_time": at, "session": [one.date() for one in at], "close": [100.0, 90.0, 98.0]}
    )
    assert bcdata.adjust(rows, actions(PAID))["close"].to_list() == [98.0, 90.0 * 0.98, 98.0]


def test_a_view_of_an_instant_stays_whatever_comes() -> None:
    rows = bars(d02=100.0, d03=98.0, d04=49.0)
    late = {**PAID, "ex_session": date(2024, 1, 2), "amount": 50.0, "known_at": datetime(2024, 6, 1, tzinfo=UTC)}
    before = bcdata.adjust(rows, actions(PAID), as_of="2024-01-03")
    assert before["close"].to_list() == [98.0, 98.0, 49.0]
    for more in ([SPLIT], [late], [SPLIT, late]):
        assert bcdata.adjust(rows, actions(PAID, *more), as_of="2024-01-03").equals(before)
    assert not bcdata.adjust(rows, actions(PAID, SPLIT), as_of="2024-01-04").equals(before)


def test_a_payment_after_the_last_close_is_not_guessed() -> None:
    rows, later = bars(d02=100.0, d03=98.0), actions({**PAID, "ex_session": date(2024, 1, 9)})
    with pytest.raises(UsageError, match=r"closes of A end on 2024-01-03, before the payment of 2024-01-09: give"):
        bcdata.adjust(rows, later)
    whole = bars(d02=100.0, d03=98.0, d08=50.0, d09=48.0)
    assert bcdata.adjust(rows, later, closes=whole)["close"].to_list() == [96.0, 98.0 * 0.96]
    assert bcdata.adjust(rows, later, as_of="2024-01-08").equals(rows)
    assert bcdata.adjust(rows, later, "splits").equals(rows)


def test_one_action_of_two_sources_counts_once_and_a_difference_is_told() -> None:
    rows, both = bars(d02=100.0, d03=98.0), actions({**PAID, "source": "b", "amount": 4.0}, {**PAID, "source": "a"})
    with pytest.warns(MissingDataWarning, match="a has 2 for the cash of A on 2024-01-03, b has 4; the first counts"):
        assert bcdata.adjust(rows, both)["close"].to_list() == [98.0, 98.0]


def test_a_payment_of_the_whole_price_is_told() -> None:
    rows = bars(d02=100.0, d03=98.0)
    with pytest.warns(MissingDataWarning, match="A before 2024-01-03 are not adjusted .* pays the whole price or more"):
        assert bcdata.adjust(rows, actions({**PAID, "amount": 100.0})).equals(rows)


@pytest.mark.parametrize(
    ("rows", "known", "more", "said"),
    [
        (5, SPLITS, {}, "`bars` takes a frame with symbol, session; this is none"),
        (SENT.drop("session"), SPLITS, {}, "the bars have no column session; there are symbol, close, volume"),
        (
            SENT.with_columns(session=pl.lit("x")),
            SPLITS,
            {},
            "column session of the bars holds String; it has to be Date",
        ),
        (SENT.drop("close"), SPLITS, {}, "the closes have no column close"),
        (SENT, SPLITS.drop("kind"), {}, "the actions have no column kind"),
        (SENT, SPLITS.with_columns(kind=pl.lit("splitt")), {}, "no kind of action 'splitt'; did you mean 'split'"),
        (SENT, SPLITS.with_columns(ratio=pl.lit("4:1")), {}, "the actions hold what they cannot: conversion"),
        (SENT, SPLITS, {"adjusted": "both"}, "`adjusted` is 'both'; it is one of none, splits, all"),
        (SENT, SPLITS, {"as_of": "soon"}, "instant"),
    ],
)
def test_mistakes(rows: Any, known: Any, more: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said) as told:
        bcdata.adjust(rows, known, **more)
    assert "\n" not in str(told.value)


def test_payments_in_pounds_beside_prices_in_pence() -> None:
    """What the prices are in has to be said where it may be either; nothing is guessed."""
    rows = bars(d02=100.0, d03=98.0)
    paid = actions({"ex_session": date(2024, 1, 3), "amount": 0.02, "currency": "GBP"})
    for currency in ("GBp", {"A": "GBp"}, {"A": "GBX", "B": "USD"}):
        assert bcdata.adjust(rows, paid, currency=currency)["close"].to_list() == [98.0, 98.0]
    pounds = rows.with_columns(pl.col("close") / 100)
    assert bcdata.adjust(pounds, paid, currency="GBP")["close"].to_list() == pytest.approx([0.98, 0.98], rel=1e-15)
    for unsaid in (None, {"B": "GBp"}):
        with pytest.raises(UsageError, match="A pays in GBP, and its prices may be in GBP or in hundredths of it"):
            bcdata.adjust(rows, paid, currency=unsaid)
    assert bcdata.adjust(rows, paid, "splits").equals(rows)
    with pytest.raises(UsageError, match="`currency` is 'pence'"):
        bcdata.adjust(rows, paid, currency="pence")
    with pytest.warns(MissingDataWarning, match="is paid in another currency than that of the prices"):
        assert bcdata.adjust(rows, paid, currency="EUR").equals(rows)


def test_an_action_is_of_the_instrument_that_had_the_ticker_then() -> None:
    """A became B on the 4th; B was another one until then. B is split on the 8th, and pays on the 4th."""
    closes = {"d02": 100.0, "d03": 100.0}
    later = {"d04": 98.0, "d05": 98.0, "d08": 49.0}
    rows = pl.concat(
        [
            bars(**closes),
            bars(**closes).with_columns(pl.lit("B").alias("symbol"), pl.col("close") / 10),
            bars(**later).with_columns(pl.lit("B").alias("symbol")),
        ]
    )
    own = {"symbol": "B", "kind": "split", "ex_session": date(2024, 1, 8), "ratio": 2.0}, {
        "symbol": "B", "kind": "cash", "ex_session": date(2024, 1, 4), "amount": 2.0,
    }  # fmt: skip
    on = {"kind": "rename", "ex_session": date(2024, 1, 4)}
    for rename in ({"symbol": "A", **on, "renamed_to": "B"}, {"symbol": "B", **on, "renamed_from": "A"}):
        known = pl.DataFrame([rename, *own], infer_schema_length=None)
        found = bcdata.adjust(rows, known)
        assert found.columns == rows.columns
        assert found["symbol"].to_list() == rows["symbol"].to_list()
        assert found["close"].to_list() == pytest.approx([49.0, 49.0, 10.0, 10.0, 49.0, 49.0, 49.0], rel=1e-15)
        unknown = bcdata.adjust(rows, known.with_columns(known_at=datetime(2024, 1, 9, tzinfo=UTC)), as_of="2024-01-08")
        assert unknown.equals(rows)


def test_a_ticker_that_was_given_up_keeps_nothing_of_who_has_it_next() -> None:
    rows = bars(d02=100.0, d03=100.0, d04=10.0, d05=5.0)
    given_up = {"symbol": "A", "kind": "rename", "ex_session": date(2024, 1, 4), "renamed_to": "C"}
    split = {"symbol": "A", "kind": "split", "ex_session": date(2024, 1, 5), "ratio": 2.0}
    found = bcdata.adjust(rows, pl.DataFrame([given_up, split], infer_schema_length=None), "splits")
    assert found["close"].to_list() == [100.0, 100.0, 5.0, 5.0]
