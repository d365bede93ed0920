"""FMP: bars of stocks, funds and indices as they were traded, splits and dividends."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from bcdata.net.budgets import Budget
from bcdata.net.keys import Key
from bcdata.providers.address import server_of
from bcdata.providers.capabilities import Capabilities, Plan, Provider, Role, Source
from bcdata.providers.fmp.settings import A_DAY, A_MINUTE, BASIC, PLANS, FmpSettings
from bcdata.providers.stocks.plans import PlanOf, at_first, named

if TYPE_CHECKING:
    from bcdata.net.client import HttpClient
    from bcdata.providers.fmp.source import Fmp

NAME = "fmp"
KEY = Key("FMP_API_KEY", parameter="apikey")
_CAN = Capabilities(
    types=("stock", "etf", "fund", "index"),
    kinds=("klines", "actions"),
    intervals=("1m", "5m", "15m", "1h", "4h", "1d"),
    columns=frozenset({"open", "high", "low", "close", "volume"}),
    order="descending",
    omits_empty=True,
    keys=(KEY,),
    tape="consolidated",
)


def _urls() -> dict[str, str]:
    return {"rest": FmpSettings().fmp_url}


def limits(plan: PlanOf, urls: Mapping[str, str]) -> tuple[Budget, ...]:
    """Requests on each day of New York on the free plan, in any minute on the others."""
    server, name = server_of(urls["rest"]), plan().name
    if name in A_DAY:
        return (Budget(f"fmp_day@{server}", A_DAY[name], period="day", zone="America/New_York"),)
    return (Budget(f"fmp@{server}", A_MINUTE[name], 60.0),)


def _open(plan: PlanOf, http: "HttpClient", urls: Mapping[str, str]) -> "Fmp":
    from bcdata.providers.fmp.source import Fmp

    return Fmp(http, urls["rest"], plan(), limits(plan, urls))


def _source(plan: PlanOf, known: Plan) -> Source:
    opens, allows = partial(_open, plan), partial(limits, plan)
    return Source(NAME, Role.WINDOW, _CAN, _urls, opens, allows, plan=known, on_plan=on_plan)


def on_plan(name: str) -> Source:
    """The source on a plan, by its name.

    Raises:
        UsageError: there is no such plan.
    """
    plan = named(name, PLANS, "FMP")
    return _source(lambda: plan, plan)


def _paid() -> Plan:
    return PLANS[FmpSettings().fmp_plan]


PROVIDER = Provider(NAME, (_source(_paid, at_first(_paid, BASIC)),), settings=FmpSettings)
