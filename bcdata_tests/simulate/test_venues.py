"""Kraken and Coinbase on the loopback as a plain client sees them."""

import signal
import subprocess
import sys
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from bcdata.errors import UsageError
from bcdata.simulate import Fault, LoopbackBitstamp, LoopbackCoinbase, LoopbackKraken, TradedSymbol, TradeMarket, serve
from bcdata_tests.simulate.client import Reply, get

NOW = datetime(2024, 1, 4, 12, 0, 30, tzinfo=UTC)
PENDING = int(NOW.timestamp()) - 30
BITCOIN = TradedSymbol("XBTUSD", datetime(2024, 1, 1, 9, 30, tzinfo=UTC), 30_000.0, "XXBTZUSD")


def ohlc(server: LoopbackKraken, **parameters: Any) -> Reply:
    return get(f"{server.url}/0/public/OHLC", **{"pair": "XBTUSD", **parameters})


def test_kraken_has_720_bars_and_one_that_is_not_committed() -> None:
    with LoopbackKraken(TradeMarket([BITCOIN]), now=NOW) as server:
        result = ohlc(server, since=0).json["result"]
        rows, last = result["XXBTZUSD"], result["last"]
        assert [row[0] for row in rows] == list(range(PENDING - 720 * 60, PENDING + 60, 60))
        assert last == PENDING - 60
        assert [row[0] for row in ohlc(server, since=last).json["result"]["XXBTZUSD"]] == [PENDING]
        empty = [row for row in rows if row[7] == 0]
        assert {(row[5], row[6]) for row in empty} == {("0.0", "0.00000000")}


def test_kraken_says_what_is_wrong_under_status_200() -> None:
    with LoopbackKraken(TradeMarket([BITCOIN]), now=NOW, rate=4) as server:
        found = [ohlc(server, **wrong) for wrong in ({"pair": "NOPE"}, {"interval": 7}, {"since": "x"})]
        found += [get(f"{server.url}/0/public/Nothing"), ohlc(server)]
    assert [one.status for one in found] == [200, 200, 200, 404, 200]
    assert [one.json["error"] for one in found] == [
        ["EQuery:Unknown asset pair"],
        ["EGeneral:Invalid arguments"],
        ["EGeneral:Invalid arguments"],
        ["EGeneral:Unknown method"],
        ["EAPI:Rate limit exceeded"],
    ]


def test_coinbase_counts_to_300_and_begins_with_the_newest() -> None:
    market = TradeMarket([TradedSymbol("BTC-USD", BITCOIN.listed, 30_000.0)])
    start = PENDING - 299 * 60
    with LoopbackCoinbase(market, now=NOW, rate=3) as server:
        url = f"{server.url}/products/BTC-USD/candles"
        rows = get(url, granularity=60, start=start, end=PENDING).json
        assert rows == sorted(rows, reverse=True)
        assert start <= rows[-1][0] < rows[0][0] <= PENDING
        many = get(url, granularity=60, start=start - 60, end=PENDING)
        odd = get(url, granularity=61, start=start, end=PENDING)
        fast = get(url, granularity=60, start=start, end=PENDING)
        server.add(Fault("NOPE", "latency", seconds=1.0))  # after a second there is room again
        gone = get(f"{server.url}/products/NOPE/candles")
    assert [(one.status, one.json["message"][:19]) for one in (many, odd, fast, gone)] == [
        (400, "granularity too sma"),
        (400, "Unsupported granula"),
        (429, "Public rate limit e"),
        (404, "NotFound"),
    ]


def test_a_market_is_the_same_for_the_same_seed() -> None:
    span = (0, int(NOW.timestamp()) * 10**9)
    first, again, other = (list(TradeMarket([BITCOIN], seed).trades(BITCOIN, *span)) for seed in (1, 1, 2))
    assert first == again != other
    assert len(first) > 2000
    assert min(trade.ns for trade in first) >= int(BITCOIN.listed.timestamp()) * 10**9


def test_bitstamp_counts_to_1000_and_sends_empty_candles_if_told_to() -> None:
    market = TradeMarket([TradedSymbol("BTC/USD", BITCOIN.listed, 30_000.0)])
    start = PENDING - 1000 * 60
    asked = {"step": 60, "start": start, "end": PENDING, "limit": 1000}
    found = {}
    for sends_empty in (False, True):
        with LoopbackBitstamp(market, now=NOW, sends_empty=sends_empty) as server:
            url = f"{server.url}/api/v2/ohlc/btcusd/"
            rows = get(url, **asked).json["data"]["ohlc"]
            wrong = [get(url, **{**asked, "limit": 1001}), get(url), get(f"{server.url}/api/v2/ohlc/nope/", **asked)]
            listed = get(f"{server.url}/api/v2/markets/").json
        assert [one["market_symbol"] for one in listed] == ["btcusd"]
        assert [one.status for one in wrong] == [400, 400, 404]
        found[sends_empty] = [(int(one["timestamp"]), one["close"], float(one["volume"])) for one in rows]
    opens = [opened for opened, _, _ in found[True]]
    assert opens == list(range(start, start + 1000 * 60, 60)), "all minutes, and no more than the limit"
    traded = [one for one in found[True] if one[2] > 0]
    assert traded == [one for one in found[False] if one[0] in opens]
    closes = [before[1] for before, one in pairwise(found[True]) if one[2] == 0]
    assert closes == [one[1] for one in found[True][1:] if one[2] == 0]


@pytest.mark.parametrize(("venue", "variable"), [("kraken", "KRAKEN"), ("coinbase", "COINBASE"), ("bitstamp", "CCXT")])
def test_a_venue_is_served_from_the_command_line(venue: str, variable: str) -> None:
    command = [sys.executable, "-m", "bcdata.simulate", "--venue", venue, "--now", "2024-01-04T00:00:00Z"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
    assert said[0].startswith(f"export BCDATA_{variable}_URL=http://127.0.0.1:")
    assert said[1].startswith("export BCDATA_NOW=2024-01-04")


def test_what_cannot_be_served() -> None:
    with pytest.raises(UsageError, match="'gemini' cannot be simulated; there are binance, kraken, coinbase"):
        serve(venue="gemini")
