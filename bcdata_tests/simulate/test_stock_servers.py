"""Polygon, Alpaca and Alpha Vantage on the loopback answer as they are documented, whoever asks."""

import http.client
import json
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from bcdata.simulate import LoopbackAlpaca, LoopbackAlphaVantage, LoopbackPolygon
from bcdata.simulate.exchange_hours import Hours
from bcdata.simulate.session_market import Dividend, ListedSymbol, SessionMarket, Split
from bcdata.windows import Window

NOW = datetime(2024, 3, 14, 15, 0, 30, tzinfo=UTC)
SPLIT = Split(date(2024, 3, 12), 4)
APPLE = ListedSymbol(
    "AAPL",
    Hours.weekdays("America/New_York", date(2024, 3, 1), date(2024, 4, 30)),
    date(2024, 3, 1),
    splits=(SPLIT,),
    dividends=(Dividend(date(2024, 3, 8), 0.25), Dividend(date(2024, 3, 13), 0.5)),
)
MARKET = SessionMarket([APPLE])
HEADERS = {
    "Authorization": "Bearer some",
    "APCA-API-KEY-ID": "some",
    "APCA-API-SECRET-KEY": "some",
}


def ask(url: str, headers: dict[str, str] = HEADERS, **parameters: Any) -> tuple[int, Any]:
    """Status and decoded body of one request."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        query = "&".join(one for one in (parts.query, urlencode(parameters)) if one)
        connection.request("GET", f"{parts.path}?{query}", headers=headers)
        response = connection.getresponse()
        body = response.read()
        return response.status, json.loads(body) if body[:1] in (b"{", b"[") else body.decode()
    finally:
        connection.close()


def closes(interval: str, first: date, last: date, as_of: date | None = None) -> list[float]:
    start, end = (datetime(one.year, one.month, one.day, tzinfo=UTC) for one in (first, last + timedelta(days=1)))
    bars = MARKET.bars(APPLE, interval, Window(start, end), NOW, "clock")
    return [bar.plain(APPLE, as_of)[3] for bar in bars]


FIRST, LAST = date(2024, 3, 7), date(2024, 3, 13)


def test_polygon_adjusts_unless_it_is_told_not_to() -> None:
    with LoopbackPolygon(MARKET, now=NOW, plan="advanced") as server:
        url = f"{server.url}/v2/aggs/ticker/AAPL/range/1/day/{FIRST}/{LAST}"
        _, adjusted = ask(url)
        _, raw = ask(url, adjusted="false", sort="desc")
    assert [one["c"] for one in adjusted["results"]] == closes("1d", FIRST, LAST, NOW.date())
    assert [one["c"] for one in raw["results"]] == closes("1d", FIRST, LAST)[::-1]
    assert (adjusted["adjusted"], raw["adjusted"], raw["resultsCount"], raw["status"]) == (True, False, 5, "OK")
    stamps = [datetime.fromtimestamp(one["t"] / 1000, UTC) for one in adjusted["results"]]
    assert [(one.day, one.hour) for one in stamps] == [(7, 5), (8, 5), (11, 4), (12, 4), (13, 4)]


def test_polygon_leads_from_page_to_page() -> None:
    with LoopbackPolygon(MARKET, now=NOW, plan="advanced") as server:
        url: str | None = f"{server.url}/v2/aggs/ticker/AAPL/range/5/minute/{FIRST}/{LAST}?adjusted=false&limit=500"
        found, pages = [], 0
        while url:
            status, page = ask(url)
            assert status == 200
            found += [one["c"] for one in page["results"]]
            url, pages = page.get("next_url"), pages + 1
    assert found == closes("5m", FIRST, LAST)
    assert pages == 4  # of 1,760 minutes with a trade


def test_polygon_says_no() -> None:
    with LoopbackPolygon(MARKET, now=NOW, is_limited=True) as server:
        old = f"{server.url}/v2/aggs/ticker/AAPL/range/1/day/2021-01-01/2021-02-01"
        asked = [
            ask(old, {}),
            ask(old),
            ask(f"{server.url}/v2/aggs/ticker/AAPL/range/1/day/today/2021-02-01"),
            ask(f"{server.url}/v2/aggs/ticker/NONE/range/1/day/2024-03-01/2024-03-05"),
            ask(f"{server.url}/v1/odd"),
            ask(f"{server.url}/v2/aggs/ticker/AAPL/range/1/minute/{NOW.date()}/{NOW.date()}"),
            ask(old),
        ]
    assert [status for status, _ in asked] == [401, 403, 400, 200, 404, 200, 429]
    assert asked[1][1]["status"] == "NOT_AUTHORIZED"
    assert asked[3][1]["resultsCount"] == asked[5][1]["resultsCount"] == 0  # the free plan has nothing of today
    assert "results" not in asked[3][1]
    assert "maximum requests per minute" in asked[6][1]["error"]


def test_polygon_has_splits_and_dividends_newest_first() -> None:
    with LoopbackPolygon(MARKET, now=NOW) as server:
        _, splits = ask(f"{server.url}/v3/reference/splits", ticker="AAPL")
        _, first = ask(f"{server.url}/v3/reference/dividends", ticker="AAPL", limit=1)
        _, second = ask(first["next_url"])
        _, chosen = ask(f"{server.url}/v3/reference/dividends", ticker="AAPL", **{"ex_dividend_date.lte": "2024-03-10"})
    assert [(one["execution_date"], one["split_from"], one["split_to"]) for one in splits["results"]] == [
        ("2024-03-12", 1, 4)
    ]
    paid = [one["ex_dividend_date"] for page in (first, second, chosen) for one in page["results"]]
    assert paid == ["2024-03-13", "2024-03-08", "2024-03-08"]
    assert "next_url" not in second


def test_alpaca_pages_run_symbol_by_symbol() -> None:
    other = ListedSymbol("MSFT", APPLE.hours, APPLE.listed)
    with LoopbackAlpaca(SessionMarket([APPLE, other]), now=NOW) as server:
        asked = {"symbols": "MSFT,AAPL", "timeframe": "1Day", "start": "2024-03-07", "end": "2024-03-13T23:59:59Z"}
        found, token, pages = list[tuple[str, str]](), {}, 0
        while pages == 0 or token:
            status, page = ask(f"{server.url}/v2/stocks/bars", **asked, limit=3, **token)
            assert status == 200
            found += [(name, row["t"]) for name, rows in page["bars"].items() for row in rows]
            token, pages = {"page_token": page["next_page_token"]} if page["next_page_token"] else {}, pages + 1
    days = ["07T05", "08T05", "11T04", "12T04", "13T04"]
    assert found == [(name, f"2024-03-{day}:00:00Z") for name in ("AAPL", "MSFT") for day in days]
    assert pages == 4


def test_alpaca_says_no() -> None:
    with LoopbackAlpaca(MARKET, now=NOW) as server:
        url, asked = f"{server.url}/v2/stocks/bars", {"symbols": "AAPL", "timeframe": "1Min", "start": "2024-03-14"}
        told = [
            ask(url, {}, **asked),
            ask(url, **asked, end="2024-03-14T14:50:00Z"),
            ask(url, **{**asked, "symbols": "BRK-B"}),
            ask(url, **asked, adjustment="some"),
            ask(url, **{**asked, "timeframe": "1Fortnight"}),
            ask(url, **{**asked, "symbols": "NONE"}),
            ask(f"{server.url}/v2/odd"),
        ]
    assert [status for status, _ in told] == [403, 403, 400, 400, 400, 200, 404]
    assert told[1][1]["message"] == "subscription does not permit querying recent SIP data"
    assert told[5][1] == {"bars": {}, "next_page_token": None}
    with LoopbackAlpaca(MARKET, now=NOW, rate=1) as server:
        assert [ask(url.replace(url[: url.index("/v2")], server.url), **asked)[0] for _ in range(2)] == [200, 429]


def test_alpaca_sends_raw_prices_or_adjusted_ones() -> None:
    with LoopbackAlpaca(MARKET, now=NOW) as server:
        asked = {"symbols": "AAPL", "timeframe": "1Day", "start": "2024-03-07", "end": "2024-03-13T23:59:59Z"}
        _, raw = ask(f"{server.url}/v2/stocks/bars", **asked)
        _, adjusted = ask(f"{server.url}/v2/stocks/bars", **asked, adjustment="split")
    assert [one["c"] for one in raw["bars"]["AAPL"]] == closes("1d", FIRST, LAST)
    assert [one["c"] for one in adjusted["bars"]["AAPL"]] == closes("1d", FIRST, LAST, NOW.date())


def test_alpha_vantage_speaks_under_status_200() -> None:
    with LoopbackAlphaVantage(MARKET, now=NOW, key="secret-of-mine", a_day=3) as server:
        url, daily = f"{server.url}/query", {"function": "TIME_SERIES_DAILY", "symbol": "AAPL"}
        asked = [
            ask(url, **daily),
            ask(url, **daily, apikey="other"),
            ask(url, **daily, apikey="secret-of-mine"),
            ask(url, function="TIME_SERIES_INTRADAY", symbol="AAPL", interval="5min", apikey="secret-of-mine"),
            ask(url, **{**daily, "symbol": "NONE"}, apikey="secret-of-mine"),
            ask(url, **daily, apikey="secret-of-mine"),
        ]
        server.now = NOW + timedelta(days=1)
        asked.append(ask(url, **daily, apikey="secret-of-mine"))
    assert {status for status, _ in asked} == {200}
    words = [next(iter(body.items())) for _, body in asked]
    assert [name for name, _ in words] == [
        *("Error Message", "Error Message", "Meta Data", "Information", "Error Message", "Information", "Meta Data")
    ]
    assert "premium endpoint" in words[3][1]
    assert "secret-of-mine" in words[5][1]
    assert "3 requests per day" in words[5][1]
    dates = list(asked[2][1]["Time Series (Daily)"])
    assert (dates[0], dates[-1]) == ("2024-03-13", "2024-03-01")


def test_alpha_vantage_adjusts_bars_within_a_day_unless_it_is_told_not_to() -> None:
    with LoopbackAlphaVantage(MARKET, now=NOW, plan="premium") as server:
        asked = {"function": "TIME_SERIES_INTRADAY", "symbol": "AAPL", "interval": "5min", "month": "2024-03"}
        asked |= {"outputsize": "full", "apikey": "some"}
        _, adjusted = ask(f"{server.url}/query", **asked)
        _, raw = ask(f"{server.url}/query", **asked, adjusted="false")
    rows = {name: [one["4. close"] for one in found["Time Series (5min)"].values()]
            for name, found in (("adjusted", adjusted), ("raw", raw))}  # fmt: skip
    first = date(2024, 3, 1)
    assert rows["raw"] == [f"{one:.4f}" for one in closes("5m", first, LAST)[::-1]]
    assert rows["adjusted"] == [f"{one:.4f}" for one in closes("5m", first, LAST, NOW.date())[::-1]]
    times = list(raw["Time Series (5min)"])
    assert times[-1] == "2024-03-01 09:30:00"
    assert {text[11:16] for text in times} <= {f"{at // 60:02}:{at % 60:02}" for at in range(570, 960, 5)}


@pytest.mark.parametrize("venue", ["polygon", "alpaca", "alpha_vantage"])
def test_a_provider_is_served_from_the_command_line_with_a_key(venue: str) -> None:
    command = [sys.executable, "-m", "bcdata.simulate", "--venue", venue, "--now", "2026-01-05T00:00:00Z"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
    assert said[0].startswith(f"export BCDATA_{venue.upper()}_URL=http://127.0.0.1:")
    assert said[1] == f"export {venue.upper()}_API_KEY=loopback\n"
