"""Exchanges for the tests of the loopback exchange."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bcdata.simulate import FolderMarket, GeneratedMarket, LoopbackExchange
from bcdata_tests.simulate.client import utc

NOW = utc("2023-07-04T00:00:30")


@pytest.fixture(scope="session")
def market() -> GeneratedMarket:
    return GeneratedMarket.demo()


@pytest.fixture
def exchange(market: GeneratedMarket) -> Iterator[LoopbackExchange]:
    with LoopbackExchange(market, now=NOW) as running:
        yield running


@pytest.fixture(scope="session")
def vision(shared_data: Path) -> Path:
    """The real archive's tree."""
    return shared_data / "binance_vision"


@pytest.fixture(scope="module")
def mirror(vision: Path) -> Iterator[LoopbackExchange]:
    with LoopbackExchange(FolderMarket(vision)) as running:
        yield running
