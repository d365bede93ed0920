"""Base addresses come from the environment when asked for, and nonsense is refused with the variable's name."""

import pytest

from bcdata.errors import UsageError
from bcdata.net.settings import HttpSettings
from bcdata.providers.binance.settings import BinanceSettings
from bcdata.providers.registry import PROVIDERS


def test_every_address_can_be_pointed_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ARCHIVE", "LISTING", "SPOT", "UM", "CM"):
        monkeypatch.setenv(f"BCDATA_BINANCE_{name}_URL", f"http://127.0.0.1:8080/{name}/")
    known = BinanceSettings()
    assert known.binance_archive_url == "http://127.0.0.1:8080/ARCHIVE"
    assert known.binance_listing_url == "http://127.0.0.1:8080/LISTING"
    assert known.rest_urls == {market: f"http://127.0.0.1:8080/{market.upper()}" for market in ("spot", "um", "cm")}


def test_window_sources_can_be_pointed_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in ("kraken", "coinbase"):
        monkeypatch.setenv(f"BCDATA_{provider.upper()}_URL", f"http://127.0.0.1:8080/{provider}/")
        for source in PROVIDERS[provider].sources:
            assert source.urls() == {"rest": f"http://127.0.0.1:8080/{provider}"}
        monkeypatch.setenv(f"BCDATA_{provider.upper()}_URL", "http://user:pass@example.org")
        with pytest.raises(UsageError, match=f"BCDATA_{provider.upper()}_URL.*unencrypted"):
            PROVIDERS[provider].sources[0].urls()


def test_ccxt_asks_each_exchange_itself_unless_it_is_pointed_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = PROVIDERS["ccxt"].sources
    assert source.urls() == {}
    monkeypatch.setenv("BCDATA_CCXT_URL", "http://127.0.0.1:8080/mirror/")
    assert source.urls() == {"rest": "http://127.0.0.1:8080/mirror"}
    monkeypatch.setenv("BCDATA_CCXT_URL", "host")
    with pytest.raises(UsageError, match="BCDATA_CCXT_URL"):
        source.urls()


@pytest.mark.parametrize(
    "url", ["ftp://host", "host", "http://", "http://[::1", "http://host:x", "http://host?a=1", "/x"]
)
def test_what_is_no_address(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("BCDATA_BINANCE_SPOT_URL", url)
    with pytest.raises(UsageError, match="BCDATA_BINANCE_SPOT_URL"):
        BinanceSettings()


def test_patience_is_set_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCDATA_HTTP_ATTEMPTS", "2")
    assert HttpSettings().http_attempts == 2
    monkeypatch.setenv("BCDATA_HTTP_ATTEMPTS", "0")
    with pytest.raises(UsageError, match="BCDATA_HTTP_ATTEMPTS"):
        HttpSettings()
