"""`bcdata classify`: every row of the table of symbols, through the command."""

from typing import Any

import pytest

from bcdata.errors import UsageError
from bcdata_tests.cli.markets.conftest import Ask
from bcdata_tests.providers.test_dialects import ROWS

FIELDS = ("symbol", "exchange", "base", "quote", "root", "expiry", "contract", "currency", "unit", "right", "strike",
          "figi", "kind")  # fmt: skip


@pytest.mark.parametrize(("text", "dialect", "expected"), ROWS)
def test_symbols_of_all_dialects(ask: Ask, text: str, dialect: str, expected: dict[str, Any]) -> None:
    [found] = ask("classify", text, "--dialect", dialect, "--on", "2025-06-01")
    assert {name: found[name] for name in expected} == expected
    assert (found["text"], found["dialect"], bool(found["rule"])) == (text, dialect, True)
    assert set(found) == {"text", "dialect", "rule", *FIELDS}


def test_the_date_decides_a_year_of_one_digit(ask: Ask) -> None:
    [late] = ask("classify", "ESZ5", "--dialect", "cme", "--on", "2026-01-05")
    [without] = ask("classify", "ESZ5", "--dialect", "cme")
    assert (late["expiry"], without["expiry"], without["kind"]) == ("2035-12", None, "future")


def test_what_the_provider_states_counts_for_more(ask: Ask) -> None:
    found = ask("classify", "ETH", "BTC", "--dialect", "polygon", "--stated", "ETF")
    assert [(one["text"], one["kind"], one["currency"]) for one in found] == [
        ("ETH", "etf", "USD"),
        ("BTC", "etf", "USD"),
    ]


def test_without_a_dialect_it_is_all_that_make_something_of_it(ask: Ask) -> None:
    found = ask("classify", "BTC-USD", "BRK/B", "BBG000B9XRY4", "???")
    by_text: dict[str, list[str | None]] = {}
    for one in found:
        by_text.setdefault(one["text"], []).append(one["dialect"])
    assert by_text == {
        "BTC-USD": ["coinbase", "polygon", "yahoo"],
        "BRK/B": ["plain", "slash"],
        "BBG000B9XRY4": ["plain"],
        "???": [None],
    }
    assert found[-1]["kind"] == "unknown"


def test_a_table_has_a_row_for_each_reading(ask: Ask) -> None:
    said = ask("classify", "BTC-USD", "AAPL", as_json=False).splitlines()
    assert "figi" not in said[0]
    assert "coinbase, polygon, yahoo" in said[2]
    assert sum(line.startswith("AAPL") for line in said) == 1


def test_mistakes(ask: Ask) -> None:
    with pytest.raises(UsageError, match="there is no dialect 'barchrt'; did you mean 'barchart'"):
        ask("classify", "ESZ5", "--dialect", "barchrt")
    with pytest.raises(UsageError, match="instant"):
        ask("classify", "ESZ5", "--on", "soon")
    with pytest.raises(UsageError, match="no kind is called 'stonk'; did you mean 'stock'"):
        ask("classify", "SPY", "--stated", "stonk")
