"""One exchange, one catalog and one lake for all tests of this package: a command costs seconds."""

from collections.abc import Iterator

import pytest

from bcdata_tests.acceptance.exchange import Exchange, serving
from bcdata_tests.acceptance.lake import Lake

CATALOG = """\
datasets:
  spot_klines_1h:
    grain: month
    start: 2024-12
    universe: {quote: [USDT]}
    sources: [binance_archive, binance_rest]
    features: {select: [log_ret_1, rsi_14]}
  spot_klines_5m:
    grain: day
    start: 2025-01-01
    symbols: [SOLUSDT]
    sources: [binance_archive, binance_rest]
  um_funding: {grain: month, start: 2025-01, symbols: [SOLUSDT], sources: [binance_archive, binance_rest]}
  um_klines_1h: {grain: month, start: 2025-01, symbols: [SOLUSDT], sources: [binance_archive, binance_rest]}
  cm_klines_1h: {grain: month, start: 2025-01, symbols: [ETHUSD_PERP], sources: [binance_archive]}
"""
NOW = "2025-02-20T10:30:00Z"


@pytest.fixture(scope="session")
def exchange() -> Exchange:
    """The exchange; every module puts its own symbols into it."""
    return Exchange()


@pytest.fixture(scope="session")
def lake(exchange: Exchange, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """The lake, with the exchange behind it."""
    with serving(exchange) as servers:
        yield Lake(tmp_path_factory.mktemp("acceptance") / "lake", CATALOG, servers, NOW)
