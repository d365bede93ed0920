"""What reports are told of providers is what happened."""

import asyncio
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcdata.errors import ProviderError
from bcdata.net.budgets import Budget
from bcdata.net.health import Health, read_health
from bcdata.net.state.outcomes import RequestCounter, summed
from bcdata_tests.net.fault_server import Reply, in_turn, serving
from bcdata_tests.net.helpers import client

DAY = Budget("day", 25, period="day", zone="America/New_York")
MINUTE = Budget("minute", 50, 60)


def test_a_run_is_told_as_it_went(tmp_path: Path) -> None:
    async def run() -> tuple[Health, str, str]:
        replies = in_turn(Reply(b"good"), Reply(status=404), Reply(reset=True), Reply(b"good", stall=0.2), Reply(b"x"))
        async with serving(replies) as server, serving(lambda _: Reply(status=418)) as banning:
            async with client(tmp_path, http_attempts=2, http_breaker_failures=1) as http:
                for _ in range(4):
                    with suppress(ProviderError):
                        await http.get(server.url, provider="p", max_bytes=9, budgets=[(DAY, 1), (MINUTE, 4)])
                with suppress(ProviderError):
                    await http.get(banning.url, provider="q", max_bytes=9)
                with suppress(ProviderError):
                    await http.get("http://127.0.0.1:1", provider="dead", max_bytes=9)
            return read_health(tmp_path / "budgets.sqlite", datetime.now(UTC)), server.url, banning.url

    health, url, banning = asyncio.run(run())
    assert health.provider("p").requests == 5
    assert health.provider("p").success == pytest.approx(0.8)
    assert 0 < (health.provider("p").latency or 0) < 0.2
    assert (health.provider("q").success, health.provider("q").latency) == (0, None)
    assert health.provider("unknown").success is None
    day, minute = health.budget(DAY), health.budget(MINUTE)
    assert (day.remaining, day.resets_at) == (20, DAY.period_at(health.now)[1])
    assert minute.remaining == 30
    assert minute.resets_at is not None
    assert timedelta(seconds=30) < minute.resets_at - health.now <= timedelta(seconds=60)
    assert (health.host(url).breaker, health.host(url).hold) == ("closed", None)
    assert health.host(banning).hold == "banned"
    assert health.host("http://127.0.0.1:1/path").breaker == "open"
    assert health.host("http://user:word@127.0.0.1:1").failures == 1


def test_what_is_not_there_is_not_known(tmp_path: Path) -> None:
    path, now = tmp_path / "b.sqlite", datetime(2025, 3, 1, tzinfo=UTC)
    assert read_health(path, now) == Health(now)
    assert not path.exists()
    path.write_bytes(b"no database" * 99)
    assert read_health(path, now) == Health(now)
    path.unlink()
    with closing(sqlite3.connect(path)) as table:
        table.execute("CREATE TABLE limits (name TEXT PRIMARY KEY, weight INTEGER NOT NULL)")
        table.execute("INSERT INTO limits VALUES ('day', 7)")
        table.commit()
    assert read_health(path, now).budget(DAY).remaining == 7
    assert read_health(path, now).budget(MINUTE).resets_at is None


@given(st.lists(st.floats(0.001, 900), min_size=1, max_size=50))
def test_the_median_of_the_histogram_is_within_ten_percent(latencies: list[float]) -> None:
    tally, hour = RequestCounter(), 1000
    for seconds in latencies:
        tally.note("p", seconds)
    rows = [("p", hour, step, count) for (_, step), count in tally.take(at_once=True).items()]
    found = summed([*rows, ("p", hour - 24, 3, 99)], now=hour * 3_600_000_000)["p"]
    assert found.requests == len(latencies)
    assert found.latency == pytest.approx(sorted(latencies)[(len(latencies) - 1) // 2], rel=0.1)
