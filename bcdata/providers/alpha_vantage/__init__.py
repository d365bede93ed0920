"""Alpha Vantage: bars of stocks and funds of many countries, and their splits and dividends."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from bcdata.net.budgets import Budget
from bcdata.net.keys import Key
from bcdata.providers.address import server_of
from bcdata.providers.alpha_vantage.settings import A_MINUTE, FREE, PLANS, AlphaVantageSettings
from bcdata.providers.capabilities import Capabilities, Plan, Provider, Role, Source
from bcdata.providers.stocks.plans import PlanOf, at_first, named

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


def _source(plan: PlanOf, known: Plan) -> Source:
    opens, allows = partial(_open, plan), partial(limits, plan)
    return Source(NAME, Role.WINDOW, _CAN, _urls, opens, allows, plan=known, on_plan=on_plan)


def on_plan(name: str) -> Source:
    """The source on a plan, by its name.

    Raises:
        UsageError: there is no such plan.
    """
    plan = named(name, PLANS, "Alpha Vantage")
    return _source(lambda: plan, plan)


def _paid() -> Plan:
    return PLANS[AlphaVantageSettings().alpha_vantage_plan]


PROVIDER = Provider(NAME, (_source(_paid, at_first(_paid, FREE)),), settings=AlphaVantageSettings)
