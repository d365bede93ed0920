"""The clients against the loopback exchange: another hand's reading of the same servers."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from bcdata.errors import NotFoundError, ProviderError, RateLimitedError, UnreachableError
from bcdata.providers.base import Series
from bcdata.providers.binance.api.rest import BinanceRest
from bcdata.providers.binance.files.archive import BinanceArchive
from bcdata.providers.binance.settings import BinanceSettings
from bcdata.simulate import Fault, GeneratedMarket, LoopbackExchange
from bcdata.windows import Grain, Window
from bcdata_tests.net.helpers import client

T = TypeVar("T")
NOW = datetime(2023, 6, 20, 12, 30, 20, tzinfo=UTC)
MINUTES = Series("spot", "klines", "BTCUSDT", "1m")


def use(state: Path, exchange: LoopbackExchange, work: Callable[[BinanceArchive, BinanceRest], Awaitable[T]]) -> T:
    async def run() -> T:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in exchange.environment().items():
                patch.setenv(name, value)
            known = BinanceSettings()
        async with client(state, http_read_timeout=2.0) as http:
            archive = BinanceArchive(http, known.binance_listing_url, known.binance_archive_url)
            return await work(archive, BinanceRest(http, known.rest_urls))

    return asyncio.run(run())


def test_symbols_objects_and_checksums(tmp_path: Path) -> None:
    async def work(archive: BinanceArchive, _: BinanceRest) -> None:
        symbols = await archive.symbols("spot", "klines", "daily")
        for symbol in ("BTCUSDT", "币安人生USDT"):
            assert symbol in symbols
            series = Series("spot", "klines", symbol, "1m")
            objects = await archive.objects(series, "daily", first="2023-06-04", last="2023-06-06")
            assert objects[-1].date_key == "2023-06-06"
            got = await archive.fetch(objects[-1])
            assert (got.checksum, got.size_differs) == ("match", False)
        march = await archive.objects(MINUTES, "daily", first="2023-03-01", last="2023-03-05")
        assert [one.date_key for one in march] == Grain.DAY.keys("2023-03-01", "2023-03-05")
        assert "1m" in await archive.intervals("spot", "klines", "BTCUSDT", "daily")

    with LoopbackExchange(GeneratedMarket.demo(), now=NOW) as exchange:
        use(tmp_path, exchange, work)


@pytest.mark.parametrize("market", ["spot", "um", "cm"])
def test_rest_of_every_market(tmp_path: Path, market: str) -> None:
    async def work(_: BinanceArchive, rest: BinanceRest) -> None:
        info = await rest.exchange_info(market)
        series = Series(market, "klines", info.symbols[0].symbol, "1m")
        window = Window(NOW - timedelta(hours=30), NOW + timedelta(hours=1))
        pages = await rest.klines(series, window, now=NOW)
        opens = [row[0] for page in pages for row in json.loads(page.body)]
        step = 60_000
        assert opens == list(range(opens[0], opens[-1] + step, step))
        assert len(opens) == 30 * 60 - 1  # the window begins within a minute
        assert opens[-1] == int(NOW.timestamp() * 1000) // step * step - step
        first = await rest.first_open(series)
        assert first is not None
        assert first <= window.start
        before = await rest.klines(series, Window(first - timedelta(days=1), first + timedelta(minutes=2)), now=NOW)
        found = [page.first_open_ms for page in before if page.first_open_ms is not None]
        assert found[0] == int(first.timestamp() * 1000)
        with pytest.raises(NotFoundError, match="unknown symbol"):
            await rest.first_open(Series(market, "klines", "NOSUCHCOIN", "1m"))
        if market != "spot":
            month = Window(datetime(2023, 3, 1, tzinfo=UTC), datetime(2023, 4, 1, tzinfo=UTC))
            settled = await rest.funding(Series(market, "funding", series.symbol), month)
            assert sum(page.rows for page in settled) >= 90

    with LoopbackExchange(GeneratedMarket.demo(), now=NOW) as exchange:
        use(tmp_path, exchange, work)


@pytest.mark.parametrize("kind", ["reset", "stall", "truncate", "truncate_silently", "garbage"])
def test_an_object_survives_trouble_on_the_way(tmp_path: Path, kind: str) -> None:
    async def work(archive: BinanceArchive, _: BinanceRest) -> None:
        (one,) = await archive.objects(MINUTES, "daily", first="2023-03-01", last="2023-03-01")
        exchange.add(Fault(r"/archive/.*\.zip$", kind, times=1))  # type: ignore[arg-type]
        got = await archive.fetch(one)
        assert (got.checksum, len(got.body)) == ("match", one.size)

    with LoopbackExchange(GeneratedMarket.demo(), now=NOW) as exchange:
        use(tmp_path, exchange, work)


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (Fault("/klines", "status", status=500), UnreachableError, "500"),
        (Fault("/klines", "status", status=418, retry_after=100), RateLimitedError, "banned"),
        (Fault("/klines", "truncate_silently"), ProviderError, "not usable"),
        (Fault("/klines", "wrong_range"), ProviderError, "not usable"),
        (Fault("/klines", "duplicate_rows"), ProviderError, "not usable"),
        (Fault("/klines", "unfinished_rows"), ProviderError, "not usable"),
    ],
)
def test_a_server_that_fails_proves_nothing(
    tmp_path: Path, fault: Fault, kind: type[ProviderError], words: str
) -> None:
    async def work(_: BinanceArchive, rest: BinanceRest) -> None:
        with pytest.raises(kind, match=words):
            await rest.klines(MINUTES, Window(NOW - timedelta(hours=30), NOW), now=NOW)

    with LoopbackExchange(GeneratedMarket.demo(), now=NOW, faults=[fault]) as exchange:
        use(tmp_path, exchange, work)
