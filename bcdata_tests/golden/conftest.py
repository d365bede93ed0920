"""The real archives behind a loopback exchange, and the lake that the command line makes of them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bcdata.simulate import FolderMarket, LoopbackExchange
from bcdata_tests.run import Lake, pointed_at, utc

Job = tuple[Lake, subprocess.CompletedProcess[str]]
SYMBOLS = ("BTCUSDT", "ETHUSDT", "ARBUSDT")
MONTHS = ("2023-01", "2023-02", "2023-03", "2023-04", "2023-05", "2023-06")
NOW = "2023-07-10T00:00:00Z"
COMMAND = "materialize --dataset spot_klines_1m --symbols BTCUSDT,ETHUSDT,ARBUSDT --from 2023-01 --to 2023-06"


@pytest.fixture(scope="session")
def mirror(shared_data: Path) -> Path:
    """The tree laid out as the public archive."""
    return shared_data / "binance_vision"


@pytest.fixture(scope="session")
def exchange(mirror: Path) -> Iterator[LoopbackExchange]:
    """An exchange that serves the mirror, its REST answers from the same files."""
    with LoopbackExchange(FolderMarket(mirror), now=utc("2025-12-31")) as exchange:
        yield exchange


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the command and this process remember together."""
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="package")
def real(exchange: LoopbackExchange, state: Path) -> Iterator[dict[str, str]]:
    """This process pointed at that exchange."""
    with pointed_at(exchange.environment(), state) as variables:
        yield variables


@pytest.fixture(scope="session")
def done(exchange: LoopbackExchange, state: Path, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """The main job through the real command, once for all, in a process of its own."""
    root = tmp_path_factory.mktemp("main_job")
    lake = Lake(root / "lake", utc("2023-07-10"))
    own = {"BCDATA_ROOT": str(lake.root), "BCDATA_NOW": NOW, "DAGSTER_HOME": str(root / "dagster")}
    words = [sys.executable, "-m", "bcdata", *COMMAND.split()]
    with pointed_at(exchange.environment(), state) as real:
        environment = {**os.environ, **real, **own}
    return lake, subprocess.run(words, env=environment, cwd=root, capture_output=True, text=True, check=False)


@pytest.fixture(scope="package")
def main_job(real: dict[str, str], done: Job) -> Job:
    """The main job and the lake that it left, this process pointed at the same exchange."""
    assert real
    return done


@pytest.fixture
def lake(real: dict[str, str], tmp_path: Path) -> Lake:
    """An empty lake at the end of 2025, when all that the mirror has is past."""
    assert real
    return Lake(tmp_path / "lake", utc("2025-12-31"))
