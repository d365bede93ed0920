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


@pytest.fixture(scope="package")
def mirror(shared_data: Path) -> Path:
    """The tree laid out as the public archive."""
    return shared_data / "binance_vision"


@pytest.fixture(scope="package")
def exchange(mirror: Path) -> Iterator[LoopbackExchange]:
    """An exchange that serves the mirror, its REST answers from the same files."""
    with LoopbackExchange(FolderMarket(mirror), now=utc("2025-12-31")) as exchange:
        yield exchange


@pytest.fixture(scope="package")
def real(exchange: LoopbackExchange, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """This process pointed at that exchange."""
    with pointed_at(exchange.environment(), tmp_path_factory.mktemp("state")) as variables:
        yield variables


@pytest.fixture(scope="package")
def main_job(real: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Job:
    """The main job through the real command, in a process of its own, and the lake that it left."""
    root = tmp_path_factory.mktemp("main_job")
    lake = Lake(root / "lake", utc("2023-07-10"))
    environment = {
        **os.environ,
        **real,
        "BCDATA_ROOT": str(lake.root),
        "BCDATA_NOW": NOW,
        "DAGSTER_HOME": str(root / "dagster"),
    }
    words = [sys.executable, "-m", "bcdata", *COMMAND.split()]
    done = subprocess.run(words, env=environment, cwd=root, capture_output=True, text=True, check=False)
    return lake, done


@pytest.fixture
def lake(real: dict[str, str], tmp_path: Path) -> Lake:
    """An empty lake at the end of 2025, when all that the mirror has is past."""
    assert real
    return Lake(tmp_path / "lake", utc("2025-12-31"))
