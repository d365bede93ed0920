"""The exchanges of ccxt are known without it, and are there when it is."""

import subprocess
import sys

import pytest

from bcdata.catalog.names import parse_name
from bcdata.errors import UsageError
from bcdata.providers.registry import MARKETS, SOURCES
from bcdata.venues.ccxt import MARKETS as EXCHANGES
from bcdata_tests.providers.venues import needs_ccxt

NAMES = [one.name for one in EXCHANGES]


def test_names() -> None:
    assert sorted(set(NAMES)) == NAMES
    assert parse_name("bitstamp_klines_1m").market.name == "bitstamp"
    with pytest.raises(UsageError, match="no gemini bars of '1w'"):
        parse_name("gemini_klines_1w")
    assert set(NAMES) == set(SOURCES["ccxt"].capabilities.markets)
    assert MARKETS["bitstamp"].writes("BTC-USD")
    assert not any(MARKETS["bitstamp"].writes(one) for one in ("BTC/USD", "BTC-USD:USD"))


@needs_ccxt
def test_the_library_has_spot_bars_of_each() -> None:
    import ccxt

    for name in NAMES:
        has = getattr(ccxt, name)().has
        assert has["fetchOHLCV"], name
        assert has["spot"], name


@pytest.mark.slow
def test_definitions_do_not_load_it() -> None:
    asked = "import sys, bcdata.definitions; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.split()
    assert "bcdata.venues.ccxt" in loaded
    assert "ccxt" not in loaded
