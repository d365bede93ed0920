"""Alpaca's bars and corporate actions as they stand in bodies."""

import json
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.errors import BadAnswerError
from bcdata.net.policy import Reply
from bcdata.providers.alpaca.errors import classify
from bcdata.providers.alpaca.symbols import written
from bcdata_tests.providers.stocks.damage import FOREIGN, spoilt
from bcdata_tests.providers.stocks.market import actions_of, series
from bcdata_tests.providers.venues import read, us

SOURCE = "alpaca"
NAMES = ("open", "high", "low", "close", "volume", "vwap", "trades")
FIRST = datetime(2024, 3, 8, 14, 30, tzinfo=UTC)


def row(t: Any = "2024-03-08T14:30:00Z", **other: Any) -> dict[str, Any]:
    return {"t": t, "o": 174, "h": 174.84, "l": 172.31, "c": 174.61, "v": 85_998, "n": 732, "vw": 173.703516} | other


def page(*rows: Any, symbol: str = "AAPL", following: Any = None) -> bytes:
    return json.dumps({"bars": {symbol: rows}, "next_page_token": following}).encode()


def test_symbols_are_written_as_they_are() -> None:
    assert [written(one) for one in ("AAPL", "BRK.B")] == ["AAPL", "BRK.B"]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**6),
            st.lists(st.decimals(0, 10**5, places=4).map(float), min_size=5, max_size=5),
            st.tuples(st.integers(0, 10**9), st.integers(0, 10**6)),
        ),
        max_size=20,
    )
)
def test_any_page_of_the_format_reads_to_what_it_says(
    rows: list[tuple[int, list[float], tuple[int, int]]],
) -> None:
    sent = [
        row(f"{FIRST + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ}",
            **dict(zip(("o", "h", "l", "c", "vw"), values, strict=True)), v=volume, n=trades)
        for minute, values, (volume, trades) in rows
    ]  # fmt: skip
    found, bad = read(SOURCE, series(), [page(*sent)])
    assert bad.is_empty()
    assert found["open_time"].to_list() == [us(FIRST + timedelta(minutes=minute)) for minute, _, _ in rows]
    expected = [(*values[:4], float(volume), values[4], trades) for _, values, (volume, trades) in rows]
    assert found.select(NAMES).rows() == expected


@pytest.mark.parametrize(
    ("interval", "instant", "label"),
    [
        ("1d", "2024-03-08T05:00:00Z", "2024-03-08"),
        ("1d", "2024-03-11T04:00:00Z", "2024-03-11"),
        ("1w", "2024-03-11T04:00:00Z", "2024-03-11"),
        ("1mo", "2024-11-01T04:00:00Z", "2024-11-01"),
        ("1m", "2024-03-11T13:30:00Z", "2024-03-11T13:30:00"),
    ],
)
def test_labels(interval: str, instant: str, label: str) -> None:
    found, _ = read(SOURCE, series(interval=interval), [page(row(instant))])
    assert found["open_time"].to_list() == [us(datetime.fromisoformat(label).replace(tzinfo=UTC))]


def test_rows_as_they_stand() -> None:
    nothing = dict.fromkeys("ohlcv", None)
    odd = [None, 5, [], {}, row(None), row("2024-03-08T14:30:00"), row(1_709_908_200), {"t": "2024-03-08T14:30:00Z"}]
    found, bad = read(SOURCE, series(), [page(*odd, row(**nothing), row("2024-03-08T14:31:00Z", c="None", n=1.5))])
    assert bad["line"].to_list() == list(range(len(odd)))
    assert bad["open_time"].drop_nulls().to_list() == [us(FIRST)]
    assert found.select("open_time", "open", "close", "trades").rows() == [
        (us(FIRST + timedelta(minutes=1)), 174.0, None, None)
    ]


def test_bars_of_other_symbols_are_not_taken_for_its_own() -> None:
    both = json.dumps({"bars": {"MSFT": [row(o=1)], "AAPL": [row(o=2)]}, "next_page_token": None}).encode()
    assert read(SOURCE, series(), [both])[0]["open"].to_list() == [2.0]
    with pytest.raises(BadAnswerError, match="it has bars of META, and FB was asked for"):
        read(SOURCE, series("FB"), [page(row(), symbol="META")])
    for empty in (b'{"bars":{},"next_page_token":null}', b'{"bars":null}', b'{"bars":{"AAPL":null}}'):
        assert read(SOURCE, series(), [empty])[0].is_empty()


@pytest.mark.parametrize("body", [*FOREIGN, b'{"bars":{"AAPL":{}}}', page(row(), following=7)])
def test_what_is_no_page(body: bytes) -> None:
    with pytest.raises(BadAnswerError, match="alpaca: page 1 is not usable"):
        read(SOURCE, series(), [page(row()), body])
    with pytest.raises(BadAnswerError, match="alpaca: page 0 is not usable"):
        actions_of(SOURCE, "AAPL", [body])


def actions_page(**lists: Any) -> bytes:
    return json.dumps({"corporate_actions": lists, "next_page_token": None}).encode()


SPLIT = {"ex_date": "2023-08-22", "new_rate": 2, "old_rate": 1, "record_date": "2023-08-14", "symbol": "AAPL"}
PAID = {"ex_date": "2023-05-04", "payable_date": "2023-05-19", "rate": 0.125, "special": False, "symbol": "AAPL"}


def test_what_is_no_action_is_refused() -> None:
    body = actions_page(
        forward_splits=[{**SPLIT, "old_rate": 0}, {**SPLIT, "new_rate": None}, {**SPLIT, "ex_date": None}, 5],
        cash_dividends=[{**PAID, "rate": 0}, {**PAID, "symbol": "MSFT"}, {**PAID, "rate": "-"}],
        stock_dividends=[{**PAID, "rate": -1}],
        cash_mergers=[PAID],
    )
    found = actions_of(SOURCE, "AAPL", [body])
    assert (found.rows.height, found.bad_lines["line"].to_list()) == (0, list(range(9)))
    assert "cash_mergers" in found.bad_lines["evidence"][8]


def test_damage_never_raises_anything_else() -> None:
    for body in spoilt(page(row(), following="QQ")):
        with suppress(BadAnswerError):
            read(SOURCE, series(), [body])
        classify(Reply(200, {}, body))
    for body in spoilt(actions_page(forward_splits=[SPLIT], cash_dividends=[PAID])):
        with suppress(BadAnswerError):
            actions_of(SOURCE, "AAPL", [body])
    for body in spoilt(b'{"code":1,"message":"odd"}'):
        classify(Reply(403, {}, body))


def test_recorded_bars(shared_data: Path) -> None:
    folder = shared_data / "providers/alpaca"
    body = (folder / "responses/historical_stock_data__test_get_bars__1.json").read_bytes()
    found, bad = read(SOURCE, series(interval="1d"), [body])
    assert bad.is_empty()
    assert found["open_time"].to_list() == [1_643_673_600_000_000, 1_643_760_000_000_000]
    assert found.select(NAMES).rows() == [
        (174.0, 174.84, 172.31, 174.61, 85_998_033.0, 173.703516, 732_412),
        (174.64, 175.88, 173.33, 175.84, 84_817_432.0, 174.941288, 675_034),
    ]
    taped = folder / "trade_api_go"
    found, _ = read(SOURCE, series("AMZN", "15m"), [(taped / "TestGetBars__1.json").read_bytes()])
    assert found["open_time"].to_list() == [1_634_313_600_000_000 + 900_000_000 * number for number in range(5)]
    assert found.select(NAMES).row(2) == (3377.982, 3380.86, 3377.0, 3380.0, 58_531.0, 3379.100605, 3679)
    found, _ = read(SOURCE, series("NIO", "1d"), [(taped / "TestGetMultiBars__1.json").read_bytes()])
    assert found["close"].to_list() == [36.24, 36.28, 37.71]
    found, _ = read(SOURCE, series("META", "1d"), [(taped / "TestGetBars_Asof__2.json").read_bytes()])
    assert found["open_time"].to_list() == [1_654_819_200_000_000, 1_655_078_400_000_000]
    found, _ = read(SOURCE, series("GE", "1d"), [(taped / "TestGetBars_Adjustment__1.json").read_bytes()])
    assert found.select("volume", "trades").rows() == [(5_905_509.0, 80_136), (20_490_401.0, 209_105)]
    empty = (folder / "responses/historical_option_data__test_get_bars_single_empty_response__1.json").read_bytes()
    assert read(SOURCE, series(), [empty])[0].is_empty()
    for other in ("TestLatestBars__1.json", "TestDefaultDo__1.json", "TestGetQuotes__2.json"):
        with pytest.raises(BadAnswerError):
            read(SOURCE, series(), [(taped / other).read_bytes()])


def test_recorded_actions(shared_data: Path) -> None:
    folder = shared_data / "providers/alpaca/responses"
    bodies = [(folder / f"corporate_actions__test_get_corporate_actions__{one}.json").read_bytes() for one in (1, 2)]
    expected = {
        "MNTS": ("split", date(2023, 8, 24), 0.02, None, None, date(2023, 8, 24), None),
        "SRE": ("split", date(2023, 8, 22), 2.0, None, None, date(2023, 8, 14), date(2023, 8, 21)),
        "MSBC": ("stock", date(2023, 5, 19), 1.05, None, None, date(2023, 5, 22), date(2023, 5, 5)),
        "FCF": ("cash", date(2023, 5, 4), None, 0.125, "USD", date(2023, 5, 5), date(2023, 5, 19)),
        "JUPW": ("spin_off", date(2023, 8, 15), None, None, None, date(2023, 8, 15), None),
        "ZMTBY": ("cash", date(2024, 8, 7), None, 0.086928, "USD", date(2024, 8, 7), date(2024, 8, 26)),
    }
    for symbol, action in expected.items():
        found = actions_of(SOURCE, symbol, bodies)
        names = ("kind", "ex_session", "ratio", "amount", "currency", "record", "pay")
        assert found.rows.select(names).rows() == [action]
        assert found.rows["object"].to_list() == [1 if symbol == "ZMTBY" else 0]
