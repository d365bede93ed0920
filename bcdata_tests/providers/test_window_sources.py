"""What window sources say of themselves is so."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from bcdata.providers.base import Series
from bcdata.providers.capabilities import BAR_COLUMNS, Role
from bcdata.providers.registry import PROVIDERS, SOURCES
from bcdata.simulate import LoopbackCoinbase, LoopbackKraken, TradedSymbol, TradeMarket
from bcdata.windows import Window
from bcdata_tests.providers.venues import pages, read

NOW = datetime(2023, 1, 3, 12, 0, 30, tzinfo=UTC)
SYMBOLS = {"kraken_rest": "XBTUSD", "kraken_trades": "XBTUSD", "coinbase_rest": "BTC-USD"}


@pytest.mark.parametrize("source", SYMBOLS)
def test_columns_order_and_empty_bars(source: str) -> None:
    provider, can = source.partition("_")[0], SOURCES[source].capabilities
    series = Series(provider, "klines", SYMBOLS[source], "1m")
    window = Window(NOW.replace(second=0) - timedelta(hours=11), NOW.replace(second=0))
    market = TradeMarket([TradedSymbol(SYMBOLS[source], NOW - timedelta(days=2), 30_000.0)])
    with (LoopbackKraken if provider == "kraken" else LoopbackCoinbase)(market, now=NOW) as server:
        told = pages(source, server.url, series, window, NOW)
    rows, _ = read(source, series, [told[0].body])
    filled = {name for name in (*BAR_COLUMNS, "vwap") if rows[name].null_count() < rows.height}
    assert filled == can.columns
    assert rows["open_time"].is_sorted(descending=can.order == "descending")
    assert (rows["volume"].min() > 0) == can.omits_empty  # type: ignore[operator]
    assert can.page_rows
    assert max(one.rows for one in told) <= can.page_rows
    assert SOURCES[source].role is Role.WINDOW


def test_the_sources_in_the_order_in_which_they_are_asked() -> None:
    named = {name: [one.name for one in PROVIDERS[name].sources] for name in ("kraken", "coinbase")}
    assert named == {"kraken": ["kraken_rest", "kraken_trades"], "coinbase": ["coinbase_rest"]}


def test_to_know_the_providers_needs_nothing_dear() -> None:
    asked = "import sys, bcdata.providers.kraken, bcdata.providers.coinbase; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.split()
    assert not {"polars", "aiohttp"} & set(loaded)
