"""Alpha Vantage's time series, splits and dividends as they stand in bodies."""

import json
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bcdata.errors import BadAnswerError
from bcdata.net.policy import Reply
from bcdata.providers.alpha_vantage.errors import classify
from bcdata.providers.alpha_vantage.symbols import written
from bcdata_tests.providers.stocks.damage import FOREIGN, spoilt
from bcdata_tests.providers.stocks.market import COLUMNS, actions_of, series
from bcdata_tests.providers.venues import read, us

SOURCE = "alpha_vantage"
EASTERN = ZoneInfo("US/Eastern")
FIELDS = ("1. open", "2. high", "3. low", "4. close", "5. volume")


def row(**other: Any) -> dict[str, Any]:
    told = {"open": "147.4400", "high": "149.1700", "low": "146.8500", "close": "149.0200", "volume": "3179541"} | other
    return {f"{number}. {name}": value for number, (name, value) in enumerate(told.items(), 1)}


def page(rows: Any, *, span: str = "1min", symbol: Any = "IBM", zone: Any = "US/Eastern", fresh: str = "") -> bytes:
    meta = {"1. Information": "some", "2. Symbol": symbol, "3. Last Refreshed": fresh, "6. Time Zone": zone}
    return json.dumps({"Meta Data": meta, f"Time Series ({span})": rows}).encode()


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("IBM", "IBM"),
        ("BRK.B", "BRK-B"),
        ("VOD.L", "VOD.LON"),
        ("VOD.XLON", "VOD.LON"),
        ("SHOP.TO", "SHOP.TRT"),
        ("7203.T", "7203.T"),
    ],
)
def test_symbols(symbol: str, expected: str) -> None:
    assert written(symbol) == expected


@given(
    st.dictionaries(
        st.integers(0, 60 * 24 * 700).map(
            lambda minutes: datetime(2023, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
        ),
        st.lists(st.decimals(0, 10**5, places=4).map(lambda one: f"{one:.4f}"), min_size=5, max_size=5),
        max_size=20,
    )
)
def test_any_page_of_the_format_reads_to_what_it_says(rows: dict[datetime, list[str]]) -> None:
    there_once = {
        at: values for at, values in rows.items() if at.astimezone(EASTERN).replace(fold=1).astimezone(UTC) == at
        and at.astimezone(EASTERN).replace(fold=0).astimezone(UTC) == at
    }  # fmt: skip
    sent = {
        f"{at.astimezone(EASTERN):%Y-%m-%d %H:%M:%S}": dict(zip(FIELDS, values, strict=True))
        for at, values in there_once.items()
    }
    found, bad = read(SOURCE, series("IBM"), [page(sent)])
    assert bad.is_empty()
    assert found["open_time"].to_list() == [us(at) for at in there_once]
    assert found.select(COLUMNS).rows() == [tuple(map(float, values)) for values in there_once.values()]


def test_an_hour_that_comes_twice_or_not_at_all_is_refused_in_words() -> None:
    sent = {"2024-11-03 01:30:00": row(), "2024-03-10 02:30:00": row(), "2024-11-03 02:30:00": row()}
    found, bad = read(SOURCE, series("IBM"), [page(sent)])
    assert found["open_time"].to_list() == [us(datetime(2024, 11, 3, 7, 30, tzinfo=UTC))]
    assert "twice" in bad["evidence"][0]
    assert "leave this time out" in bad["evidence"][1]


def test_the_zone_is_the_one_that_it_states() -> None:
    found, _ = read(SOURCE, series("IBM"), [page({"2024-07-01 09:30:00": row()}, zone="Europe/London")])
    assert found["open_time"].to_list() == [us(datetime(2024, 7, 1, 8, 30, tzinfo=UTC))]


def test_sessions_are_labelled_by_their_dates() -> None:
    sent = {"2024-03-11": row(), "2024-03-08": row(close="None"), "2024-03-07": row(volume="-")}
    found, bad = read(SOURCE, series("IBM", "1d"), [page(sent, span="Daily")])
    assert bad.is_empty()
    dates = [us(datetime(2024, 3, day, tzinfo=UTC)) for day in (11, 8, 7)]
    assert found.select("open_time", "close", "volume").rows() == [
        (dates[0], 149.02, 3_179_541.0),
        (dates[1], None, 3_179_541.0),
        (dates[2], 149.02, None),
    ]


def test_rows_as_they_stand() -> None:
    nothing = dict.fromkeys(("open", "high", "low", "close", "volume"), "None")
    sent = {
        "soon": row(),
        "2024-03-08": row(),
        "2024-03-08 09:30:00": None,
        "2024-03-08 09:31:00": {"open": "1"},
        "2024-03-08 09:32:00": row(**nothing),
        "2024-03-08 09:33:00": row(open="1,234.5", high=True, low="1e308", close="NaN"),
    }
    found, bad = read(SOURCE, series("IBM"), [b"{}", page(sent)])
    assert bad.select("object", "line").rows() == [(1, 0), (1, 1), (1, 2), (1, 3)]
    assert found.select("line", "open", "high", "low", "close").rows() == [(5, None, None, 1e308, None)]


@pytest.mark.parametrize(
    "body",
    [
        *FOREIGN,
        page({"2024-03-08 09:30:00": row()}, span="5min"),
        page({"2024-03-08 09:30:00": row()}, symbol="MSFT"),
        page({"2024-03-08 09:30:00": row()}, symbol=None),
        page({"2024-03-08 09:30:00": row()}, zone="Mars/Olympus"),
        page({"2024-03-08 09:30:00": row()}, zone=None),
        page([]),
    ],
)
def test_what_is_no_page(body: bytes) -> None:
    with pytest.raises(BadAnswerError, match="alpha_vantage: page 1 is not usable"):
        read(SOURCE, series("IBM"), [page({}), body])
    with pytest.raises(BadAnswerError, match="alpha_vantage: page 0 is not usable"):
        actions_of(SOURCE, "IBM", [body])


def actions_page(*rows: Any, symbol: str = "IBM") -> bytes:
    return json.dumps({"symbol": symbol, "data": rows}).encode()


SPLIT = {"effective_date": "1999-05-27", "split_factor": "2.0000"}
PAID = {
    "ex_dividend_date": "2024-02-08",
    "declaration_date": "2024-01-30",
    "record_date": "2024-02-09",
    "payment_date": "None",
    "amount": "1.66",
}


def test_actions() -> None:
    found = actions_of(SOURCE, "IBM", [actions_page(SPLIT), actions_page(PAID), actions_page(), b"{}"])
    assert found.bad_lines.is_empty()
    names = ("kind", "ex_session", "ratio", "amount", "currency", "declared", "record", "pay", "object")
    assert found.rows.select(names).rows() == [
        ("split", date(1999, 5, 27), 2.0, None, None, None, None, None, 0),
        ("cash", date(2024, 2, 8), None, 1.66, None, date(2024, 1, 30), date(2024, 2, 9), None, 1),
    ]
    wrong = [{**SPLIT, "split_factor": "0"}, {**SPLIT, "split_factor": "2:1"}, {**PAID, "amount": "None"}, {}, None,
             {**PAID, "ex_dividend_date": "None"}]  # fmt: skip
    found = actions_of(SOURCE, "IBM", [actions_page(*wrong)])
    assert (found.rows.height, found.bad_lines.height) == (0, len(wrong))
    with pytest.raises(BadAnswerError, match="MSFT"):
        actions_of(SOURCE, "IBM", [actions_page(SPLIT, symbol="MSFT")])


def test_damage_never_raises_anything_else() -> None:
    for body in spoilt(page({"2024-03-08 09:30:00": row()})):
        with suppress(BadAnswerError):
            read(SOURCE, series("IBM"), [body])
        classify(Reply(200, {}, body))
    for body in spoilt(actions_page(SPLIT, PAID)):
        with suppress(BadAnswerError):
            actions_of(SOURCE, "IBM", [body])
        classify(Reply(200, {}, body))


def test_recorded_answers(shared_data: Path) -> None:
    folder = shared_data / "providers/alpha_vantage"
    mock = (folder / "alpha_vantage_mocks/mock_time_series").read_bytes()
    found, bad = read(SOURCE, series("MSFT"), [mock])
    assert (found.height, bad.height) == (100, 0)
    assert found["open_time"].to_list()[::99] == [1_513_626_960_000_000, 1_513_621_020_000_000]  # 19:56, 18:17 UTC
    assert found.select(COLUMNS).row(0) == (86.49, 86.5, 86.475, 86.5, 10_494.0)
    taped = yaml.safe_load((folder / "tickertrace_vcr/alpha_vantage_get_prices.yaml").read_text())["interactions"]
    body = taped[0]["response"]["content"].encode()
    found, bad = read(SOURCE, series("IBM", "1d"), [body])
    assert (found.height, bad.height) == (100, 0)
    assert found["open_time"][0] == us(datetime(2023, 11, 10, tzinfo=UTC))
    assert found.select(COLUMNS).row(1) == (146.55, 146.99, 145.28, 146.62, 3_412_713.0)
    for name in ("global_quote", "symbol_search", "mock_technical_indicator", "mock_foreign_exchange", "mock_sector"):
        with pytest.raises(BadAnswerError):
            read(SOURCE, series("MSFT"), [(folder / "alpha_vantage_mocks" / name).read_bytes()])
