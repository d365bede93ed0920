"""Amounts in a currency and in its hundredths."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.frames.currencies import HUNDREDTHS, currency_and_unit
from bcdata.frames.money import converted, currency_of, divided, parts_of

CODES = st.sampled_from([*HUNDREDTHS, *HUNDREDTHS.values(), "EUR", "JPY"])
AMOUNTS = st.floats(1e-6, 1e9)


def change(amount: float, code: str | None, into: str | None) -> float:
    frame = pl.DataFrame(
        {"a": amount, "code": code, "into": into}, {"a": pl.Float64, "code": pl.String, "into": pl.String}
    )
    return float(frame.select(converted(pl.col("a"), pl.col("code"), pl.col("into"))).item())


@pytest.mark.parametrize(
    ("amount", "code", "into", "expected"),
    [
        (0.02, "GBP", "GBp", 2.0),
        (2.0, "GBp", "GBP", 0.02),
        (70.0, "GBX", "GBP", 0.7),
        (1.1, "GBp", "GBX", 1.1),
        (1.1, None, "GBp", 1.1),
        (1.1, "GBP", None, 1.1),
        (0.35, "ZAR", "ZAc", 35.0),
        (35.0, "ILA", "ILS", 0.35),
    ],
)
def test_amounts(amount: float, code: str | None, into: str | None, expected: float) -> None:
    assert change(amount, code, into) == expected


@given(AMOUNTS, st.sampled_from(sorted(HUNDREDTHS)))
def test_there_and_back_is_the_same(amount: float, code: str) -> None:
    assert change(change(amount, code, HUNDREDTHS[code]), HUNDREDTHS[code], code) == pytest.approx(amount, rel=1e-15)


@given(AMOUNTS, CODES)
def test_its_own_code_changes_no_bit(amount: float, code: str) -> None:
    assert change(amount, code, code) == amount


@given(CODES)
def test_expressions_say_what_the_value_says(code: str) -> None:
    frame = pl.DataFrame({"code": [code]})
    currency, parts = frame.select(currency_of(pl.col("code")).alias("currency"), parts_of(pl.col("code"))).row(0)
    assert (currency, 1 / parts) == currency_and_unit(code)


@given(st.lists(AMOUNTS | st.none(), min_size=1, max_size=5), st.sampled_from(["GBp", "GBP"]))
def test_a_quotient_is_rounded_once_however_many_rows_there_are(amounts: list[float | None], code: str) -> None:
    frame = pl.DataFrame({"a": amounts}, {"a": pl.Float64})
    parts = 100.0 if code == "GBp" else 1.0
    found = frame.with_columns(code=pl.lit(code)).select(divided(pl.col("a"), parts_of(pl.col("code"))))
    assert found.to_series().to_list() == [None if one is None else one / parts for one in amounts]
