"""A server that refuses: rate limits, bans, and breakers."""

import asyncio
import time
from pathlib import Path

import pytest

from bcdata.errors import ProviderError, RateLimitedError, UnreachableError
from bcdata.net.answers import HttpResponse
from bcdata.net.budgets import Budget
from bcdata_tests.net.asking import GOOD, fail, fetch
from bcdata_tests.net.fault_server import FaultServer, Reply, in_turn, serving
from bcdata_tests.net.helpers import client


def test_429_is_waited_out_by_all_callers(tmp_path: Path) -> None:
    async def run() -> tuple[list[HttpResponse], float, FaultServer]:
        handler = in_turn(Reply(status=429, headers={"Retry-After": "1"}), GOOD)
        async with serving(handler) as server, client(tmp_path) as first, client(tmp_path) as second:
            began = time.monotonic()
            asked = asyncio.create_task(fetch(first, server))
            await asyncio.sleep(0.3)
            assert server.count == 1
            answers = [await fetch(second, server), await asked]
            return answers, time.monotonic() - began, server

    answers, took, server = asyncio.run(run())
    assert [one.body for one in answers] == [b"good", b"good"]
    assert took >= 1
    assert server.count == 3


def test_429_with_a_date(tmp_path: Path) -> None:
    reply = Reply(status=429, headers={"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"})
    error, server = fail(tmp_path, lambda _: reply)
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == 3 * 86_400  # no ban is longer
    assert server.count == 1


def test_429_for_ever_is_neither_hammered_nor_waited_for(tmp_path: Path) -> None:
    reply = Reply(status=429, headers={"Retry-After": "0"})
    error, server = fail(tmp_path, lambda _: reply, http_rate_wait=0.5)
    assert isinstance(error, RateLimitedError)
    assert server.count == 6  # waits of 0.01, 0.02, ... 0.32 s: the sixth goes beyond half a second


def test_a_ban_stops_all_callers_without_asking(tmp_path: Path) -> None:
    async def run() -> None:
        reply = Reply(status=418, headers={"Retry-After": "180"})
        async with serving(lambda _: reply) as server, client(tmp_path) as first, client(tmp_path) as second:
            for http in (first, second, first):
                with pytest.raises(RateLimitedError, match="banned") as caught:
                    await fetch(http, server)
                assert caught.value.retry_after == pytest.approx(180, abs=5)
            assert server.count == 1

    asyncio.run(run())


def test_a_ban_ends(tmp_path: Path) -> None:
    async def run() -> None:
        handler = in_turn(Reply(status=418, headers={"Retry-After": "1"}), GOOD)
        async with serving(handler) as server, client(tmp_path) as http:
            with pytest.raises(RateLimitedError):
                await fetch(http, server)
            await asyncio.sleep(1.05)
            assert (await fetch(http, server)).body == b"good"

    asyncio.run(run())


def test_the_breaker_spares_a_dead_host_and_only_that(tmp_path: Path) -> None:
    async def run() -> None:
        async with (
            serving(lambda _: Reply(reset=True)) as dead,
            serving(lambda _: GOOD) as alive,
            client(tmp_path, http_breaker_failures=2, http_breaker_seconds=0.5) as http,
        ):
            for _ in range(2):
                with pytest.raises(UnreachableError, match="3 attempts"):
                    await fetch(http, dead)
            with pytest.raises(UnreachableError, match="was not asked: its last 2 requests failed"):
                await fetch(http, dead)
            assert dead.count == 6
            assert (await fetch(http, alive)).body == b"good"
            dead.handler = lambda _: GOOD
            await asyncio.sleep(0.6)
            assert (await fetch(http, dead)).body == b"good"

    asyncio.run(run())


@pytest.mark.parametrize("status", [404, 400, 403, 429, 418])
def test_the_word_of_a_living_server_does_not_open_the_breaker(tmp_path: Path, status: int) -> None:
    async def run() -> None:
        reply = Reply(status=status, headers={"Retry-After": "100"})
        async with serving(lambda _: reply) as server, client(tmp_path, http_breaker_failures=1) as http:
            for _ in range(3):
                with pytest.raises(ProviderError) as caught:
                    await fetch(http, server)
                assert not isinstance(caught.value, UnreachableError)

    asyncio.run(run())


def test_every_attempt_is_paid_for_and_the_servers_count_is_heard(tmp_path: Path) -> None:
    budget = Budget("test", limit=100, seconds=60, used_header="X-Used")

    async def run() -> None:
        handler = in_turn(Reply(reset=True), Reply(b"good", headers={"X-Used": "70"}))
        async with serving(handler) as server, client(tmp_path) as http:
            await fetch(http, server, budgets=[(budget, 5)])
            with pytest.raises(TimeoutError):  # 70 used of 80: the other 60 were somebody else's
                await asyncio.wait_for(http.state.try_acquire([(budget, 11)], patience=9), 0.2)
            await http.state.try_acquire([(budget, 10)], patience=9)

    asyncio.run(run())
