"""REST: ranges, limits, errors and weights, as Binance has them."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcdata.simulate import GeneratedMarket, LoopbackExchange, RateLimits
from bcdata.simulate.binance.parameters import RestError
from bcdata.simulate.binance.rest import RestServer, cost
from bcdata_tests.simulate.client import get, ms, utc
from bcdata_tests.simulate.conftest import NOW

PATHS = {"spot": "/spot/api/v3", "um": "/um/fapi/v1", "cm": "/cm/dapi/v1"}
MINUTE = 60_000


def klines(exchange: LoopbackExchange, venue: str = "spot", **parameters: str | int) -> Any:
    given = {"symbol": "BTCUSD_PERP" if venue == "cm" else "BTCUSDT", "interval": "1m", **parameters}
    reply = get(f"{exchange.url}{PATHS[venue]}/klines", **given)
    assert reply.status == 200, reply.body
    return reply.json


def opens(rows: list[list[Any]]) -> list[int]:
    return [row[0] for row in rows]


def grid(first: str, count: int) -> list[int]:
    return [ms(first) + n * MINUTE for n in range(count)]


@pytest.mark.parametrize("venue", PATHS)
def test_without_a_range_the_latest_rows_with_the_open_one(exchange: LoopbackExchange, venue: str) -> None:
    rows = klines(exchange, venue, limit=3)
    assert opens(rows) == grid("2023-07-03T23:58", 3)
    assert rows[-1][6] > ms(NOW.isoformat()[:19]) > rows[-2][6]
    assert len(klines(exchange, venue)) == 500
    assert len(klines(exchange, venue, limit=9999)) == (1000 if venue == "spot" else 1500)
    assert opens(klines(exchange, venue, limit=2, endTime=ms("2023-05-01"))) == grid("2023-04-30T23:59", 2)


@pytest.mark.parametrize("venue", ["spot", "um"])
def test_with_a_start_the_oldest_rows(exchange: LoopbackExchange, venue: str) -> None:
    start, end = ms("2023-05-01"), ms("2023-05-02")
    assert opens(klines(exchange, venue, startTime=start, endTime=end, limit=4)) == grid("2023-05-01", 4)
    assert opens(klines(exchange, venue, startTime=start + 1, limit=2)) == grid("2023-05-01T00:01", 2)
    assert opens(klines(exchange, venue, startTime=start, endTime=start + MINUTE)) == grid("2023-05-01", 2)
    assert opens(klines(exchange, venue, startTime=0, limit=1)) == [ms("2023-01-01")]
    assert klines(exchange, venue, startTime=ms("2023-07-04T00:01")) == []
    assert klines(exchange, venue, startTime=0, endTime=ms("2022-12-31")) == []


def test_coin_m_sends_the_newest_rows_of_at_most_200_days(exchange: LoopbackExchange) -> None:
    start = ms("2023-05-01")
    rows = klines(exchange, "cm", startTime=start, endTime=ms("2023-05-02"), limit=4)
    assert opens(rows) == grid("2023-05-01T23:57", 4)
    days = 86_400_000
    assert klines(exchange, "cm", startTime=0, limit=1) == []
    assert opens(klines(exchange, "cm", startTime=0, endTime=200 * days)) == []
    reply = get(f"{exchange.url}{PATHS['cm']}/klines", symbol="BTCUSD_PERP", interval="1d", startTime=0,
                endTime=200 * days + 1)  # fmt: skip
    assert (reply.status, reply.json["code"]) == (400, -1128)


@pytest.mark.parametrize("interval", ["3m", "1h", "1d", "3d", "1w", "1M"])
def test_coarser_rows_without_a_break(exchange: LoopbackExchange, interval: str) -> None:
    rows = klines(exchange, "um", interval=interval, startTime=ms("2023-01-01"), endTime=ms("2023-06-30"), limit=1500)
    assert rows
    assert all(before[6] + 1 == after[0] for before, after in pairwise(rows) if interval != "1M")
    newest = klines(exchange, "um", interval=interval, limit=2)
    assert newest[0][6] + 1 == newest[1][0] <= ms("2023-07-04") <= newest[1][6]


def test_the_open_row_is_a_part_of_the_closed_one(exchange: LoopbackExchange) -> None:
    open_row = klines(exchange, interval="1h", limit=1)[0]
    exchange.now = NOW + timedelta(hours=2)
    closed = klines(exchange, interval="1h", startTime=open_row[0], limit=1)[0]
    assert open_row[0] == closed[0]
    assert open_row[6] == closed[6]
    assert open_row[1] == closed[1]
    assert 0 < float(open_row[5]) < float(closed[5])
    assert float(closed[3]) <= float(open_row[3]) <= float(open_row[4]) <= float(open_row[2]) <= float(closed[2])
    assert open_row[8] < closed[8]


SERVER = RestServer(GeneratedMarket.demo(), "spot", 6000)


@given(st.integers(-200, 3200), st.integers(1, 400), st.integers(1, 40))
@settings(deadline=None, max_examples=60)
def test_pages_together_are_the_range(offset: int, length: int, limit: int) -> None:
    """Over the outage of 2023-03-24 and the midnights around it."""
    start = ms("2023-03-23T12:00") + offset * MINUTE
    end = start + length * MINUTE
    asked = {"symbol": "ETHUSDT", "interval": "1m", "startTime": str(start), "endTime": str(end)}
    whole = SERVER.answer("klines", {**asked, "limit": "1000"}, NOW)
    paged: list[Any] = []
    at = start
    while True:
        found = SERVER.answer("klines", {**asked, "startTime": str(at), "limit": str(limit)}, NOW)
        paged += found
        if len(found) < limit:
            break
        at = found[-1][0] + 1
    assert paged == whole
    out = range(ms("2023-03-24T12:40"), ms("2023-03-24T14:00"))
    assert opens(whole) == [at for at in range(start, end + 1, MINUTE) if at not in out]


@pytest.mark.parametrize(
    ("venue", "parameters", "code"),
    [
        ("spot", {"symbol": "NOPE"}, -1121),
        ("spot", {"symbol": "../BTCUSDT"}, -1121),
        ("spot", {"symbol": ""}, -1102),
        ("spot", {"interval": "2m"}, -1120),
        ("spot", {"interval": "1mo"}, -1120),
        ("um", {"interval": "1s"}, -1120),
        ("spot", {"startTime": "yesterday"}, -1100),
        ("spot", {"startTime": "-5"}, -1100),
        ("spot", {"startTime": "٣"}, -1100),
        ("spot", {"limit": "many"}, -1100),
        ("spot", {"limit": "0"}, -1130),
        ("spot", {"timeZone": "8"}, -1104),
        ("um", {"startTime": "2", "endTime": "1"}, -1023),
    ],
)
def test_refusals(exchange: LoopbackExchange, venue: str, parameters: dict[str, str], code: int) -> None:
    given = {"symbol": "BTCUSDT", "interval": "1m", **parameters}
    reply = get(f"{exchange.url}{PATHS[venue]}/klines", **given)
    assert (reply.status, reply.json["code"]) == (400, code)
    assert set(reply.json) == {"code", "msg"}
    assert reply.headers["X-MBX-USED-WEIGHT-1M"]


def test_a_range_that_is_upside_down_is_empty_on_spot(exchange: LoopbackExchange) -> None:
    assert klines(exchange, startTime=2, endTime=1) == []
    with pytest.raises(RestError):
        RestServer(exchange.market, "um", 1).answer(
            "klines", {"symbol": "BTCUSDT", "interval": "1m", "startTime": "2", "endTime": "1"}, NOW
        )


def test_symbols_are_known_from_their_listing_on(exchange: LoopbackExchange) -> None:
    url = f"{exchange.url}/spot/api/v3"
    exchange.now = utc("2023-03-23T16:59")
    assert get(f"{url}/klines", symbol="ARBUSDT", interval="1m").json["code"] == -1121
    exchange.now = utc("2023-03-23T17:00")
    assert len(get(f"{url}/klines", symbol="ARBUSDT", interval="1m").json) == 1
    exchange.now = NOW
    status = {one["symbol"]: one["status"] for one in get(f"{url}/exchangeInfo").json["symbols"]}
    assert status["SRMUSDT"] == "BREAK"
    assert status["币安人生USDT"] == "TRADING"
    assert len(get(f"{url}/exchangeInfo", symbol="币安人生USDT").json["symbols"]) == 1
    # The history of a delisted symbol stays.
    last = get(f"{url}/klines", symbol="SRMUSDT", interval="1m", limit=1).json
    assert opens(last) == [ms("2023-05-10T02:59")]


def test_exchange_info(exchange: LoopbackExchange) -> None:
    for venue, limit in (("spot", 6000), ("um", 2400), ("cm", 2400)):
        info = get(f"{exchange.url}{PATHS[venue]}/exchangeInfo").json
        assert info["rateLimits"] == [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": limit}
        ]
        assert info["serverTime"] == get(f"{exchange.url}{PATHS[venue]}/time").json["serverTime"]
    perpetual = get(f"{exchange.url}{PATHS['cm']}/exchangeInfo").json["symbols"][0]
    assert (perpetual["contractSize"], perpetual["contractType"], perpetual["contractStatus"]) == (
        100, "PERPETUAL", "TRADING")  # fmt: skip
    assert perpetual["onboardDate"] == ms("2023-01-01")
    assert get(f"{exchange.url}{PATHS['um']}/fundingInfo").json[0]["fundingIntervalHours"] == 4


def test_funding_pages(exchange: LoopbackExchange) -> None:
    url = f"{exchange.url}{PATHS['um']}/fundingRate"
    start = ms("2023-01-01")
    everything = get(url, symbol="ARBUSDT", startTime=start, limit=1000).json
    assert len(get(url, symbol="ARBUSDT", startTime=start).json) == 100
    assert get(url, symbol="ARBUSDT").json == everything[-100:]
    assert get(url, symbol="ARBUSDT", endTime=everything[9]["fundingTime"]).json == everything[:10]
    second = get(url, symbol="ARBUSDT", startTime=everything[4]["fundingTime"] + 1, limit=3).json
    assert second == everything[5:8]
    assert {one["symbol"] for one in get(url, startTime=ms("2023-05-01"), limit=10).json} == {"ARBUSDT", "BTCUSDT"}
    assert get(f"{exchange.url}{PATHS['cm']}/fundingRate").json["code"] == -1102
    assert len(get(f"{exchange.url}{PATHS['cm']}/fundingRate", symbol="BTCUSD_PERP").json) == 100
    assert get(f"{exchange.url}{PATHS['spot']}/fundingRate").status == 404


@pytest.mark.parametrize(
    ("venue", "endpoint", "limit", "weight", "funding"),
    [
        ("spot", "klines", "1000", 2, 0),
        ("spot", "exchangeInfo", None, 20, 0),
        ("spot", "time", None, 1, 0),
        ("um", "klines", "99", 1, 0),
        ("um", "klines", "100", 2, 0),
        ("um", "klines", "499", 2, 0),
        ("um", "klines", None, 5, 0),
        ("um", "klines", "1000", 5, 0),
        ("um", "klines", "1001", 10, 0),
        ("cm", "klines", "99999", 10, 0),
        ("cm", "klines", "x", 5, 0),
        ("um", "fundingRate", "1000", 0, 1),
        ("um", "fundingInfo", None, 0, 1),
        ("cm", "fundingRate", None, 1, 0),
    ],
)
def test_weights(venue: str, endpoint: str, limit: str | None, weight: int, funding: int) -> None:
    price = cost(venue, endpoint, {"limit": limit} if limit else {})
    assert (price.weight, price.funding_calls) == (weight, funding)


def test_used_weight_is_told_by_venue(exchange: LoopbackExchange) -> None:
    def used(path: str) -> str | None:
        return get(exchange.url + path).headers["X-MBX-USED-WEIGHT-1M"]

    assert used("/spot/api/v3/klines?symbol=BTCUSDT&interval=1m") == "2"
    assert used("/spot/api/v3/klines?symbol=NOPE&interval=1m") == "4"
    assert used("/um/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=50") == "1"
    assert used("/archive/data/nothing") is None


def test_429_then_418_then_again(market: GeneratedMarket) -> None:
    time = [1_000_000.0]
    limits = RateLimits({"spot": 5}, clock=lambda: time[0])
    with LoopbackExchange(market, now=NOW, weight_limits=limits) as exchange:
        url = f"{exchange.url}/spot/api/v3/time"
        assert [get(url).status for _ in range(5)] == [200] * 5
        refused = get(url)
        assert (refused.status, refused.json["code"]) == (429, -1003)
        assert refused.headers["Retry-After"] == "20"  # 1,000,000 s are 40 s into a minute
        assert refused.headers["X-MBX-USED-WEIGHT-1M"] == "6"
        assert get(f"{exchange.url}/um/fapi/v1/time").status == 200
        assert [get(url).status for _ in range(9)] == [429] * 8 + [418]
        banned = get(url)
        assert (banned.status, banned.headers["Retry-After"]) == (418, "120")
        assert "banned until" in banned.json["msg"]
        time[0] += 119
        assert get(url).status == 418
        time[0] += 1
        assert get(url).status == 200


def test_a_new_minute_begins_anew_and_forgiving_too(market: GeneratedMarket) -> None:
    time = [0.0]
    limits = RateLimits({"um": 2}, clock=lambda: time[0])
    with LoopbackExchange(market, now=NOW, weight_limits=limits) as exchange:
        url = f"{exchange.url}/um/fapi/v1/time"
        assert [get(url).status for _ in range(3)] == [200, 200, 429]
        time[0] = 60.0
        assert [get(url).status for _ in range(3)] == [200, 200, 429]
        exchange.limits.forgive()
        assert get(url).status == 200
        assert exchange.requests[-1].status == 200


def test_funding_calls_have_a_budget_of_their_own() -> None:
    limits = RateLimits(clock=lambda: 10.0)
    assert [limits.judge("um", 0, 1).status for _ in range(501)] == [200] * 500 + [429]
    assert limits.judge("um", 0, 1).retry_after == 290
    assert limits.judge("um", 1, 0).status == 429
