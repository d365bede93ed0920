"""Coinbase: the candles of its Exchange API."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bcdata.net.budgets import Budget
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
    limits=(Budget("coinbase", 10, 1.0),),
)


def _urls() -> dict[str, str]:
    return {"rest": CoinbaseSettings().coinbase_url}


def _open(http: "HttpClient", urls: Mapping[str, str]) -> "CoinbaseRest":
    from bcdata.providers.coinbase.candles import CoinbaseRest

    return CoinbaseRest(http, urls["rest"])


PROVIDER = Provider("coinbase", (Source("coinbase_rest", Role.WINDOW, _CAN, _urls, _open),), MARKETS, CoinbaseSettings)
