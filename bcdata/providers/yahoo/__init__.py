"""Yahoo: its charts of stocks, funds, indices and currencies, without a key."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from bcdata.net.budgets import Budget
from bcdata.providers.address import server_of
from bcdata.providers.capabilities import Capabilities, Plan, Provider, Role, Source
from bcdata.providers.yahoo.settings import YahooSettings

if TYPE_CHECKING:
    from bcdata.net.client import HttpClient
    from bcdata.providers.yahoo.charts import YahooCharts

PLAN = Plan("personal", terms="Yahoo's terms of service: for personal use, not to be passed on")

DEPTHS = {
    "1m": timedelta(days=30),
    "5m": timedelta(days=60),
    "15m": timedelta(days=60),
    "1h": timedelta(days=730),
}
"""How far back its bars go; those of a day have no bound."""

SINGLE = 2.0**-23
"""By which share prices in single precision may be off, with another rounding where splits are undone."""

_CAN = Capabilities(
    types=("stock", "etf", "fund", "index", "forex"),
    kinds=("klines", "actions"),
    intervals=("1m", "5m", "15m", "1h", "1d"),
    columns=frozenset({"open", "high", "low", "close", "volume"}),
    omits_empty=True,
    depths=DEPTHS,
    tape="consolidated",
    precision=SINGLE,
)


def _urls() -> dict[str, str]:
    return {"rest": YahooSettings().yahoo_url}


def limits(urls: Mapping[str, str]) -> tuple[Budget, ...]:
    """Two requests a second from one address: Yahoo states no limit, and slows down those who ask much faster."""
    return (Budget(f"yahoo@{server_of(urls['rest'])}", 2, 1.0),)


def _open(http: "HttpClient", urls: Mapping[str, str]) -> "YahooCharts":
    from bcdata.providers.yahoo.charts import YahooCharts

    return YahooCharts(http, urls["rest"])


_SOURCE = Source("yahoo", Role.WINDOW, _CAN, _urls, _open, limits, plan=PLAN)

PROVIDER = Provider("yahoo", (_SOURCE,), settings=YahooSettings)
