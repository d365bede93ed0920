"""The client against a server that fails for real."""

import asyncio
import gzip
import tracemalloc
from pathlib import Path

import pytest

from bcdata.errors import BlockedError, NotFoundError, ProviderError, UnreachableError
from bcdata.net.answers import HttpResponse, OversizeError, RefusedError
from bcdata_tests.net.asking import GOOD, fail, fetch
from bcdata_tests.net.fault_server import FaultServer, Handler, Reply, in_turn, serving
from bcdata_tests.net.helpers import client


def ask(state: Path, handler: Handler, **settings: object) -> tuple[HttpResponse, FaultServer]:
    async def run() -> tuple[HttpResponse, FaultServer]:
        async with serving(handler) as server, client(state, **settings) as http:
            return await fetch(http, server), server

    return asyncio.run(run())


BROKEN = {
    "reset": Reply(reset=True),
    "reset in the body": Reply(b"go", length=4),
    "stall before the answer": Reply(raw=b"", stall=1),
    "stall in the body": Reply(b"go", length=4, stall=1),
    "cut off chunks": Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwi"),
    "no HTTP": Reply(raw=b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
    "500": Reply(b"oops", status=500),
    "503 with Retry-After": Reply(status=503, headers={"Retry-After": "1"}),
}


@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN.keys())
def test_trouble_is_asked_again(tmp_path: Path, reply: Reply) -> None:
    answer, server = ask(tmp_path, in_turn(reply, GOOD))
    assert (answer.body, server.count) == (b"good", 2)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("reply", BROKEN.values(), ids=BROKEN.keys())
def test_trouble_without_end_is_one_clear_error(tmp_path: Path, reply: Reply) -> None:
    error, server = fail(tmp_path, lambda _: reply)
    assert isinstance(error, UnreachableError)
    assert server.count == 3
    assert "BCDATA_BINANCE_REST_URL" in str(error)
    assert "\n" not in str(error)


def test_a_port_where_nobody_listens(tmp_path: Path) -> None:
    async def run() -> None:
        async with serving(lambda _: GOOD) as server:
            pass
        async with client(tmp_path) as http:
            with pytest.raises(UnreachableError, match=r"no connection .*refused.* \(3 attempts\)"):
                await fetch(http, server)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, NotFoundError), (403, BlockedError), (451, BlockedError), (400, RefusedError), (204, RefusedError)],
)
def test_a_clear_no_is_taken_at_once(tmp_path: Path, status: int, kind: type[ProviderError]) -> None:
    error, server = fail(tmp_path, lambda _: Reply(b"" if status == 204 else b"no", status=status))
    assert type(error) is kind
    assert (error.status, server.count) == (status, 1)


def test_what_the_server_says_of_a_refusal_is_passed_on_in_one_line(tmp_path: Path) -> None:
    body = b'{"code":-1100,\n"msg":"Illegal \x1b[31mcharacters."}' + b" " * 100_000
    error, _ = fail(tmp_path, lambda _: Reply(body, status=400))
    assert isinstance(error, RefusedError)
    assert str(error).endswith('answered 400: {"code":-1100, "msg":"Illegal ?[31mcharacters."}')
    assert body.startswith(error.body)


@pytest.mark.parametrize(
    "place",
    [
        "ftp://127.0.0.1/a",
        "file:///etc/passwd",
        "gopher://x",
        "javascript:1",
        "http://",
        "http://[::1",
        "http://127.0.0.1:99999/a",
        "http://127.0.0.1:x/",
        "//",
        "http://a..b/",
        "http://" + "a" * 70 + "/",
        "http://xn--\x00/",
        "mailto:a@b",
        "http://\xff/",
    ],
)
def test_a_redirect_to_nowhere_is_one_clear_error(tmp_path: Path, place: str) -> None:
    error, _ = fail(tmp_path, lambda _: Reply(b"", status=302, headers={"Location": place}))
    assert "BCDATA_BINANCE_REST_URL" in str(error)
    assert "\n" not in str(error)


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\ngood",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 4\r\n\r\ngood",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\nContent-Length: 4\r\n\r\ngood",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\nContent-Length: 4\r\n\r\ngood",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\ngood",
        b"HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\ngood",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999999\r\n\r\ngood",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\ngood",
        b"HTTP/1.1 400 No\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\ngood",
        b"HTTP/1.1 999 OK\r\nContent-Length: 4\r\n\r\ngood",
        b"HTTP/1.1 200 OK\r\nSet-Cookie: \xff=\x00\r\nContent-Length: 4\r\n\r\ngood",
    ],
)
def test_an_answer_that_breaks_the_protocol_is_one_clear_error(tmp_path: Path, raw: bytes) -> None:
    error, _ = fail(tmp_path, lambda _: Reply(raw=raw))
    assert "\n" not in str(error)


def test_a_connection_is_used_again_after_a_404(tmp_path: Path) -> None:
    async def run() -> int:
        async with serving(in_turn(Reply(b"no" * 100, status=404), GOOD)) as server, client(tmp_path) as http:
            with pytest.raises(NotFoundError):
                await fetch(http, server)
            await fetch(http, server)
            return server.connections

    assert asyncio.run(run()) == 1


@pytest.mark.parametrize("length", [None, -1], ids=["stated", "not stated"])
def test_a_huge_body_is_not_taken_in(tmp_path: Path, length: int | None) -> None:
    body = b"x" * 5_000_000
    error, server = fail(tmp_path, lambda _: Reply(body, length=length))
    assert isinstance(error, OversizeError)
    assert server.count == 1


def test_a_compressed_bomb_does_not_fill_memory(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(200 << 20), compresslevel=9)
    tracemalloc.start()
    try:
        error, _ = fail(tmp_path, lambda _: Reply(bomb, headers={"Content-Encoding": "gzip"}))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(error, OversizeError)
    assert peak < 50 << 20


def test_secrets_stay_out_of_errors(tmp_path: Path) -> None:
    async def run() -> str:
        async with serving(lambda _: Reply(status=400)) as server, client(tmp_path) as http:
            url = server.url.replace("http://", "http://user:hunter2@")
            with pytest.raises(RefusedError) as caught:
                await http.get(f"{url}/a", params={"apikey": "s3cret", "symbol": "A/B"}, provider="x", max_bytes=9)
            assert server.requests[0].query == {"apikey": "s3cret", "symbol": "A/B"}
            return f"{caught.value} {caught.value.url}"

    text = asyncio.run(run())
    assert "s3cret" not in text
    assert "hunter2" not in text
    assert "symbol=A/B" in text


def test_it_says_who_asks_and_follows_redirects(tmp_path: Path) -> None:
    def handler(request: object) -> Reply:
        path = getattr(request, "path", "")
        return GOOD if path == "/b" else Reply(status=302, headers={"Location": "/b"})

    answer, server = ask(tmp_path, handler)
    assert answer.body == b"good"
    assert server.requests[0].headers["user-agent"].startswith("bcdata/")


def test_a_redirect_to_itself_ends(tmp_path: Path) -> None:
    error, _ = fail(tmp_path, lambda _: Reply(status=302, headers={"Location": "/a"}))
    assert "more than 5 redirects" in str(error)


def test_a_client_that_is_closed_for_good_opens_no_session_any_more(tmp_path: Path) -> None:
    """A question that went on while its client was closed would leave a session open behind it."""

    async def run() -> None:
        async with serving(in_turn(GOOD, GOOD)) as server, client(tmp_path) as http:
            await fetch(http, server)
            await http.close(for_good=True)
            task = asyncio.create_task(fetch(http, server))
            await asyncio.wait([task])
            assert task.cancelled()
            assert server.count == 1

    asyncio.run(run())
