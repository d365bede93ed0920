"""A small archive that tests write and break, its REST twin, and an exchange that serves both."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from bcdata.catalog import Catalog, load_catalog
from bcdata.simulate import Fault, FolderMarket, LoopbackExchange
from bcdata_tests.mirror import Mirror
from bcdata_tests.run import Lake, pointed_at, utc

BY_DAY = """
datasets:
  spot_klines_1m:
    grain: day
    start: 2025-01-01
    symbols: [BTCUSDT]
    sources: [binance_archive, binance_rest]
    features: {select: [log_ret_1, ret_vol_z, rsi_14, log_ret_1440]}
"""
BY_MONTH = BY_DAY.replace("day", "month").replace("2025-01-01", "2025-01")
BARS_BY_DAY, BARS_BY_MONTH = (
    catalog.replace("{select: [log_ret_1, ret_vol_z, rsi_14, log_ret_1440]}", "false") for catalog in (BY_DAY, BY_MONTH)
)
"""For tests of bars: features, their reports and profiles are nearly half of what a run costs."""
D = "spot_klines_1m"


@dataclass
class World:
    """Everything that an integration test moves: the archive, what REST knows, the exchange, and a lake."""

    mirror: Mirror
    truth: Mirror
    market: FolderMarket
    exchange: LoopbackExchange
    folder: Path
    variables: dict[str, str]

    def lake(self, catalog: str = BY_DAY, now: datetime | None = None, name: str = "lake") -> Lake:
        """A lake under this world's folder; the same name is the same lake."""
        return Lake(self.folder / name, now or utc("2025-03-01"), self.catalog(catalog))

    def catalog(self, text: str) -> Catalog:
        path = self.folder / "catalog.yaml"
        path.write_text(text)
        return load_catalog(path)

    def add(self, match: str, kind: str, **settings: object) -> Fault:
        """Puts a fault in force."""
        fault = Fault(match, kind, **settings)  # type: ignore[arg-type]
        self.exchange.add(fault)
        return fault

    def asked(self, part: str = "") -> list[str]:
        """Paths of the requests since the log was cleared, those that hold the text."""
        return [request.path for request in self.exchange.requests if part in request.path]


@contextmanager
def world_at(folder: Path) -> Iterator[World]:
    """A world in a folder, for the length of the block; where one is copied to it, it goes on from there."""
    mirror, truth = Mirror(folder / "archive"), Mirror(folder / "truth")
    for one in (mirror, truth):
        (one.root / "data").mkdir(exist_ok=True)
    market = FolderMarket(mirror.root, rest_source=truth.root)
    with (
        LoopbackExchange(market, now=utc("2025-03-01")) as exchange,
        pointed_at(exchange.environment(), folder / "state") as variables,
    ):
        yield World(mirror, truth, market, exchange, folder, variables)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with world_at(tmp_path) as world:
        yield world


def copied(made: Path, folder: Path) -> None:
    """What tests of a file find made already, in a folder of one test's own: files keep their times."""
    shutil.copytree(made, folder, dirs_exist_ok=True)
