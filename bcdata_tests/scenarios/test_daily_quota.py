"""Alpha Vantage's free plan, by its server's own count: 25 requests a day and one a second, whoever asks."""

import multiprocessing
import os
import re
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from bcdata.net.budgets import Budget
from bcdata.simulate.alpha_vantage import LoopbackAlphaVantage
from bcdata.simulate.session_market import ListedSymbol, SessionMarket
from bcdata_tests.command import Command, materialize
from bcdata_tests.run import Lake, pointed_at, utc
from bcdata_tests.scenarios.session_lake import hours_of, lake_at, month, truth

DAYS, MONTH = "us_equity_klines_1d", "2024-11"
NOW = utc("2024-12-20T12:00")
DAY = Budget("alpha_vantage_day", 25, period="day", zone="America/New_York")
PROCESSES, EACH = 8, 4
SYMBOLS = [[f"S{chr(65 + process)}{chr(65 + number)}" for number in range(EACH)] for process in range(PROCESSES)]
TOO_MANY = f"""
datasets:
  {DAYS}:
    grain: month
    start: 2024-11
    symbols: [{", ".join(name for some in SYMBOLS for name in some)}]
    sources: [alpha_vantage]
    features: false
"""


@pytest.fixture(scope="module")
def market() -> SessionMarket:
    hours = hours_of("XNYS", date(2024, 6, 1), date(2024, 12, 31))
    return SessionMarket([ListedSymbol(name, hours, date(2024, 6, 3)) for some in SYMBOLS for name in some])


@pytest.fixture
def venue(market: SessionMarket, tmp_path: Path) -> Iterator[LoopbackAlphaVantage]:
    """A server that answers whatever comes, and counts it: nothing but the client keeps the limits."""
    with (
        LoopbackAlphaVantage(market, now=NOW) as server,
        pointed_at(server.environment() | {"BCDATA_HTTP_RATE_WAIT": "120"}, tmp_path / "state"),
    ):
        yield server


def work(folder: Path, symbols: list[str], variables: dict[str, str]) -> None:
    """Is a process that brings its own lake up to date."""
    os.environ.update(variables)
    ran = lake_at(folder, TOO_MANY, NOW).materialize(DAYS, ",".join(symbols), MONTH)
    (folder / "troubles.txt").write_text("\n".join(ran.troubles))


def begun(tmp_path: Path) -> list[ForkServerProcess]:
    """Eight processes on as many lakes, which share what they know of the provider."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    found = []
    for number, symbols in enumerate(SYMBOLS):
        folder = tmp_path / f"{number}"
        folder.mkdir(exist_ok=True)
        found.append(context.Process(target=work, args=(folder, symbols, dict(os.environ))))
        found[-1].start()
    return found


def ended(processes: list[ForkServerProcess]) -> None:
    for one in processes:
        one.join(200)
        assert one.exitcode in {0, -9}
        one.close()


def assert_kept(venue: LoopbackAlphaVantage) -> None:
    """By the server's count: no more than 25, and in any four seconds no more than five.

    Each is let go more than a second after the one before; on a busy machine one may arrive late, and the next in time.
    """
    came = [one.started for one in venue.requests]
    assert len(came) <= DAY.limit
    assert all(last - first > 4.0 for first, last in zip(came, came[4:], strict=False))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_eight_processes_and_three_restarts(tmp_path: Path, market: SessionMarket, venue: LoopbackAlphaVantage) -> None:
    processes = begun(tmp_path)
    while len(venue.requests) < 4:
        time.sleep(0.05)
    for one in processes[:3]:
        one.kill()
    ended(processes)
    for _ in range(3):
        ended(begun(tmp_path))
    assert_kept(venue)
    assert len(venue.requests) >= DAY.limit - 3  # who was killed may have paid for what was not sent
    published = 0
    for number, symbols in enumerate(SYMBOLS):
        lake = Lake(tmp_path / f"{number}" / "lake", NOW)
        for name in symbols:
            bars = lake.bars(DAYS, name, MONTH)
            if bars is not None:
                published += 1
                expected = truth(market, market.symbols[name], "1d", month(MONTH), NOW)
                assert bars["close"].to_list() == expected["close"].to_list()
    assert published >= DAY.limit - 3 - 3  # and what was answered to one may not have been kept
    again = f"come again at {DAY.period_at(datetime.now(UTC))[1]:%Y-%m-%dT%H:%M:%SZ}"
    troubles = [(tmp_path / f"{number}" / "troubles.txt").read_text() for number in range(PROCESSES)]
    assert sum(text.count(again) for text in troubles) == PROCESSES * EACH - published, troubles


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_run_ends_soon_does_what_it_can_and_says_when_to_come_again(tmp_path: Path, market: SessionMarket) -> None:
    """Others have spent all but three requests of the key, so that the server says so before bcdata's own count."""
    symbols, answered = SYMBOLS[0], 3
    (tmp_path / "catalog.yaml").write_text(TOO_MANY)
    lake = Lake(tmp_path / "lake", NOW)
    own = {
        "BCDATA_ROOT": str(lake.root),
        "BCDATA_CATALOG": str(tmp_path / "catalog.yaml"),
        "BCDATA_NOW": NOW.isoformat(),
        "DAGSTER_HOME": str(tmp_path / "dagster"),
        "COLUMNS": "300",
    }
    words = materialize(DAYS, ",".join(symbols), MONTH, MONTH)
    with (
        LoopbackAlphaVantage(market, a_day=answered, now=NOW) as venue,
        pointed_at(venue.environment() | {"BCDATA_HTTP_RATE_WAIT": "120"}, tmp_path / "state"),
    ):
        command = Command(tmp_path, {**os.environ, **own})
        for asked in (answered + 1, 0):
            venue.clear()
            ran = command.run(words)  # which gives up after less than the client would wait
            assert ran.returncode == 1, ran.stdout + ran.stderr
            assert len(venue.requests) == asked
            told = re.findall(r"come again at ([0-9TZ:-]+)", ran.stdout + ran.stderr)
            assert told
            assert {datetime.fromisoformat(one) for one in told} == {DAY.period_at(datetime.now(UTC))[1]}
            there = [name for name in symbols if lake.bars(DAYS, name, MONTH) is not None]
            assert len(there) == answered
            for name in there:
                bars = lake.bars(DAYS, name, MONTH)
                assert bars is not None
                expected = truth(market, market.symbols[name], "1d", month(MONTH), NOW)
                assert bars["close"].to_list() == expected["close"].to_list()
