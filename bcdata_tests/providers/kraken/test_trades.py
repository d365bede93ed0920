"""Bars built from trades: none lost, none twice, whatever pages and runs they came in."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bcdata.errors import BadAnswerError, ProviderError, UnknownSymbolError
from bcdata.frames.schema import RAW_BAR, REFUSED
from bcdata.interval import Interval
from bcdata.providers.base import Series
from bcdata.providers.registry import SOURCES
from bcdata.simulate import Fault, LoopbackKraken, TradedSymbol, TradeMarket
from bcdata.windows import Window
from bcdata_tests.net.helpers import client
from bcdata_tests.providers.venues import VALUES, Scripted, assert_same, first_open, pages, read, truth, us, within

SOURCE = "kraken_trades"
NOW = datetime(2024, 1, 4, 12, 0, 30, tzinfo=UTC)
BITCOIN = TradedSymbol("XBTUSD", datetime(2024, 1, 1, 9, 30, tzinfo=UTC), 30_000.0, "XXBTZUSD")
QUIET = replace(BITCOIN, trades_a_day=150)
MINUTES = Series("kraken", "klines", "XBTUSD", "1m")
HOUR = Window(datetime(2024, 1, 4, 10, tzinfo=UTC), datetime(2024, 1, 4, 11, tzinfo=UTC))
START_NS = us(HOUR.start) * 1000
SECOND = 10**9


def page(*rows: Any, last: Any = 0) -> bytes:
    return json.dumps({"error": [], "result": {"XXBTZUSD": rows, "last": last}}).encode()


def trade(at: float | None, number: int | None = None, price: Any = "2.0", volume: Any = "0.5") -> list[Any]:
    """A trade so many seconds after the hour's start."""
    time = None if at is None else (START_NS + round(at * SECOND)) / SECOND
    return [price, volume, time, "b", "l", "", *([] if number is None else [number])]


def values(rows: pl.DataFrame, *names: str) -> list[tuple[Any, ...]]:
    return rows.select(names).rows()


@settings(max_examples=10)
@given(
    seed=st.integers(0, 99),
    interval=st.sampled_from(["1m", "5m", "30m", "1h", "4h"]).map(Interval.parse),
    bounds=st.lists(st.integers(0, 9), min_size=3, max_size=3, unique=True).map(sorted),
    page_rows=st.sampled_from([8, 40, 1000]),
    with_ids=st.booleans(),
)
def test_bars_of_two_overlapping_runs_are_what_was_traded(
    seed: int, interval: Interval, bounds: Sequence[int], page_rows: int, with_ids: bool
) -> None:
    """Each page alone has all of what it says that it covers, and together they cover what was asked for."""
    market, series = TradeMarket([QUIET], seed), Series("kraken", "klines", "XBTUSD", interval.name)
    seconds = int((interval.length or timedelta()).total_seconds())
    late, middle, early = (interval.floor(NOW) - timedelta(hours=4) * back for back in bounds)
    runs = (Window(middle, late), Window(early, late))
    with LoopbackKraken(market, now=NOW, page_rows=page_rows, with_ids=with_ids) as server:
        told = [one for window in runs for one in pages(SOURCE, server.url, series, window, NOW)]
    found, bad = read(SOURCE, series, [one.body for one in told])
    assert (found.schema, bad.schema, bad.height) == (RAW_BAR, REFUSED, 0)
    assert_same(within(found, runs[1], seconds), truth(market, QUIET, seconds, runs[1]), VALUES)
    for one in told:
        alone, _ = read(SOURCE, series, [one.body])
        expected = within(truth(market, QUIET, seconds, one.covers), one.covers, seconds)
        assert_same(within(alone, one.covers, seconds), expected, VALUES)
    reached = early
    for one in sorted(told, key=lambda one: one.covers.start):
        assert one.covers.start <= reached
        reached = max(reached, one.covers.end)
    assert reached >= late


@pytest.mark.parametrize("is_after", [True, False], ids=["since excluded", "since included"])
def test_trades_of_one_instant_at_the_border_of_pages(is_after: bool) -> None:
    same = [(5, "1.0"), (10, "1.0"), (20, "2.0"), (20, "2.0"), (30, "1.0"), (70, "1.0")]

    def reply(asked: Mapping[str, str]) -> bytes:
        since = int(asked["since"]) + is_after
        rows = [(at, volume) for at, volume in same if START_NS + at * SECOND >= since][:3]
        last = START_NS + rows[-1][0] * SECOND if rows else asked["since"]
        return page(*(trade(at, volume=volume) for at, volume in rows), last=str(last))

    with Scripted(reply) as server:
        told = pages(SOURCE, server.url, MINUTES, HOUR, NOW)
    assert [one.rows for one in told][:2] == [3, 3]
    found, _ = read(SOURCE, MINUTES, [one.body for one in reversed(told)])
    assert values(found, "volume", "trades") == [(7.0, 5), (1.0, 1)]


def test_first_open_and_what_is_asked() -> None:
    with LoopbackKraken(TradeMarket([BITCOIN]), now=NOW) as server:
        found = first_open(SOURCE, server.url, MINUTES, NOW)
        (first,) = server.market.bars(BITCOIN, 60, 0, us(NOW) * 1000)[:1]
        assert found
        assert us(found) == first.opened * 10**6
        server.clear()
        pages(SOURCE, server.url, MINUTES, HOUR, NOW)
        assert server.requests[0].path == f"/0/public/Trades?pair=XBTUSD&since={START_NS - 1}"


def test_after_the_last_trade_there_is_nothing() -> None:
    with LoopbackKraken(TradeMarket([BITCOIN]), now=HOUR.end) as server:
        told = pages(SOURCE, server.url, MINUTES, HOUR, HOUR.end)
    assert told[-1].covers.end == HOUR.end
    with Scripted(lambda asked: page(last=asked["since"])) as server:
        (empty,) = pages(SOURCE, server.url, MINUTES, HOUR, NOW)
        assert (empty.covers, empty.rows) == (HOUR, 0)
        assert first_open(SOURCE, server.url, MINUTES, NOW) is None


ENDLESS = {
    "the same page again": lambda _: page(trade(60.0), trade(120.0), last=str(START_NS + 120 * SECOND)),
    "`last` stays behind its rows": lambda asked: page(trade(60.0), trade(120.0), last=asked["since"]),
    "`last` runs ahead of its rows": lambda _: page(trade(60.0), last=str(START_NS + 120 * SECOND)),
    "no `last`": lambda _: page(trade(60.0), last=None),
    "`last` is no number": lambda _: page(trade(60.0), last="x" * 40),
    "no time anywhere": lambda _: page(trade(None), last=str(START_NS)),
    "trades before those asked for": lambda _: page(trade(-60.0), trade(60.0), last=str(START_NS + 60 * SECOND)),
    "a trade a page": lambda asked: page(
        [*"11", (int(asked["since"]) + 10**7) / SECOND, "b", "l", ""], last=str(int(asked["since"]) + 10**7)
    ),
}


@pytest.mark.parametrize("why", ENDLESS)
def test_pages_that_lead_nowhere_end(why: str) -> None:
    with Scripted(ENDLESS[why]) as server:  # type: ignore[arg-type]
        with pytest.raises(BadAnswerError, match=r"kraken_trades: .* not usable"):
            pages(SOURCE, server.url, MINUTES, HOUR, NOW)
        assert len(server.requests) < 250


def test_a_trade_that_cannot_be_read_spoils_its_bar_alone() -> None:
    rows = [trade(5, 1), trade(65, 2, price="None"), trade(66, 3), trade(125, 4), ["1.0"], trade(185, 5), trade(245, 6)]
    found, bad = read(SOURCE, MINUTES, [page(*rows, last=1), page(trade(305, 7, volume="-1"), [1, 2, 3], last=1)])
    opens = found.filter(pl.col("open").is_not_null())["open_time"]
    sound = [(opened - us(HOUR.start)) // 60_000_000 for opened in opens]
    assert sound == [0, 4]
    assert found.height == 7
    assert values(bad, "object", "line", "text", "open_time") == [(0, 4, '["1.0"]', None), (1, 1, "[1, 2, 3]", 0)]
    assert values(found.filter(pl.col("open").is_null()), *VALUES) == [(None,) * 7] * 5


def test_hostile_rows_are_never_a_crash() -> None:
    odd = [None, {}, [], *(["1", "1", time, "b", "l", ""] for time in (10**30, "9" * 40, True, -1, "nan"))]
    found, bad = read(SOURCE, MINUTES, [page(*odd, last=None), page(*[None] * 100_000)])
    assert (found.height, bad.height) == (0, len(odd) + 100_000)
    big = [trade(5, 1, "1e308", "1e308"), trade(6, 2, "1e308", "1e308"), trade(7, 2, "3.0")]
    found, _ = read(SOURCE, MINUTES, [page(*big, trade(65, 10**40), last=0)])
    assert [row[0] for row in values(found, "trades")] == [3, 1]
    with pytest.raises(BadAnswerError, match="page 1 is not usable"):
        read(SOURCE, MINUTES, [page(last=0), b"[]"])
    assert read(SOURCE, MINUTES, [])[0].schema == RAW_BAR


def test_an_unknown_pair_and_a_busy_server() -> None:
    with LoopbackKraken(TradeMarket([BITCOIN]), now=NOW) as server:
        with pytest.raises(UnknownSymbolError, match="Unknown asset pair"):
            pages(SOURCE, server.url, Series("kraken", "klines", "NOPE", "1m"), HOUR, NOW)
        server.add(Fault("Trades", "status", status=502, times=1))
        assert pages(SOURCE, server.url, MINUTES, HOUR, NOW)[-1].covers.end >= HOUR.end


def test_the_rate_of_a_request_a_second_is_kept(tmp_path: Path) -> None:
    window = Window(HOUR.start - timedelta(minutes=90), HOUR.end)

    async def work(url: str) -> int:
        async with client(tmp_path) as http:
            source = SOURCES[SOURCE].open(http, {"rest": url})
            return len([one async for one in source.pages(MINUTES, window, now=NOW)])

    with LoopbackKraken(TradeMarket([BITCOIN]), now=NOW, rate=1, page_rows=200) as server:
        count = asyncio.run(work(server.url))
        assert 1 < count < 6
        assert len(server.requests) == count, "none was refused, and sent again"


def test_recorded_trades_make_the_bars_that_were_recorded(shared_data: Path) -> None:
    folder, series = shared_data / "providers/kraken/nautilus", Series("kraken", "klines", "XBTUSDT", "1m")
    body = (folder / "http_trades.json").read_bytes()
    found, bad = read(SOURCE, series, [body, body])
    assert (found.height, bad.height, found["trades"].sum()) == (274, 0, 1000)
    bars, _ = read("kraken_rest", series, [(folder / "http_ohlc.json").read_bytes()])
    both = found[1:].join(bars, on="open_time")  # the page begins within its first minute
    assert both.height == 273
    for name in ("open", "high", "low", "close", "trades"):
        assert both[name].to_list() == both[f"{name}_right"].to_list()
    assert both["volume"].to_list() == pytest.approx(both["volume_right"].to_list(), rel=1e-9)
    off = both["quote_volume"] / both["volume"] - both["vwap_right"]
    assert off.abs().max() <= 0.1 + 1e-6  # type: ignore[operator]
    assert bars.filter(pl.col("trades") > 0)["open_time"].is_in(found["open_time"].implode()).sum() == 273 + 1


def test_errors_name_the_page() -> None:
    with Scripted(lambda _: b"{}") as server, pytest.raises(ProviderError, match=r"Trades\?pair=XBTUSD&since="):
        pages(SOURCE, server.url, MINUTES, HOUR, NOW)
