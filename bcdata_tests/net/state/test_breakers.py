"""A breaker that one run opened spares the host in the next; then one request tries."""

import asyncio
from pathlib import Path

import pytest

from bcdata.errors import UnreachableError
from bcdata.net.state.breakers import SECOND, state_of
from bcdata_tests.net.fault_server import Reply, serving
from bcdata_tests.net.helpers import client

BREAKER = {"http_attempts": 1, "http_breaker_failures": 2, "http_breaker_seconds": 0.5}


async def _ask(state: Path, url: str, requests: int = 1) -> list[str]:
    """What requests of a client of its own come to, all at once."""
    async with client(state, **BREAKER) as http:
        asked = (http.get(url, provider="p", max_bytes=9) for _ in range(requests))
        found = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(one, UnreachableError) for one in found if isinstance(one, BaseException))
    return [str(one) if isinstance(one, BaseException) else one.body.decode() for one in found]


def test_an_open_breaker_is_everybodys_and_one_request_tries(tmp_path: Path) -> None:
    async def run() -> None:
        async with serving(lambda _: Reply(reset=True)) as server:
            for _ in range(2):
                assert "1 attempts" in (await _ask(tmp_path, server.url))[0]
            assert "was not asked: its last 2 requests failed" in (await _ask(tmp_path, server.url))[0]
            assert server.count == 2
            await asyncio.sleep(0.6)
            assert sum("was not asked" in words for words in await _ask(tmp_path, server.url, 5)) == 4
            assert server.count == 3
            await asyncio.sleep(0.6)
            server.handler = lambda _: Reply(b"good")
            assert await _ask(tmp_path, server.url) == ["good"]
            assert await _ask(tmp_path, server.url, 3) == ["good"] * 3

    asyncio.run(run())


def test_failures_with_an_answer_between_them_are_in_no_row(tmp_path: Path) -> None:
    async def run() -> None:
        async with serving(lambda _: Reply(b"good")) as server:
            for turn in range(6):
                server.handler = lambda _, turn=turn: Reply(b"no", status=404) if turn % 2 else Reply(reset=True)
                async with client(tmp_path, **BREAKER) as http:
                    with pytest.raises(Exception, match="404" if turn % 2 else "1 attempts"):
                        await http.get(server.url, provider="p", max_bytes=9)

    asyncio.run(run())


def test_a_clock_that_was_set_back_opens_nothing_for_long() -> None:
    assert state_of(90 * SECOND, 30 * SECOND) == "open"
    assert state_of(90_000 * SECOND, 30 * SECOND) == "half-open"
