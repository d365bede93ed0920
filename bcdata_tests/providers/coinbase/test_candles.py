"""Coinbase's candles: pages of 300, newest first, without those in which nothing was traded."""

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
    ProviderError,
    RateLimitedError,
    UnknownSymbolError,
    UnreachableError,
)
from bcdata.frames.schema import RAW_BAR, REFUSED
from bcdata.interval import EPOCH, Interval
from bcdata.net.answers import OversizeError
from bcdata.providers.base import Series
from bcdata.simulate import Fault, LoopbackCoinbase, TradedSymbol, TradeMarket
from bcdata.simulate.answers import Answer
from bcdata.windows import Window
from bcdata_tests.providers.venues import Scripted, assert_same, first_open, pages, read, truth, us, within

SOURCE = "coinbase_rest"
NOW = datetime(2024, 1, 4, 12, 0, 30, tzinfo=UTC)
BITCOIN = TradedSymbol("BTC-USD", datetime(2024, 1, 1, 9, 30, tzinfo=UTC), 30_000.0, trades_a_day=1000)
MINUTES = Series("coinbase", "klines", "BTC-USD", "1m")
HOUR = Window(NOW.replace(hour=11, minute=0, second=0), NOW.replace(second=0))
AT = us(HOUR.start) // 10**6
COLUMNS = ("open", "high", "low", "close", "volume")


def row(opened: Any, *, price: Any = 2.0) -> list[Any]:
    return [opened, 1.0, 3.0, price, 2.5, 0.5]


@settings(max_examples=8)
@given(
    seed=st.integers(0, 99),
    interval=st.sampled_from(["1m", "5m", "15m", "1h", "6h", "1d"]).map(Interval.parse),
    back=st.tuples(st.integers(1, 900), st.integers(0, 20)),
)
def test_bars_of_two_overlapping_runs_are_what_was_traded(seed: int, interval: Interval, back: tuple[int, int]) -> None:
    market, series = TradeMarket([BITCOIN], seed), Series("coinbase", "klines", "BTC-USD", interval.name)
    length = interval.length or timedelta()
    end, seconds = interval.floor(NOW), int(length.total_seconds())
    windows = [Window(end - (bars + skip) * length, end - skip * length) for bars in back[:1] for skip in (0, back[1])]
    with LoopbackCoinbase(market, now=NOW) as server:
        told = [one for window in windows for one in pages(SOURCE, server.url, series, window, NOW)]
        assert len(server.requests) == 2 * -(-back[0] // 300)
    found, bad = read(SOURCE, series, [one.body for one in told])
    assert (found.schema, bad.schema, bad.height) == (RAW_BAR, REFUSED, 0)
    for window in windows:
        assert_same(within(found, window, seconds), truth(market, BITCOIN, seconds, window), COLUMNS)
    for one in told:
        alone = within(read(SOURCE, series, [one.body])[0], one.covers, seconds)
        assert alone.height == one.rows
        assert_same(alone, truth(market, BITCOIN, seconds, one.covers), COLUMNS)


def test_a_page_asks_for_300_candles_with_the_last_one_included() -> None:
    window = Window(HOUR.end - timedelta(minutes=301), HOUR.end)
    with LoopbackCoinbase(TradeMarket([BITCOIN]), now=NOW) as server:
        first, second = pages(SOURCE, server.url, MINUTES, window, NOW)
    start = us(window.start) // 10**6
    assert first.url == f"/products/BTC-USD/candles?granularity=60&start={start}&end={start + 299 * 60}"
    assert (first.covers.end, second.covers) == (
        second.covers.start,
        Window(window.end - timedelta(minutes=1), window.end),
    )


def test_the_bar_of_now_is_not_asked_for() -> None:
    later = Window(HOUR.start, HOUR.end + timedelta(minutes=5))
    with LoopbackCoinbase(TradeMarket([BITCOIN]), now=NOW) as server:
        (told,) = pages(SOURCE, server.url, MINUTES, later, NOW)
    assert told.covers == HOUR


@pytest.mark.parametrize("name", ["1m", "1h", "1d"])
def test_first_open(name: str) -> None:
    series, market = Series("coinbase", "klines", "BTC-USD", name), TradeMarket([BITCOIN])
    seconds = int((Interval.parse(name).length or timedelta()).total_seconds())
    with LoopbackCoinbase(market, now=NOW) as server:
        found = first_open(SOURCE, server.url, series, NOW)
        assert len(server.requests) < 20
    expected = market.bars(BITCOIN, seconds, 0, us(NOW) * 1000)[0].opened
    assert found == EPOCH + timedelta(seconds=expected)


def test_nothing_was_ever_traded() -> None:
    with Scripted(lambda _: b"[]") as server:
        assert first_open(SOURCE, server.url, MINUTES, NOW) is None
        (told,) = pages(SOURCE, server.url, MINUTES, HOUR, NOW)
    assert (told.rows, told.covers) == (0, HOUR)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("candles", "status", status=500), UnreachableError),
        (Fault("candles", "status", status=403), BlockedError),
        (Fault("candles", "status", status=429, retry_after=100), RateLimitedError),
        (Fault("candles", "html"), BadAnswerError),
        (Fault("candles", "truncate_silently"), BadAnswerError),
        (Fault("candles", "truncate"), UnreachableError),
    ],
)
def test_a_server_that_fails(fault: Fault, kind: type[ProviderError]) -> None:
    with (
        LoopbackCoinbase(TradeMarket([BITCOIN]), now=NOW, faults=[fault]) as server,
        pytest.raises(kind, match=r"^coinbase_rest: http://127"),
    ):
        pages(SOURCE, server.url, MINUTES, HOUR, NOW)


def test_trouble_on_the_way_is_got_over() -> None:
    with LoopbackCoinbase(TradeMarket([BITCOIN]), now=NOW, rate=1) as server:
        for kind in ("stall", "reset"):
            server.add(Fault("candles", kind, times=1))  # type: ignore[arg-type]
        # The rate too: the second and third try come too soon, and are sent again.
        assert len(pages(SOURCE, server.url, MINUTES, HOUR, NOW)) == 1
        assert any(one.status == 429 for one in server.requests)


def test_an_unknown_product_is_asked_for_in_one_piece_of_the_path() -> None:
    with LoopbackCoinbase(TradeMarket([BITCOIN]), now=NOW) as server:
        with pytest.raises(UnknownSymbolError, match="NotFound"):
            pages(SOURCE, server.url, Series("coinbase", "klines", "A/B?C", "1m"), HOUR, NOW)
        assert server.requests[0].path.startswith("/products/A/B?C/candles?granularity=60&start=")  # logged decoded


FOREIGN = json.dumps([row(60), row(0)]).encode()
HOSTILE: dict[str, tuple[bytes | Answer, type[ProviderError]]] = {
    "rows of another time alone": (FOREIGN, BadAnswerError),
    "rows that are none": (b"[1,null,{}]", BadAnswerError),
    "no list": (b'{"candles":[]}', BadAnswerError),
    "deep": (b"[" * 100_000, BadAnswerError),
    "digits": (b"[[" + b"9" * 5000 + b"]]", BadAnswerError),
    "blanks": (b" " * (50 << 20), OversizeError),
    "no gzip": (Answer(200, b"[]", "application/json", {"Content-Encoding": "gzip"}), UnreachableError),
}


@pytest.mark.parametrize("why", HOSTILE)
def test_hostile_answers_end_in_typed_errors(why: str) -> None:
    said, kind = HOSTILE[why]
    with Scripted(lambda _: said) as server:
        with pytest.raises(kind, match="coinbase_rest"):
            pages(SOURCE, server.url, MINUTES, HOUR, NOW)
        assert len(server.requests) <= 3


def test_a_page_that_repeats_for_ever_ends() -> None:
    said = json.dumps([row(AT + 60), row(AT)]).encode()
    with Scripted(lambda _: said) as server:
        with pytest.raises(BadAnswerError, match="none of its rows is of the time"):
            pages(SOURCE, server.url, MINUTES, Window(HOUR.start - timedelta(days=1), HOUR.end), NOW)
        assert len(server.requests) < 10


def test_foreign_rows_beside_good_ones_are_left_to_the_rules() -> None:
    said = json.dumps([row(AT + 60), row(AT + 60), row(AT), row(60)]).encode()
    with Scripted(lambda _: said) as server:
        (told,) = pages(SOURCE, server.url, MINUTES, HOUR, NOW)
    found, _ = read(SOURCE, MINUTES, [told.body])
    assert found["open_time"].to_list() == [(AT + 60) * 10**6, (AT + 60) * 10**6, AT * 10**6, 60 * 10**6]


def test_rows_as_they_stand() -> None:
    odd = [None, 5, [], [60], row("60"), row(60.0), row(True), [*row(60), 7], row(-60), row(10**30)]
    text = json.dumps([*odd, row(120), row(60, price="1e-7")]).encode()
    found, bad = read(SOURCE, MINUTES, [b"[]", text])
    assert found.select("open_time", "low", "high", "open", "close", "volume", "object", "line").rows() == [
        (120_000_000, 1.0, 3.0, 2.0, 2.5, 0.5, 1, 10),
        (60_000_000, 1.0, 3.0, 1e-7, 2.5, 0.5, 1, 11),
    ]
    assert bad["line"].to_list() == list(range(10))
    assert bad["open_time"].to_list() == [None, None, None, 60_000_000, *[None] * 3, 60_000_000, None, None]
    values = [None, "None", "NaN", "1,234.5", 1e308, "inf", True, [1], "9" * 400]
    found, bad = read(SOURCE, MINUTES, [json.dumps([row(60, price=value) for value in values]).encode()])
    assert bad.is_empty()
    assert found["open"].to_list() == [None, None, None, None, 1e308, None, None, None, None]
    with pytest.raises(BadAnswerError, match="page 1 is not usable"):
        read(SOURCE, MINUTES, [b"[]", b"{}"])


def test_recorded_answers(shared_data: Path) -> None:
    folder = shared_data / "providers/coinbase"
    taped = json.loads((folder / "bbgo_http_recordings/TestExchange_QueryKLines.json").read_text())
    older = next(folder.rglob("example-historical-candles.json")).read_bytes()
    found, bad = read(SOURCE, MINUTES, [*(one["response"]["body"].encode() for one in taped), older])
    assert bad.is_empty()
    first = found.filter(pl.col("object") == 1)
    assert first["open_time"].to_list() == [1_755_496_440_000_000 + 60_000_000 * at for at in (3, 2, 1, 0)]
    assert first.select(COLUMNS).row(0) == (115733.6, 115743.7, 115703.97, 115739.93, 0.61798602)
    oldest = found.filter(pl.col("object") == 2)
    assert (oldest.height, oldest["volume"][0]) == (10, 2.85107455)
    assert found["trades"].null_count() == found["vwap"].null_count() == found.height
    prices = found.select(pl.col("low").le(pl.min_horizontal("open", "close")), pl.col("high").ge(pl.col("low")))
    assert prices.select(pl.all_horizontal(pl.all().all())).item()
