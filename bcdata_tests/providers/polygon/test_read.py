"""Polygon's aggregates, splits and dividends as they stand in bodies."""

import json
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.errors import BadAnswerError
from bcdata.net.policy import Reply
from bcdata.providers.base import Series
from bcdata.providers.polygon.answers import next_name
from bcdata.providers.polygon.errors import classify
from bcdata.providers.polygon.symbols import written
from bcdata_tests.providers.stocks.damage import FOREIGN, spoilt
from bcdata_tests.providers.stocks.market import actions_of, series
from bcdata_tests.providers.venues import read

SOURCE = "polygon"
AT = 1_709_908_200_000  # 2024-03-08 14:30 UTC
NAMES = ("open", "high", "low", "close", "volume", "vwap", "trades")


def row(t: Any = AT, **other: Any) -> dict[str, Any]:
    return {"v": 642.5, "vw": 1.469, "o": 1.5032, "c": 1.4604, "h": 1.5064, "l": 1.4489, "t": t, "n": 82} | other


def page(*rows: Any, ticker: str = "AAPL", **other: Any) -> bytes:
    told = {"ticker": ticker, "resultsCount": len(rows), "adjusted": False, "results": rows, "status": "OK"}
    return json.dumps(told | other).encode()


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("AAPL", "AAPL"),
        ("BRK.B", "BRK.B"),
        ("^GSPC", "I:SPX"),
        ("^NDX", "I:NDX"),
        ("I:SPX", "I:SPX"),
        ("EURUSD", "C:EURUSD"),
        ("GOOGLE", "GOOGLE"),
    ],
)
def test_symbols(symbol: str, expected: str) -> None:
    assert written(symbol) == expected


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**7),
            st.lists(st.decimals(0, 10**5, places=4).map(float), min_size=6, max_size=6),
            st.integers(0, 10**9),
        ),
        max_size=20,
    )
)
def test_any_page_of_the_format_reads_to_what_it_says(rows: list[tuple[int, list[float], int]]) -> None:
    sent = [row(AT + minute * 60_000, **dict(zip(("o", "h", "l", "c", "v", "vw"), values, strict=True)), n=trades)
            for minute, values, trades in rows]  # fmt: skip
    found, bad = read(SOURCE, series(), [page(*sent)])
    assert bad.is_empty()
    assert found["open_time"].to_list() == [(AT + minute * 60_000) * 1000 for minute, _, _ in rows]
    assert found.select(NAMES).rows() == [(*values, trades) for _, values, trades in rows]


@pytest.mark.parametrize(
    ("interval", "ms", "label"),
    [
        ("1d", 1_709_874_000_000, date(2024, 3, 8)),  # 05:00 UTC, before the clocks go forward
        ("1d", 1_710_129_600_000, date(2024, 3, 11)),  # 04:00 UTC, after it
        ("1w", 1_710_046_800_000, date(2024, 3, 11)),  # Sunday
        ("1mo", 1_709_269_200_000, date(2024, 3, 1)),
    ],
)
def test_days_and_longer_are_labelled_by_dates_of_new_york(interval: str, ms: int, label: date) -> None:
    found, _ = read(SOURCE, series(interval=interval), [page(row(ms))])
    assert found["open_time"].cast(int).to_list() == [(label - date(1970, 1, 1)).days * 86_400_000_000]


def test_currencies_have_days_of_utc_and_no_volume() -> None:
    body = page(row(1_709_856_000_000), ticker="C:EURUSD")
    found, _ = read(SOURCE, Series("forex_mid", "klines", "EURUSD", "1d"), [body])
    assert found.select("open_time", *NAMES).rows() == [
        (1_709_856_000_000_000, 1.5032, 1.5064, 1.4489, 1.4604, None, None, None)
    ]


def test_adjusted_prices_are_held_back() -> None:
    found, bad = read(SOURCE, series(interval="1d"), [page(row(1_709_874_000_000), adjusted=True)])
    assert found.is_empty()
    assert bad.select("reason", "open_time").rows() == [("adjustment_unknown", 1_709_856_000_000_000)]
    assert "adjusted" in bad["evidence"][0]


def test_rows_as_they_stand() -> None:
    nothing = dict.fromkeys("ohlcv", None)
    odd = [None, 5, [], {}, row(None), row("1"), row(AT + 1), row(-60_000), row(10**18), {"t": AT}]
    found, bad = read(SOURCE, series(), [page(*odd, row(AT, **nothing), row(AT + 60_000, c="None", n=1.5))])
    assert bad["line"].to_list() == list(range(len(odd)))
    assert bad["open_time"].drop_nulls().to_list() == [AT * 1000]
    assert found.select("open_time", "open", "close", "trades").rows() == [((AT + 60_000) * 1000, 1.5032, None, None)]


@pytest.mark.parametrize(
    "body",
    [
        *FOREIGN,
        page(row(), status="ERROR"),
        page(row(), ticker="MSFT"),
        page(row(), resultsCount=2),
        page(row(), next_url=7),
        page(results=None, resultsCount=3),
    ],
)
def test_what_is_no_page(body: bytes) -> None:
    with pytest.raises(BadAnswerError, match="polygon: page 1 is not usable"):
        read(SOURCE, series(), [page(row()), body])
    if b"next_url" in body or b"MSFT" in body or not body.startswith(b'{"ticker"'):
        with pytest.raises(BadAnswerError, match="polygon: page 0 is not usable"):
            actions_of(SOURCE, "AAPL", [body])


SPLIT = {"execution_date": "2024-06-10", "split_from": 1, "split_to": 10, "ticker": "NVDA"}
PAID = {
    "cash_amount": 0.22,
    "currency": "USD",
    "declaration_date": "2021-10-28",
    "dividend_type": "CD",
    "ex_dividend_date": "2021-11-05",
    "frequency": 4,
    "pay_date": "2021-11-11",
    "record_date": "2021-11-08",
    "ticker": "NVDA",
}


def actions_page(*rows: Any) -> bytes:
    return json.dumps({"results": rows, "status": "OK", "request_id": "1"}).encode()


def test_actions() -> None:
    reverse = {**SPLIT, "split_from": 50, "split_to": 1, "execution_date": "2023-08-24"}
    special, gain = {**PAID, "dividend_type": "SC"}, {**PAID, "dividend_type": "LT", "record_date": None}
    rows = [SPLIT, reverse], [PAID, special, gain, {**PAID, "currency": None}]
    found = actions_of(SOURCE, "NVDA", [actions_page(*one) for one in rows])
    assert found.bad_lines.is_empty()
    assert found.rows.select("kind", "ex_session", "ratio", "amount", "currency").rows() == [
        ("split", date(2024, 6, 10), 10.0, None, None),
        ("split", date(2023, 8, 24), 0.02, None, None),
        ("cash", date(2021, 11, 5), None, 0.22, "USD"),
        ("special", date(2021, 11, 5), None, 0.22, "USD"),
        ("capital_gain", date(2021, 11, 5), None, 0.22, "USD"),
        ("cash", date(2021, 11, 5), None, 0.22, None),
    ]
    dates = found.rows.select("declared", "record", "pay").rows()
    assert dates[2] == (date(2021, 10, 28), date(2021, 11, 8), date(2021, 11, 11))
    assert dates[4][1] is None
    wrong = [{**SPLIT, "split_from": 0}, {**SPLIT, "ticker": "MSFT"}, {**PAID, "cash_amount": 0}, {}, None, 5,
             {**PAID, "dividend_type": "XX"}]  # fmt: skip
    found = actions_of(SOURCE, "NVDA", [actions_page(*wrong)])
    assert (found.rows.height, found.bad_lines.height) == (0, len(wrong))


def test_damage_never_raises_anything_else() -> None:
    for body in spoilt(page(row(), next_url="https://api.massive.com/v2")):
        with suppress(BadAnswerError):
            read(SOURCE, series(), [body])
        classify(Reply(200, {}, body))
    for body in spoilt(actions_page(SPLIT, PAID)):
        with suppress(BadAnswerError):
            actions_of(SOURCE, "NVDA", [body])
    for body in spoilt(b'{"status":"ERROR","error":"odd","message":"odd","resultsCount":0}'):
        classify(Reply(403, {}, body))


@pytest.mark.parametrize(
    ("next_url", "base", "expected"),
    [
        ("", "https://api.massive.com", None),
        ("https://api.massive.com/v2/x?cursor=QQ", "https://api.massive.com", "/v2/x?cursor=QQ"),
        ("https://api.massive.com/v2/x?cursor=QQ&apiKey=SECRET", "https://api.massive.com", "/v2/x?cursor=QQ"),
        ("http://127.0.0.1:9/base/v2/x", "http://127.0.0.1:9/base", "/v2/x"),
        ("https://api.polygon.io/v2/x?cursor=QQ", "https://api.massive.com", ValueError),
        ("http://api.massive.com/v2/x", "https://api.massive.com", ValueError),
        ("/v2/x", "https://api.massive.com", ValueError),
        ("https://[/", "https://api.massive.com", ValueError),
    ],
)
def test_the_next_page_is_at_the_same_host(next_url: str, base: str, expected: Any) -> None:
    if expected is ValueError:
        with pytest.raises(ValueError, match="another host"):
            next_name(next_url, base)
    else:
        assert next_name(next_url, base) == expected


def test_recorded_answers(shared_data: Path) -> None:
    """They were asked for as adjusted, which none of ours is: each row is held back, at its own date."""
    folder = shared_data / "providers/polygon/client_python_mocks/v2/aggs/ticker/AAPL"
    for name in ("2005-04-01", "2005-04-02"):
        body = (folder / f"range/1/day/{name}/2005-04-04.json").read_bytes()
        found, bad = read(SOURCE, series(interval="1d"), [body])
        assert (found.height, bad["reason"].to_list()) == (0, ["adjustment_unknown"] * 2)
        assert bad["open_time"].to_list() == [1_112_313_600_000_000, 1_112_572_800_000_000]
        found, bad = read(SOURCE, series(interval="1d"), [body.replace(b'"adjusted": true', b'"adjusted": false')])
        assert found["open_time"].to_list() == [1_112_313_600_000_000, 1_112_572_800_000_000]
        assert found.select(NAMES).row(0) == (1.5032, 1.5064, 1.4489, 1.4604, 642_646_396.0, 1.469, 82_132)
    assert read(SOURCE, series(interval="1d"), [(folder / "prev.json").read_bytes()])[1].height == 1
