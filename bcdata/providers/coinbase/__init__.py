"""Coinbase: the candles of its Exchange API."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bcdata.net.budgets import Budget
from bcdata.providers.address import server_of
from bcdata.providers.capabilities import Capabilities, Provider, Role, Source
from bcdata.providers.coinbase.settings import CoinbaseSettings
from bcdata.venues.coinbase import INTERVALS, MARKETS

if TYPE_CHECKING:
    from bcdata.net.client import HttpClient
    from bcdata.providers.coinbase.candles import CoinbaseRest

_CAN = Capabilities(
    markets=tuple(one.name for one in MARKETS),
    intervals=INTERVALS,
    columns=frozenset({"open", "high", "low", "close", "volume"}),
    page_rows=300,
    order="descending",
    omits_empty=True,
)


def _urls() -> dict[str, str]:
    return {"rest": CoinbaseSettings().coinbase_url}


def limits(urls: Mapping[str, str]) -> tuple[Budget, ...]:
    """Ten requests a second from one address."""
    return (Budget(f"coinbase@{server_of(urls['rest'])}", 10, 1.0),)


def _open(http: "HttpClient", urls: Mapping[str, str]) -> "CoinbaseRest":
    from bcdata.providers.coinbase.candles import CoinbaseRest

    return CoinbaseRest(http, urls["rest"])


_SOURCE = Source("coinbase_rest", Role.WINDOW, _CAN, _urls, _open, limits)

PROVIDER = Provider("coinbase", (_SOURCE,), MARKETS, CoinbaseSettings)
