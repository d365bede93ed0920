"""Kraken: its own bars, the latest 720 of each interval, and bars built from its trades."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bcdata.net.budgets import Budget
from bcdata.providers.address import server_of
from bcdata.providers.capabilities import Capabilities, Provider, Role, Source
from bcdata.providers.kraken.settings import KrakenSettings
from bcdata.venues.kraken import INTERVALS, MARKETS

if TYPE_CHECKING:
    from bcdata.net.client import HttpClient
    from bcdata.providers.kraken.ohlc import KrakenRest
    from bcdata.providers.kraken.trades import KrakenTrades

_MARKETS = tuple(one.name for one in MARKETS)
_PRICES = frozenset({"open", "high", "low", "close", "volume", "trades"})

_OHLC = Capabilities(
    markets=_MARKETS,
    intervals=INTERVALS,
    columns=_PRICES | {"vwap"},
    depth_bars=720,
    page_rows=721,
)
_TRADES = Capabilities(
    markets=_MARKETS,
    intervals=INTERVALS,
    columns=_PRICES | {"quote_volume"},
    page_rows=1000,
    omits_empty=True,
)


def _urls() -> dict[str, str]:
    return {"rest": KrakenSettings().kraken_url}


def limits(urls: Mapping[str, str]) -> tuple[Budget, ...]:
    """One request a second from one address, over all endpoints."""
    return (Budget(f"kraken@{server_of(urls['rest'])}", 1, 1.0),)


def _open_rest(http: "HttpClient", urls: Mapping[str, str]) -> "KrakenRest":
    from bcdata.providers.kraken.ohlc import KrakenRest

    return KrakenRest(http, urls["rest"])


def _open_trades(http: "HttpClient", urls: Mapping[str, str]) -> "KrakenTrades":
    from bcdata.providers.kraken.trades import KrakenTrades

    return KrakenTrades(http, urls["rest"])


PROVIDER = Provider(
    "kraken",
    (
        Source("kraken_rest", Role.WINDOW, _OHLC, _urls, _open_rest, limits),
        Source("kraken_trades", Role.WINDOW, _TRADES, _urls, _open_trades, limits),
    ),
    MARKETS,
    KrakenSettings,
)
