"""A listing server that sends far too much: a clear error, in bounded memory and time, and nobody else waits for it."""

import asyncio
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from bcdata.errors import ProviderError
from bcdata.net.answers import OversizeError
from bcdata.providers.base import Series
from bcdata.providers.binance.files.archive import BinanceArchive
from bcdata.providers.binance.files.listing import Listing, parse_page
from bcdata_tests.net.fault_server import Handler, Reply, Request, serving
from bcdata_tests.net.helpers import client

_MB = 1 << 20
SERIES = Series("spot", "klines", "BTCUSDT", "1m")


def xml(content: str, truncated: str = "false") -> bytes:
    return f"<ListBucketResult><IsTruncated>{truncated}</IsTruncated>{content}</ListBucketResult>".encode()


def contents(*keys: str, more: str = "") -> str:
    return "".join(f"<Contents><Key>{key}</Key>{more}</Contents>" for key in keys)


class Foreign:
    """Pages of a thousand keys that nobody asked for, without an end."""

    def __init__(self) -> None:
        self.pages = 0

    def __call__(self, request: Request) -> Reply:
        self.pages += 1
        marker = request.query.get("marker", request.query["prefix"])
        facts = f"<LastModified>2023-02-01T04:05:06.000Z</LastModified><ETag>{'0' * 32}</ETag><Size>7</Size>"
        keys = (f"{marker[:100]}~{self.pages:06}{at:06}{'x' * 100}" for at in range(1000))
        return Reply(xml(contents(*keys, more=facts), "true"))


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def ask(state: Path, handler: Handler) -> None:
    async def run() -> None:
        async with serving(handler) as server, client(state) as http:
            await BinanceArchive(http, server.url, server.url).objects(SERIES, "daily")

    asyncio.run(run())


@pytest.mark.usefixtures("traced")
def test_foreign_keys_without_end_cost_little_memory(tmp_path: Path) -> None:
    foreign = Foreign()
    with pytest.raises(ProviderError, match=r"no end after 50,000 keys; check BCDATA_BINANCE_LISTING_URL"):
        ask(tmp_path, foreign)
    assert foreign.pages == 51
    assert tracemalloc.get_traced_memory()[1] < 100 * _MB


@pytest.mark.usefixtures("traced")
def test_a_gigantic_page_is_not_read_to_its_end(tmp_path: Path) -> None:
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<ListBucketResult>")
        with suppress(ConnectionError):
            while sent < 1 << 30:
                writer.write(b"<Owner/>" * 8192)
                sent += 8 * 8192
                await writer.drain()
        writer.close()

    async def run() -> None:
        async with await asyncio.start_server(flood, "127.0.0.1") as server, client(tmp_path) as http:
            host, port = server.sockets[0].getsockname()
            with pytest.raises(OversizeError, match="larger than 2097152 bytes"):
                await BinanceArchive(http, f"http://{host}:{port}", "").objects(SERIES, "daily")

    asyncio.run(run())
    assert sent < 32 * _MB
    assert tracemalloc.get_traced_memory()[1] < 20 * _MB


PAGES = {
    "nested": (xml("<a>" * 500_000 + "</a>" * 100), "nested more than 8 deep"),
    "nested in an entry": (xml("<Contents>" + "<Owner>" * 200_000), "nested more than 8 deep"),
    "siblings without an end": (xml("<a/>" * 500_000), None),
    "fields without an end": (xml("<Contents>" + "".join(f"<f{at}/>" for at in range(180_000)) + "</Contents>"), None),
    "too many keys": (xml(contents(*(f"a/{at}" for at in range(50_000)))), "more than 1,000 keys"),
    "too many folders": (
        xml("".join(f"<CommonPrefixes><Prefix>{at}/</Prefix></CommonPrefixes>" for at in range(30_000))),
        "more than 1,000 keys",
    ),
    "a long key": (xml(contents("a/" + "x" * 1_900_000)), "longer than 1,024 bytes"),
    "a key of many bytes": (xml(contents("币" * 400)), "longer than 1,024 bytes"),
    "a long marker": (xml(f"<NextMarker>{'x' * 1_900_000}</NextMarker>", "true"), "longer than 1,024 bytes"),
    "attributes": (xml("<a" + "".join(f" b{at}=''" for at in range(150_000)) + "/>"), None),
}


@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize(("body", "words"), PAGES.values(), ids=PAGES.keys())
def test_the_largest_page_of_any_shape_is_read_in_little_time_and_memory(body: bytes, words: str | None) -> None:
    assert len(body) < 2 * _MB + 1024
    tracemalloc.reset_peak()
    began = time.process_time()
    if words:
        with pytest.raises(ValueError, match=words):
            parse_page(body)
    else:
        parse_page(body)
    assert time.process_time() - began < 5
    assert tracemalloc.get_traced_memory()[1] - len(body) < 40 * _MB


def test_others_go_on_while_a_large_page_is_parsed(tmp_path: Path) -> None:
    body = xml("<a/>" * 500_000)

    async def run() -> float:
        longest, last = 0.0, time.perf_counter()

        async def tick() -> None:
            nonlocal longest, last
            while True:
                await asyncio.sleep(0.001)
                now = time.perf_counter()
                longest, last = max(longest, now - last), now

        async with serving(lambda _: Reply(body)) as server, client(tmp_path) as http:
            ticking = asyncio.create_task(tick())
            pages = [page async for page in Listing(http, server.url).pages("a/")]
            ticking.cancel()
            assert len(pages) == 1
        return longest

    began = time.perf_counter()
    parse_page(body)
    took = time.perf_counter() - began
    assert asyncio.run(run()) < max(0.2, 0.7 * took)


@pytest.mark.parametrize(
    "more",
    [
        f"<Size>{'9' * 5000}</Size>",
        f"<ETag>{'x' * 7000}</ETag>",
        "<LastModified>0001-01-01T00:00:00+23:59</LastModified>",
        "<LastModified>9999-12-31T23:59:59-23:59</LastModified>",
    ],
)
def test_what_a_listing_says_of_an_object_beyond_all_measure_is_not_said(more: str) -> None:
    (entry,) = parse_page(xml(contents("a", more=more))).entries
    assert (entry.size, entry.etag, entry.last_modified) == (None, None, None)
