"""ccxt's real client asks a Bitstamp on the loopback: its bars are what was traded, its errors ours."""

import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcdata.errors import (
    BadAnswerError,
    BadRequestError,
    BlockedError,
    NoDataError,
    ProviderError,
    RateLimitedError,
    UnknownSymbolError,
    UnreachableError,
)
from bcdata.interval import Interval
from bcdata.net.answers import OversizeError
from bcdata.providers.base import Series
from bcdata.providers.capabilities import BAR_COLUMNS
from bcdata.providers.ccxt import MISSING
from bcdata.providers.registry import SOURCES
from bcdata.reporting.providers import report
from bcdata.simulate import Fault, LoopbackBitstamp, TradedSymbol, TradeMarket
from bcdata.simulate.answers import Answer
from bcdata.windows import Window, union
from bcdata_tests.providers.venues import Scripted, assert_same, first_open, needs_ccxt, pages, read, truth, us, within

pytestmark = needs_ccxt
SOURCE = "ccxt"
NOW = datetime(2024, 1, 4, 12, 0, 30, tzinfo=UTC)
BITCOIN = TradedSymbol("BTC/USD", datetime(2024, 1, 1, 9, 30, tzinfo=UTC), 30_000.0, trades_a_day=1000)
MINUTES = Series("bitstamp", "klines", "BTC-USD", "1m")
HOUR = Window(NOW.replace(hour=10, minute=0, second=0), NOW.replace(hour=11, minute=0, second=0))
COLUMNS = ("open", "high", "low", "close", "volume")


@settings(max_examples=6)
@given(
    seed=st.integers(0, 99),
    interval=st.sampled_from(["1m", "3m", "15m", "2h", "1d"]).map(Interval.parse),
    back=st.tuples(st.integers(1, 2500), st.integers(0, 500)),
    sends_empty=st.booleans(),
)
def test_bars_are_what_was_traded(seed: int, interval: Interval, back: tuple[int, int], sends_empty: bool) -> None:
    market, series = TradeMarket([BITCOIN], seed), replace(MINUTES, interval=interval.name)
    length = interval.length or timedelta()
    end, seconds = interval.floor(NOW) - back[1] * length, int(length.total_seconds())
    window = Window(max(end - back[0] * length, interval.ceil(BITCOIN.listed)), end)
    if window.end <= window.start:
        return
    with LoopbackBitstamp(market, now=NOW, sends_empty=sends_empty) as server:
        told = pages(SOURCE, server.url, series, window, NOW)
    found, bad = read(SOURCE, series, [one.body for one in told])
    assert bad.is_empty()
    if sends_empty:
        first = within(found, window, seconds)["open_time"][0]
        assert within(found, window, seconds).height == (us(window.end) - first) // (seconds * 10**6)
        found = found.filter(found["volume"] > 0)
    assert_same(within(found, window, seconds), truth(market, BITCOIN, seconds, window), COLUMNS)
    assert len(union(one.covers for one in told)) == 1, "each question begins with a bar that is known"


def test_what_is_asked_and_kept() -> None:
    with LoopbackBitstamp(TradeMarket([BITCOIN]), now=NOW) as server:
        (told,) = pages(SOURCE, server.url, MINUTES, HOUR, NOW)
        asked = [one.path for one in server.requests]
    start = us(HOUR.start) // 10**6 - 30 * 60
    assert [path.partition("?")[0] for path in asked] == ["/api/v2/markets/", "/api/v2/ohlc/btcusd/"]
    assert told.url == asked[1]
    assert f"start={start}&" in told.url
    kept = json.loads(told.body)
    assert kept["sent"][0]["url"] == told.url
    ohlc = json.loads(kept["sent"][0]["body"])["data"]["ohlc"]
    sent = [[int(one["timestamp"]) * 1000, float(one["open"])] for one in ohlc]
    asked_for = [row for row in sent if us(HOUR.start) <= row[0] * 1000 < us(HOUR.end)]
    assert [row[:2] for row in kept["rows"]] == asked_for
    rows, _ = read(SOURCE, MINUTES, [told.body])
    assert {name for name in BAR_COLUMNS if rows[name].null_count() == 0} == SOURCES[SOURCE].capabilities.columns
    assert len(sent) > told.rows == len(asked_for), "the answer as sent has those before and after, too"


@pytest.mark.parametrize("hours", [1, 3, 9])
def test_silence_is_proven_by_bars_on_both_sides(hours: int) -> None:
    quiet = TradedSymbol("BTC/USD", BITCOIN.listed, 30_000.0, trades_a_day=100)
    market = TradeMarket([quiet])
    window = Window(NOW.replace(second=0) - timedelta(hours=hours), NOW.replace(second=0))
    with LoopbackBitstamp(market, now=NOW) as server:
        told = pages(SOURCE, server.url, MINUTES, window, NOW)
    (covered,) = union(one.covers for one in told)
    reach = Window(window.start - timedelta(minutes=30), NOW)
    there = truth(market, quiet, 60, reach)["open_time"].to_list()
    assert us(covered.start) == max(there[0], us(window.start))
    assert us(covered.end) == min(there[-1] + 60_000_000, us(window.end))


def test_a_bar_that_has_not_closed_is_not_covered() -> None:
    with LoopbackBitstamp(TradeMarket([BITCOIN]), now=NOW, sends_empty=True) as server:
        told = pages(SOURCE, server.url, MINUTES, Window(HOUR.start, NOW + timedelta(minutes=5)), NOW)
    assert max(one.covers.end for one in told) == NOW.replace(second=0)


def test_before_the_first_bar_nothing_is_said() -> None:
    before = Window(BITCOIN.listed - timedelta(hours=30), BITCOIN.listed - timedelta(hours=6))
    with LoopbackBitstamp(TradeMarket([BITCOIN]), now=NOW) as server:
        with pytest.raises(NoDataError, match=r"its answers? (are empty|begins at)"):
            pages(SOURCE, server.url, MINUTES, before, NOW)
        assert len(server.requests) <= 4
        assert first_open(SOURCE, server.url, MINUTES, NOW) is None


@pytest.mark.parametrize(
    ("series", "kind", "words"),
    [
        (replace(MINUTES, symbol="NO-SUCH"), UnknownSymbolError, "bitstamp: it has no spot market NO-SUCH"),
        (replace(MINUTES, interval="8h"), BadRequestError, "no bars of 8h; it has 1m 3m 5m 15m 30m 1h 2h 4h 6h 12h 1d"),
        (replace(MINUTES, market="nothing"), BadRequestError, "has no exchange nothing"),
    ],
)
def test_what_the_exchange_does_not_have(series: Series, kind: type[ProviderError], words: str) -> None:
    with LoopbackBitstamp(TradeMarket([BITCOIN]), now=NOW) as server, pytest.raises(kind, match=words):
        pages(SOURCE, server.url, series, HOUR, NOW)


@pytest.mark.parametrize("where", ["markets", "ohlc"])
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("", "status", status=500), UnreachableError),
        (Fault("", "status", status=403), BlockedError),
        (Fault("", "status", status=429, retry_after=100), RateLimitedError),
        (Fault("", "html"), BadAnswerError),
        (Fault("", "truncate"), UnreachableError),
    ],
    ids=lambda one: f"{one.kind}{one.status or ''}" if isinstance(one, Fault) else "",
)
def test_a_server_that_fails(fault: Fault, kind: type[ProviderError], where: str) -> None:
    with (
        LoopbackBitstamp(TradeMarket([BITCOIN]), now=NOW, faults=[replace(fault, match=where)]) as server,
        pytest.raises(kind, match=r"^ccxt: http://127"),
    ):
        pages(SOURCE, server.url, MINUTES, HOUR, NOW)


def test_trouble_on_the_way_is_got_over() -> None:
    with LoopbackBitstamp(TradeMarket([BITCOIN]), now=NOW, rate=1) as server:
        for kind in ("stall", "reset"):
            server.add(Fault("ohlc", kind, times=1))  # type: ignore[arg-type]
        assert pages(SOURCE, server.url, MINUTES, HOUR, NOW)
        assert any(one.status == 429 for one in server.requests)


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(UnreachableError, match="BCDATA_CCXT_URL"):
        pages(SOURCE, "http://127.0.0.1:9", MINUTES, HOUR, NOW)


MARKET = {"name": "BTC/USD", "market_symbol": "btcusd", "base_currency": "BTC", "counter_currency": "USD"}
LISTED = json.dumps([{**MARKET, "market_type": "SPOT", "trading": "Enabled"}]).encode()
HOSTILE: dict[str, tuple[bytes | Answer, type[ProviderError]]] = {
    "no object": (b"[1, 2]", ProviderError),
    "rows that are none": (b'{"data":{"ohlc":[1,null,[]]}}', ProviderError),
    "deep": (b"[" * 100_000, BadAnswerError),
    "its own error under status 200": (b'{"error":"IP address not allowed"}', ProviderError),
    "maintenance": (b'{"error":"Bitstamp.net is under scheduled maintenance. We\'ll be back soon."}', UnreachableError),
    "blanks": (b" " * (9 << 20), OversizeError),
    "no UTF-8": (b'{"data":"\xff"}', BadAnswerError),
}


@pytest.mark.parametrize("why", HOSTILE)
def test_hostile_answers_end_in_typed_errors(why: str) -> None:
    said, kind = HOSTILE[why]

    def reply(parameters: Mapping[str, str]) -> bytes | Answer:
        return said if parameters else LISTED

    with Scripted(reply) as server:
        with pytest.raises(kind, match="ccxt"):
            pages(SOURCE, server.url, MINUTES, HOUR, NOW)
        assert len(server.requests) <= 6


def test_rows_as_they_stand() -> None:
    good = [120_000, 2.0, 3.0, 1.0, 2.5, 0.5]
    odd: list[Any] = [None, 5, [], [60_000], [60_007, 1, 1, 1, 1, 1], [True, 1, 1, 1, 1, 1], [-60_000, 1, 1, 1, 1, 1]]
    page = json.dumps({"rows": [*odd, good, [60_000, None, "1,5", 1e308, float("nan"), 0]]}).encode()
    found, bad = read(SOURCE, MINUTES, [page])
    assert found.select("open_time", *COLUMNS, "object", "line").rows() == [
        (120_000_000, 2.0, 3.0, 1.0, 2.5, 0.5, 0, 7),
        (60_000_000, None, None, 1e308, None, 0.0, 0, 8),
    ]
    assert bad["line"].to_list() == list(range(7))
    with pytest.raises(BadAnswerError, match="page 0 is not usable"):
        read(SOURCE, MINUTES, [b"[]"])


def test_without_ccxt_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "ccxt"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "ccxt", None)
    monkeypatch.setenv("BCDATA_STATE", str(tmp_path))
    with pytest.raises(ProviderError, match="pip install 'bcdata") as raised:
        pages(SOURCE, "http://127.0.0.1:9", MINUTES, HOUR, NOW)
    assert MISSING in str(raised.value)
    (told,) = (one for one in report(NOW) if one.name == SOURCE)
    assert (told.available, told.reason) == (False, MISSING)
