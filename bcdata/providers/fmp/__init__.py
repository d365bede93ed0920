"""FMP: bars of stocks, funds and indices as they were traded, splits and dividends."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bcdata.net.budgets import Budget
from bcdata.net.keys import Key
from bcdata.providers.address import server_of
from bcdata.providers.capabilities import Capabilities, Provider
from bcdata.providers.fmp.settings import A_DAY, A_MINUTE, PLANS, FmpSettings
from bcdata.providers.stocks.planned import Planned
from bcdata.providers.stocks.plans import PlanOf

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


_PLANNED = Planned(NAME, "FMP", _CAN, _urls, _open, limits, PLANS, lambda: FmpSettings().fmp_plan)

PROVIDER = Provider(NAME, (_PLANNED.source,), settings=FmpSettings)
