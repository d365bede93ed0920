"""REST: pages, costs, and what is not accepted as an answer."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bcdata.errors import BlockedError, NotFoundError, ProviderError, UnreachableError, UsageError
from bcdata.net.answers import RefusedError
from bcdata.providers.base import Series
from bcdata.providers.binance.api.limits import klines_cost, rows_per_call, weight_budget
from bcdata.providers.binance.api.rest import BinanceRest
from bcdata.windows import Window
from bcdata_tests.net.fault_server import FaultServer, Handler, Reply, serving
from bcdata_tests.net.helpers import client
from bcdata_tests.providers.exchange_server import MINUTE_MS, Capped, Exchange, kline

T = TypeVar("T")
START = datetime(2023, 3, 1, tzinfo=UTC)
START_MS = int(START.timestamp() * 1000)
LATER = datetime(2024, 1, 1, tzinfo=UTC)
MARKETS = ["spot", "um", "cm"]


def use(state: Path, handler: Handler, work: Callable[[BinanceRest], Awaitable[T]]) -> tuple[T, FaultServer]:
    async def run() -> tuple[T, FaultServer]:
        async with serving(handler) as server, client(state) as http:
            return await work(BinanceRest(http, dict.fromkeys(MARKETS, server.url))), server

    return asyncio.run(run())


def minutes(market: str) -> Series:
    return Series(market, "klines", "BTCUSDT", "1m")


def window(first: int, last: int) -> Window:
    return Window(START + timedelta(minutes=first), START + timedelta(minutes=last))


def opens_in(pages: list[Any]) -> list[int]:
    return [row[0] for page in pages for row in json.loads(page.body)]


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("bars", [0, 1, 99, 100, 499, 500, 998, 999, 1000, 1001, 1500])
def test_every_bar_once_in_the_fewest_pages(tmp_path: Path, market: str, bars: int) -> None:
    exchange = Exchange([START_MS + minute * MINUTE_MS for minute in range(-2000, 4000)])
    pages, server = use(tmp_path, exchange, lambda rest: rest.klines(minutes(market), window(0, bars), now=LATER))
    assert opens_in(pages) == [START_MS + minute * MINUTE_MS for minute in range(bars)]
    assert server.count == -(-bars // rows_per_call(market))
    assert [page.rows for page in pages] == [len(json.loads(page.body)) for page in pages]
    assert sum(page.rows for page in pages) == bars
    assert all(page.last_open_ms == json.loads(page.body)[-1][0] for page in pages)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    market=st.sampled_from(MARKETS),
    present=st.sets(st.integers(-50, 1600), max_size=1400),
    span=st.tuples(st.integers(-60, 800), st.integers(0, 1200), st.integers(0, 59)),
)
def test_holes_anywhere_lose_and_repeat_nothing(
    tmp_path: Path, market: str, present: set[int], span: tuple[int, int, int]
) -> None:
    first, length, seconds = span
    exchange = Exchange([START_MS + minute * MINUTE_MS for minute in present])
    off = timedelta(seconds=seconds)
    asked = Window(window(first, 0).start + off, window(0, first + length).end + off)
    pages, _ = use(tmp_path, exchange, lambda rest: rest.klines(minutes(market), asked, now=LATER))
    expected = [START_MS + minute * MINUTE_MS for minute in sorted(present)]
    begin, end = asked.start.timestamp() * 1000, asked.end.timestamp() * 1000
    assert opens_in(pages) == [at for at in expected if begin <= at < end]


def test_an_empty_answer_is_a_page_and_asking_nothing_is_none(tmp_path: Path) -> None:
    pages, _ = use(tmp_path, Exchange([]), lambda rest: rest.klines(minutes("spot"), window(0, 5), now=LATER))
    assert [(page.body, page.rows, page.first_open_ms, page.last_open_ms) for page in pages] == [(b"[]", 0, None, None)]
    none, server = use(tmp_path, Exchange([]), lambda rest: rest.klines(minutes("spot"), window(5, 5), now=LATER))
    assert (none, server.count) == ([], 0)


def test_a_bar_that_is_still_open_is_not_asked_for(tmp_path: Path) -> None:
    exchange = Exchange([START_MS + minute * MINUTE_MS for minute in range(10)])
    now = START + timedelta(minutes=4, seconds=59)
    pages, _ = use(tmp_path, exchange, lambda rest: rest.klines(minutes("um"), window(0, 10), now=now))
    assert opens_in(pages) == [START_MS + minute * MINUTE_MS for minute in range(4)]


def test_opens_off_the_grid_are_not_lost(tmp_path: Path) -> None:
    odd = [START_MS + minute * MINUTE_MS + extra for minute in range(1100) for extra in (0, 4789)]

    class Irregular(Exchange):
        def klines(self, query: dict[str, str], *, newest_first: bool) -> bytes:
            assert not newest_first
            times = [at for at in self.opens if int(query["startTime"]) <= at <= int(query["endTime"])]
            return json.dumps([kline(at) for at in times[: int(query["limit"])]]).encode()

    pages, _ = use(tmp_path, Irregular(odd), lambda rest: rest.klines(minutes("spot"), window(0, 1100), now=LATER))
    assert opens_in(pages) == odd


def test_what_is_sent(tmp_path: Path) -> None:
    months = Series("um", "klines", "BTCUSDT", "1mo")
    year = Window(datetime(2022, 1, 1, tzinfo=UTC), datetime(2023, 1, 1, tzinfo=UTC))
    pages, server = use(tmp_path, lambda _: Reply(b"[]"), lambda rest: rest.klines(months, year, now=LATER))
    assert server.requests[0].path == "/fapi/v1/klines"
    assert server.requests[0].query == {
        "symbol": "BTCUSDT",
        "interval": "1M",
        "startTime": "1640995200000",
        "endTime": "1672531199999",
        "limit": "99",
    }
    assert pages[0].url == server.requests[0].target


def test_costs() -> None:
    assert {(klines_cost("spot", bars).rows, klines_cost("spot", bars).weight) for bars in (1, 1000, 5000)} == {
        (1000, 2)
    }
    for market in ("um", "cm"):
        costs = [klines_cost(market, bars) for bars in (1, 99, 100, 499, 5000)]
        assert [(cost.rows, cost.weight) for cost in costs] == [(99, 1), (99, 1), (499, 2), (499, 2), (499, 2)]


ROW = kline(START_MS)
UNUSABLE = {
    "not JSON": b"<html>hotel</html>",
    "cut off": json.dumps([ROW]).encode()[:-3],
    "an object": b'{"klines": []}',
    "deep nesting": b"[" * 100_000,
    "a row that is none": json.dumps([{"t": 1}]).encode(),
    "a short row": json.dumps([ROW[:10]]).encode(),
    "a time in words": json.dumps([[str(START_MS), *ROW[1:]]]).encode(),
    "a time that is true": json.dumps([[True, *ROW[1:]]]).encode(),
    "trades that are no integer": json.dumps([[*ROW[:8], "x", *ROW[9:]]]).encode(),
    "before the range": json.dumps([kline(START_MS - MINUTE_MS), ROW]).encode(),
    "after the range": json.dumps([kline(START_MS + 10 * MINUTE_MS)]).encode(),
    "microseconds": json.dumps([kline(START_MS * 1000)]).encode(),
    "twice": json.dumps([ROW, ROW]).encode(),
    "backwards": json.dumps([kline(START_MS + MINUTE_MS), ROW]).encode(),
    "not text": b"\xff\xfe\x00",
    "half a surrogate pair": json.dumps([[ROW[0], "\ud800", *ROW[2:]]]).encode(),
}


@pytest.mark.parametrize("body", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_answer_of_another_shape_or_range_proves_nothing(tmp_path: Path, body: bytes) -> None:
    with pytest.raises(ProviderError, match=r"answer is not usable: .*check BCDATA_BINANCE_SPOT_URL") as caught:
        use(tmp_path, lambda _: Reply(body), lambda rest: rest.klines(minutes("spot"), window(0, 10), now=LATER))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (Reply(b'{"code":-1121,"msg":"Invalid symbol."}', status=400), NotFoundError, "unknown symbol"),
        (Reply(b'{"code":-1120,"msg":"Invalid interval."}', status=400), RefusedError, "Invalid interval"),
        (Reply(b"[]", status=400), RefusedError, "answered 400"),
        (Reply(b"[" * 60_000, status=400), RefusedError, "answered 400"),
        (Reply(b'{"code":' * 8_000, status=400), RefusedError, "answered 400"),
        (Reply(b"nginx", status=404), ProviderError, "no such path .* BCDATA_BINANCE_UM_URL"),
        (Reply(b"", status=451), BlockedError, "BCDATA_BINANCE_UM_URL"),
        (Reply(b"", status=502), UnreachableError, "failed with 502"),
    ],
)
def test_errors(tmp_path: Path, reply: Reply, kind: type[ProviderError], words: str) -> None:
    with pytest.raises(ProviderError, match=words) as caught:
        use(tmp_path, lambda _: reply, lambda rest: rest.klines(minutes("um"), window(0, 10), now=LATER))
    assert type(caught.value) is kind


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("interval", ["1m", "1h", "1d"])
def test_first_open(tmp_path: Path, market: str, interval: str) -> None:
    first = int(datetime(2021, 6, 16, 13, 37, tzinfo=UTC).timestamp() * 1000)
    exchange = Exchange([first + step * 7_000 * MINUTE_MS for step in range(300)])
    series = Series(market, "klines", "BTCUSDT", interval)
    found, server = use(tmp_path, exchange, lambda rest: rest.first_open(series))
    assert (
        found
        == {
            "1m": datetime(2021, 6, 16, 13, 37, tzinfo=UTC),
            "1h": datetime(2021, 6, 16, 13, tzinfo=UTC),
            "1d": datetime(2021, 6, 16, tzinfo=UTC),
        }[interval]
    )
    assert server.count <= (1 if market != "cm" else 20)
    assert use(tmp_path, Exchange([]), lambda rest: rest.first_open(series))[0] is None
    with pytest.raises(NotFoundError):
        use(tmp_path, exchange, lambda rest: rest.first_open(Series(market, "klines", "NONE", interval)))


@pytest.mark.parametrize("ms", [-1, 32_503_680_000_000, (1 << 62) - 1])
def test_a_first_bar_at_a_time_that_cannot_be_is_none(tmp_path: Path, ms: int) -> None:
    reply = Reply(json.dumps([kline(ms)]).encode())
    with pytest.raises(ProviderError, match="not usable"):
        use(tmp_path, lambda _: reply, lambda rest: rest.first_open(minutes("spot")))


@pytest.mark.parametrize("market", MARKETS)
@pytest.mark.parametrize("most", [500, 100, 7])
def test_a_server_that_caps_its_pages_is_followed_to_the_end(tmp_path: Path, market: str, most: int) -> None:
    opens = [START_MS + minute * MINUTE_MS for minute in range(100 * most) if minute % 97]
    span = min(1440, 15 * most)
    pages, _ = use(tmp_path, Capped(opens, most), lambda rest: rest.klines(minutes(market), window(1, span), now=LATER))
    assert opens_in(pages) == [START_MS + minute * MINUTE_MS for minute in range(1, span) if minute % 97]


@pytest.mark.parametrize("market", MARKETS)
def test_a_short_page_that_is_the_end_costs_one_request_more(tmp_path: Path, market: str) -> None:
    exchange = Exchange([START_MS + minute * MINUTE_MS for minute in range(60)])
    pages, server = use(tmp_path, exchange, lambda rest: rest.klines(minutes(market), window(0, 90), now=LATER))
    assert opens_in(pages) == exchange.opens
    assert server.count == 2


def test_a_server_that_sends_a_row_at_a_time_is_not_followed_for_ever(tmp_path: Path) -> None:
    exchange = Capped([START_MS + minute * MINUTE_MS for minute in range(1440)], 1)
    with pytest.raises(ProviderError, match=r"so few rows.*BCDATA_BINANCE_SPOT_URL"):
        use(tmp_path, exchange, lambda rest: rest.klines(minutes("spot"), window(0, 1440), now=LATER))


def test_the_limit_that_the_exchange_states_becomes_the_budgets(tmp_path: Path) -> None:
    info = {"rateLimits": [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 250}]}
    one = {"symbol": "AUSDT", "status": "TRADING", "baseAsset": "A", "quoteAsset": "USDT"}

    async def run() -> None:
        async with (
            serving(lambda _: Reply(json.dumps(info | {"symbols": [one]}).encode())) as server,
            client(tmp_path) as http,
        ):
            rest = BinanceRest(http, {"spot": server.url})
            assert (await rest.exchange_info("spot")).weight_a_minute == 250
            with pytest.raises(UsageError, match="whole budget of 200"):
                await http.state.try_acquire([(weight_budget("spot", server.url), 201)], patience=9)

    asyncio.run(run())


def test_a_market_that_there_is_not(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no market"):
        use(tmp_path, Exchange([]), lambda rest: rest.exchange_info("options"))


def test_servers_count_apart() -> None:
    names = {weight_budget(market, f"http://{host}").name for market in MARKETS for host in ("a", "b:1")}
    assert len(names) == 6
