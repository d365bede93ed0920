"""The server itself: its log, its life, and its command."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bcdata.errors import UsageError
from bcdata.simulate import GeneratedMarket, LoopbackExchange
from bcdata.simulate.cache import BoundedCache
from bcdata_tests.simulate.client import get, utc

KEY = "data/spot/daily/klines/币安人生USDT/1h/币安人生USDT-1h-2023-06-05.zip"


def test_every_request_is_in_the_log(exchange: LoopbackExchange) -> None:
    object_ = get(f"{exchange.url}/archive/{KEY}")
    page = get(f"{exchange.url}/listing", prefix=KEY)
    refused = get(f"{exchange.url}/spot/api/v3/klines", symbol="NOPE", interval="1m")
    log = exchange.requests
    assert [(one.method, one.path, one.status, one.sent) for one in log] == [
        ("GET", f"/archive/{KEY}", 200, len(object_.body)),
        ("GET", f"/listing?prefix={KEY}", 200, len(page.body)),
        ("GET", "/spot/api/v3/klines?symbol=NOPE&interval=1m", 400, len(refused.body)),
    ]
    assert log[0].started < log[1].started < log[2].started
    exchange.clear()
    assert exchange.requests == []


def test_many_clients_at_once(exchange: LoopbackExchange) -> None:
    def ask(_: int) -> bytes:
        return get(f"{exchange.url}/archive/{KEY}").body

    with ThreadPoolExecutor(8) as pool:
        bodies = list(pool.map(ask, range(40)))
    assert len(set(bodies)) == 1
    assert len(exchange.requests) == 40


def test_time_may_be_moved(exchange: LoopbackExchange) -> None:
    exchange.now = utc("2023-06-06T07:59")
    assert get(f"{exchange.url}/archive/{KEY}").status == 404
    exchange.now = utc("2023-06-06T08:00")
    assert get(f"{exchange.url}/archive/{KEY}").status == 200
    assert get(f"{exchange.url}/um/fapi/v1/time").json == {"serverTime": 1686038400000}


def test_the_environment_names_every_server(exchange: LoopbackExchange) -> None:
    variables = exchange.environment()
    assert set(variables) == {f"BCDATA_BINANCE_{name}_URL" for name in ("ARCHIVE", "LISTING", "SPOT", "UM", "CM")}
    assert get(f"{variables['BCDATA_BINANCE_ARCHIVE_URL']}/{KEY}").status == 200
    assert get(variables["BCDATA_BINANCE_LISTING_URL"]).status == 200
    for name, path in (("SPOT", "api/v3"), ("UM", "fapi/v1"), ("CM", "dapi/v1")):
        assert get(f"{variables[f'BCDATA_BINANCE_{name}_URL']}/{path}/time").status == 200


def test_other_paths_are_not_there(exchange: LoopbackExchange) -> None:
    for path in ("/", "/spot/api/v3/nothing", "/spot/fapi/v1/klines", "/archive"):
        assert get(exchange.url + path).status == 404


def test_it_can_be_entered_again_and_leaves_its_port(market: GeneratedMarket) -> None:
    running = LoopbackExchange(market)
    for _ in range(2):
        with running as exchange:
            url = exchange.url
            assert get(f"{url}/spot/api/v3/time").status == 200
        with pytest.raises(ConnectionRefusedError):
            get(f"{url}/spot/api/v3/time")


def test_a_port_that_is_taken_is_said(exchange: LoopbackExchange) -> None:
    port = int(exchange.url.rpartition(":")[2])
    with pytest.raises(UsageError, match=str(port)), LoopbackExchange(exchange.market, port=port):
        pass


@pytest.mark.parametrize("words", [["--generated"], ["--folder", "."]])
def test_the_command_serves_until_it_is_interrupted(tmp_path: Path, words: list[str]) -> None:
    command = [sys.executable, "-m", "bcdata.simulate", *words, "--now", "2023-07-04"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment) as running:
        try:
            assert running.stdout
            lines = [running.stdout.readline() for _ in range(6)]
            values = dict(line.removeprefix("export ").strip().split("=", 1) for line in lines)
            assert values["BCDATA_NOW"] == "2023-07-04T00:00:00+00:00"
            assert get(f"{values['BCDATA_BINANCE_SPOT_URL']}/api/v3/time").json == {"serverTime": 1688428800000}
            running.send_signal(signal.SIGINT)
            assert running.wait(20) == 0
        finally:
            running.kill()


@pytest.mark.parametrize("words", [[], ["--generated", "--folder", "."], ["--folder", "nowhere"]])
def test_the_command_refuses_what_cannot_be_meant(tmp_path: Path, words: list[str]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-m", "bcdata.simulate", *words],
        capture_output=True, text=True, cwd=tmp_path, env=environment, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_cache_keeps_its_bound() -> None:
    made: list[int] = []

    def make(size: int) -> bytes:
        made.append(size)
        return bytes(size)

    cache: BoundedCache[int, bytes] = BoundedCache(100, len)
    for size in (40, 50, 40, 60, 40, 50, 500, 40):
        assert len(cache.get(size, lambda size=size: make(size))) == size  # type: ignore[misc]
        assert cache.total <= 100
    assert made == [40, 50, 60, 50, 500, 40]
