"""Kraken's own bars: the latest 720, the last of them not committed, and what a page of them covers."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcdata.errors import (
    BadAnswerError,
    BlockedError,
    OutOfDepthError,
    ProviderError,
    RateLimitedError,
    UnknownSymbolError,
    UnreachableError,
)
from bcdata.frames.schema import RAW_BAR, REFUSED
from bcdata.interval import EPOCH, Interval
from bcdata.providers.base import Series
from bcdata.simulate import Fault, LoopbackKraken, TradedSymbol, TradeMarket
from bcdata.venues.kraken import INTERVALS
from bcdata.windows import Window
from bcdata_tests.providers.venues import Scripted, assert_same, first_open, pages, read, truth, us, within

SOURCE = "kraken_rest"
NOW = datetime(2024, 1, 4, 12, 0, 30, tzinfo=UTC)
BITCOIN = TradedSymbol("XBTUSD", datetime(2024, 1, 1, 9, 30, tzinfo=UTC), 30_000.0, "XXBTZUSD")
MINUTES = Series("kraken", "klines", "XBTUSD", "1m")
HOUR = Window(NOW.replace(hour=11, second=0), NOW.replace(second=0))


def page(*rows: Any, last: Any = 0, name: str = "XXBTZUSD") -> bytes:
    return json.dumps({"error": [], "result": {name: rows, "last": last}}).encode()


def row(opened: Any, price: Any = "1.0", vwap: Any = "1.0", volume: Any = "2.0", trades: Any = 3) -> list[Any]:
    return [opened, price, price, price, price, vwap, volume, trades]


@settings(max_examples=8)
@given(seed=st.integers(0, 99), name=st.sampled_from(INTERVALS), bars=st.integers(1, 720))
def test_bars_are_what_was_traded(seed: int, name: str, bars: int) -> None:
    market, series = TradeMarket([BITCOIN], seed), Series("kraken", "klines", "XBTUSD", name)
    interval = Interval.parse(name)
    assert interval.length
    end, seconds = interval.floor(NOW), interval.length // timedelta(seconds=1)
    window = Window(end - bars * interval.length, end)
    with LoopbackKraken(market, now=NOW) as server:
        (told,) = pages(SOURCE, server.url, series, window, NOW)
    found, bad = read(SOURCE, series, [told.body])
    assert found.schema == RAW_BAR
    assert bad.schema == REFUSED
    assert bad.is_empty()
    assert told.covers == window
    bars_found = within(found, window, seconds)
    assert_same(bars_found.filter(pl.col("trades") > 0), truth(market, BITCOIN, seconds, window), ["high", "trades"])
    empty = bars_found.filter(pl.col("trades") == 0)
    assert empty["vwap"].null_count() == empty.height
    first = market.bars(BITCOIN, seconds, us(window.start) // 10**6, us(window.end) * 1000)
    if bars_found.height:  # empty bars stand between the first trade ever and now, without a hole
        assert bars_found["open_time"].diff().drop_nulls().eq(seconds * 10**6).all()
        assert first or bars_found["trades"].sum() == 0
    assert found["open_time"].max() == us(end - interval.length)


def test_a_page_reaches_back_720_bars_and_says_so() -> None:
    start = NOW.replace(second=0) - timedelta(hours=20)
    with LoopbackKraken(TradeMarket([BITCOIN]), now=NOW) as server:
        (told,) = pages(SOURCE, server.url, MINUTES, Window(start, HOUR.end), NOW)
        assert told.covers == Window(HOUR.end - timedelta(minutes=720), HOUR.end)
        assert told.url.startswith("/0/public/OHLC?pair=XBTUSD&interval=1&since=")
        server.clear()
        with pytest.raises(OutOfDepthError, match="latest 720 bars"):
            pages(SOURCE, server.url, MINUTES, Window(start, start + timedelta(hours=8)), NOW)
        assert not server.requests
        with pytest.raises(OutOfDepthError):  # where bcdata's instant is an earlier one than the server's
            pages(SOURCE, server.url, MINUTES, Window(start, start + timedelta(hours=1)), start + timedelta(hours=1))
        assert first_open(SOURCE, server.url, MINUTES, NOW) is None


def test_before_the_listing_there_is_nothing_where_the_page_has_room() -> None:
    listed = TradedSymbol("NEWUSD", NOW - timedelta(hours=5), 1.0)
    series, window = Series("kraken", "klines", "NEWUSD", "1m"), Window(NOW - timedelta(hours=9), HOUR.end)
    with LoopbackKraken(TradeMarket([listed]), now=NOW) as server:
        (told,) = pages(SOURCE, server.url, series, Window(HOUR.start - timedelta(hours=8), HOUR.end), NOW)
    assert told.covers.start == HOUR.start - timedelta(hours=8)
    assert read(SOURCE, series, [told.body])[0]["open_time"].min() >= us(window.start)  # type: ignore[operator]


def test_the_bar_of_now_becomes_a_bar_when_it_is_committed() -> None:
    later = NOW + timedelta(minutes=1)
    with LoopbackKraken(TradeMarket([BITCOIN]), now=NOW) as server:
        (before,) = pages(SOURCE, server.url, MINUTES, Window(HOUR.start, NOW.replace(second=0, minute=1)), later)
        assert before.covers == HOUR
        server.now = later
        (after,) = pages(SOURCE, server.url, MINUTES, Window(HOUR.start, NOW.replace(second=0, minute=1)), later)
    both, _ = read(SOURCE, MINUTES, [before.body, after.body])
    assert both.filter(pl.col("open_time") == us(HOUR.end))["object"].to_list() == [1]
    assert both.filter(pl.col("open_time") < us(HOUR.end)).group_by("open_time").len()["len"].eq(2).all()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("OHLC", "status", status=520), UnreachableError),
        (Fault("OHLC", "status", status=403), BlockedError),
        (Fault("OHLC", "status", status=429, retry_after=100), RateLimitedError),
        (Fault("OHLC", "html"), BadAnswerError),
        (Fault("OHLC", "truncate_silently"), BadAnswerError),
        (Fault("OHLC", "truncate"), UnreachableError),
    ],
)
def test_a_server_that_fails(fault: Fault, kind: type[ProviderError]) -> None:
    with (
        LoopbackKraken(TradeMarket([BITCOIN]), now=NOW, faults=[fault]) as server,
        pytest.raises(kind, match=r"^kraken_rest: http://127"),
    ):
        pages(SOURCE, server.url, MINUTES, HOUR, NOW)


@pytest.mark.parametrize("kind", ["stall", "reset", "truncate"])
def test_trouble_on_the_way_is_got_over(kind: Any) -> None:
    with LoopbackKraken(TradeMarket([BITCOIN]), now=NOW, faults=[Fault("OHLC", kind, times=1)]) as server:
        assert len(pages(SOURCE, server.url, MINUTES, HOUR, NOW)) == 1


def test_an_unknown_pair() -> None:
    with (
        LoopbackKraken(TradeMarket([BITCOIN]), now=NOW) as server,
        pytest.raises(UnknownSymbolError, match="pair=NO/PAIR"),
    ):
        pages(SOURCE, server.url, Series("kraken", "klines", "NO/PAIR", "1m"), HOUR, NOW)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'{"error":[],"result":{"last":1}}',
        b'{"error":[],"result":{"A":[],"B":[],"last":1}}',
        b'{"error":[],"result":{"A":{},"last":1}}',
        b'{"error":[],"result":{"A":[],"A":[],"last":1}}',
        b'{"error":["EService:Busy"],"result":{"A":[],"last":1}}',
        b'{"error":[]}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_page(body: bytes) -> None:
    with pytest.raises(BadAnswerError, match="kraken_rest"):
        read(SOURCE, MINUTES, [page(row(60), row(120)), body])
    with Scripted(lambda _: body) as server, pytest.raises(ProviderError, match="kraken_rest"):
        pages(SOURCE, server.url, MINUTES, HOUR, NOW)


def test_rows_that_are_none_are_kept_with_the_reason() -> None:
    odd = [None, [], ["x"], [60.5, 1], {"time": 1}, [60, "1"], [True, *row(1)[1:]], [10**30, *row(1)[1:]]]
    found, bad = read(SOURCE, MINUTES, [page(*odd, row(60), row(120), row(180))])
    assert found["open_time"].to_list() == [60_000_000, 120_000_000]
    assert bad["line"].to_list() == list(range(len(odd)))
    assert bad["open_time"].to_list() == [None] * 5 + [60_000_000] + [None] * 2
    assert bad["text"].to_list()[:3] == ["null", "[]", '["x"]']


def test_values_that_are_no_numbers_are_null_and_rows_stand_as_they_were_sent() -> None:
    sent = [row(120), row(60, price="1e-7"), row(60, price=None), row(0, price="None", trades=1.5), row(180)]
    found, bad = read(SOURCE, MINUTES, [page(*sent)])
    assert bad.is_empty()
    assert found["open_time"].to_list() == [120_000_000, 60_000_000, 60_000_000, 0]
    assert found["open"].to_list() == [1.0, 1e-7, None, None]
    assert found["trades"].to_list() == [3, 3, 3, None]
    assert found["quote_volume"].null_count() == 4


def test_a_row_from_the_far_future_does_not_stretch_what_is_covered() -> None:
    body = page(row(us(HOUR.start) // 10**6), row(253_402_300_799))
    with Scripted(lambda _: body) as server:
        (told,) = pages(SOURCE, server.url, MINUTES, HOUR, NOW)
    assert told.covers == HOUR


def test_a_recorded_answer(shared_data: Path) -> None:
    body = (shared_data / "providers/kraken/nautilus/http_ohlc.json").read_bytes()
    found, bad = read(SOURCE, Series("kraken", "klines", "XBTUSDT", "1m"), [body])
    assert (found.height, bad.height) == (720, 0)
    assert found["open_time"].diff().drop_nulls().eq(60_000_000).all()
    assert EPOCH + timedelta(microseconds=found["open_time"].to_list()[-1]) == datetime(2025, 11, 11, 0, 16, tzinfo=UTC)
    assert found.row(0) == (
        *(1_762_777_020_000_000, 106038.2, 106038.2, 106038.2, 106038.2, 0.0, None, 0),
        *(None, None, None, 0, 0),
    )
    third = dict(zip(found.columns, found.row(3), strict=True))
    assert (third["high"], third["vwap"], third["trades"]) == (106044.3, 106039.6, found["trades"][3])
    assert found.filter(pl.col("volume") == 0)["vwap"].null_count() == found["volume"].eq(0).sum()
