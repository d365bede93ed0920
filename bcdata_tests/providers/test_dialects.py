"""Every form of symbol that providers write is told apart, by the rule that says so."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.errors import UsageError
from bcdata.providers.dialects import classify, known_dialects
from bcdata.venues.classification.kinds import MONTHS

DELIVERY = {"kind": "future", "contract": "delivery", "expiry": "2024-03-29", "base": "BTC"}
CALL = {"kind": "option", "root": "AAPL", "expiry": "2023-06-16", "right": "call", "strike": 150.0}
PUT = {"kind": "option", "right": "put", "strike": 152.5, "symbol": "AAPL230616P00152500"}
PAIR = {"kind": "crypto", "symbol": "BTC/USD", "base": "BTC", "quote": "USD"}
SHARE = {"kind": "stock", "symbol": "BRK.B"}
EURO = {"kind": "forex", "base": "EUR", "quote": "USD", "symbol": "EUR/USD"}
ON = date(2025, 6, 1)


ROWS: list[tuple[str, str, dict[str, Any]]] = [
    ("BTCUSDT", "binance", {"kind": "crypto", "base": "BTC", "quote": "USDT", "exchange": "binance"}),
    ("BTC-USD", "coinbase", PAIR),
    ("BTC-USD", "yahoo", PAIR),
    ("BTC/USD", "alpaca", PAIR),
    ("BTC/USD", "kraken", PAIR),
    ("XBT/USD", "kraken", PAIR),
    ("XXBTZUSD", "kraken", PAIR),
    ("XBTUSD", "kraken", PAIR),
    ("X:BTCUSD", "polygon", PAIR),
    ("btcusd", "tiingo", PAIR),
    ("AAPL", "plain", {"kind": "stock", "symbol": "AAPL"}),
    ("BRK.B", "sec", SHARE),
    ("BRK.B", "polygon", SHARE),
    ("BRK-B", "yahoo", SHARE),
    ("BRK/B", "slash", SHARE),
    ("BRK B", "ibkr", SHARE),
    ("^GSPC", "yahoo", {"kind": "index", "symbol": "GSPC"}),
    ("I:SPX", "polygon", {"kind": "index", "symbol": "SPX"}),
    ("VOD.L", "yahoo", {"kind": "stock", "exchange": "XLON", "currency": "GBP", "unit": 0.01}),
    ("7203.T", "yahoo", {"kind": "stock", "exchange": "XTKS", "currency": "JPY", "unit": 1.0}),
    ("0700.HK", "yahoo", {"kind": "stock", "exchange": "XHKG"}),
    ("SAP.DE", "yahoo", {"kind": "stock", "exchange": "XETR"}),
    ("RY.TO", "yahoo", {"kind": "stock", "exchange": "XTSE"}),
    ("ALL.AX", "yahoo", {"kind": "stock", "exchange": "XASX"}),
    ("SSW.JO", "yahoo", {"kind": "stock", "exchange": "XJSE", "currency": "ZAR", "unit": 0.01}),
    ("EURUSD=X", "yahoo", EURO),
    ("C:EURUSD", "polygon", EURO),
    ("eurusd", "tiingo", EURO),
    ("EUR.USD", "ibkr", EURO),
    ("JPY=X", "yahoo", {"kind": "forex", "base": "USD", "quote": "JPY"}),
    ("ESZ25", "barchart", {"kind": "future", "root": "ES", "expiry": "2025-12", "symbol": "ESZ2025"}),
    ("ESZ5", "cme", {"kind": "future", "root": "ES", "expiry": "2025-12", "symbol": "ESZ2025"}),
    ("ES=F", "yahoo", {"kind": "future", "root": "ES", "contract": "continuous", "symbol": None}),
    ("ES*1", "barchart", {"kind": "future", "root": "ES", "contract": "continuous"}),
    ("ESY00", "barchart", {"kind": "index", "root": "ES"}),
    ("A6H24", "barchart", {"kind": "future", "root": "A6", "expiry": "2024-03"}),
    ("GCG24", "barchart", {"kind": "future", "root": "GC", "expiry": "2024-02"}),
    ("ZCZ2025", "barchart", {"kind": "future", "root": "ZC", "expiry": "2025-12"}),
    ("20240300", "pysystemtrade", {"kind": "future", "expiry": "2024-03", "symbol": None}),
    ("BTCUSDT_240329", "binance", DELIVERY),
    ("BTCUSD_PERP", "binance", {"kind": "crypto", "contract": "perpetual", "expiry": None, "quote": "USD"}),
    ("O:AAPL230616C00150000", "polygon", CALL),
    ("AAPL  230616P00152500", "occ", PUT),
    ("BBG000B9XRY4", "plain", {"kind": "unknown", "figi": "BBG000B9XRY4", "symbol": None}),
    ("BBG000B9XRY5", "plain", {"kind": "unknown", "figi": None}),
    ("VTSAX", "plain", {"kind": "fund", "symbol": "VTSAX"}),
    ("GBP.GBP", "ibkr", {"kind": "unknown", "symbol": None}),
    ("SPX_X", "plain", {"kind": "unknown", "symbol": None}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "dialect", "expected"), ROWS)
def test_symbols_of_all_dialects(text: str, dialect: str, expected: dict[str, Any]) -> None:
    found = classify(text, dialect, on=ON)
    assert {name: getattr(found, name) for name in expected} == expected
    assert found.rule


def test_what_the_provider_calls_it_counts_for_more() -> None:
    found = classify("SPY", "yahoo", stated="ETF")
    assert (found.kind, found.symbol, found.rule) == ("etf", "SPY", "yahoo calls it ETF")
    assert classify("BTC", "polygon", stated="CS").kind == "stock"
    assert classify("ETH", "plain", stated="cryptocurrency").kind == "crypto"  # a stock has this ticker, too


@pytest.mark.parametrize(
    ("text", "on", "expiry"),
    [
        ("ESZ5", date(2025, 6, 1), "2025-12"),
        ("ESZ5", date(2026, 1, 5), "2035-12"),
        ("ESH6", date(2025, 12, 31), "2026-03"),
        ("ESH5", date(2025, 4, 1), "2035-03"),
    ],
)
def test_a_year_of_one_digit_is_the_first_that_is_not_over(text: str, on: date, expiry: str) -> None:
    assert classify(text, "cme", on=on).expiry == expiry


def test_without_a_date_a_year_of_one_digit_is_not_guessed() -> None:
    assert classify("ESZ5", "cme").symbol is None


@given(st.sampled_from(["ES", "GC", "ZC", "A6", "CL", "NQ", "6E"]), st.sampled_from(MONTHS), st.integers(1950, 2049))
def test_two_and_four_digits_name_the_same_contract(root: str, code: str, year: int) -> None:
    two, four = (classify(f"{root}{code}{text}", "barchart") for text in (f"{year % 100:02}", str(year)))
    assert two == four
    assert four.symbol == f"{root}{code}{year}"


@given(st.text(max_size=30), st.sampled_from(known_dialects()))
def test_any_text_is_classified_or_unknown(text: str, dialect: str) -> None:
    found = classify(text, dialect)
    assert found.rule
    assert found.symbol is None or found.symbol.isprintable()


def test_an_unknown_dialect_has_near_names() -> None:
    with pytest.raises(UsageError, match="did you mean 'polygon'"):
        classify("AAPL", "polygn")
