"""Alpha Vantage: bars of stocks and funds of many countries, and their splits and dividends."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bcdata.net.budgets import Budget
from bcdata.net.keys import Key
from bcdata.providers.address import server_of
from bcdata.providers.alpha_vantage.settings import A_MINUTE, FREE, PLANS, AlphaVantageSettings
from bcdata.providers.capabilities import Capabilities, Provider
from bcdata.providers.stocks.planned import Planned
from bcdata.providers.stocks.plans import PlanOf

if TYPE_CHECKING:
    from bcdata.net.client import HttpClient
    from bcdata.providers.alpha_vantage.source import AlphaVantage

NAME = "alpha_vantage"
KEY = Key("ALPHA_VANTAGE_API_KEY", parameter="apikey")
_CAN = Capabilities(
    types=("stock", "etf"),
    kinds=("klines", "actions"),
    intervals=("1m", "5m", "15m", "1h", "1d"),
    columns=frozenset({"open", "high", "low", "close", "volume"}),
    order="descending",
    omits_empty=True,
    keys=(KEY,),
    tape="consolidated",
)


def _urls() -> dict[str, str]:
    return {"rest": AlphaVantageSettings().alpha_vantage_url}


def limits(plan: PlanOf, urls: Mapping[str, str]) -> tuple[Budget, ...]:
    """25 requests in a day of New York and one a second on the free plan, so many a minute on the others."""
    name, chosen = f"{NAME}@{server_of(urls['rest'])}", plan()
    if chosen != FREE:
        return (Budget(name, A_MINUTE[chosen.name], 60.0),)
    return Budget(f"{NAME}_day@{server_of(urls['rest'])}", 25, period="day", zone="America/New_York"), Budget(
        name, 1, 1.0
    )


def _open(plan: PlanOf, http: "HttpClient", urls: Mapping[str, str]) -> "AlphaVantage":
    from bcdata.providers.alpha_vantage.source import AlphaVantage

    return AlphaVantage(http, urls["rest"], plan(), limits(plan, urls))


_PLANNED = Planned(
    NAME, "Alpha Vantage", _CAN, _urls, _open, limits, PLANS, lambda: AlphaVantageSettings().alpha_vantage_plan
)

PROVIDER = Provider(NAME, (_PLANNED.source,), settings=AlphaVantageSettings)
