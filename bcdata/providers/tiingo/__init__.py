"""Tiingo: bars of days and longer of stocks and funds, splits and dividends, and IEX's bars within the day."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bcdata.net.budgets import Budget
from bcdata.net.keys import Key
from bcdata.providers.address import server_of
from bcdata.providers.capabilities import Capabilities, Provider
from bcdata.providers.stocks.planned import Planned
from bcdata.providers.stocks.plans import PlanOf
from bcdata.providers.tiingo.settings import PLANS, REQUESTS, TiingoSettings

if TYPE_CHECKING:
    from bcdata.net.client import HttpClient
    from bcdata.providers.tiingo.source import Tiingo

NAME = "tiingo"
KEY = Key("TIINGO_API_KEY", header="Authorization", form="Token {}")
_CAN = Capabilities(
    types=("stock", "etf", "fund"),
    kinds=("klines", "actions"),
    intervals=("5m", "15m", "1h", "1d", "1w", "1mo"),
    columns=frozenset({"open", "high", "low", "close", "volume"}),
    omits_empty=True,
    on_the_clock=frozenset({"1h"}),
    keys=(KEY,),
    tape="consolidated",
    tapes=dict.fromkeys(("5m", "15m", "1h"), "iex"),
)


def _urls() -> dict[str, str]:
    return {"rest": TiingoSettings().tiingo_url}


def limits(plan: PlanOf, urls: Mapping[str, str]) -> tuple[Budget, ...]:
    """Requests in each hour, and on each day of New York."""
    server = server_of(urls["rest"])
    hour, day = REQUESTS[plan().name]
    zone = "America/New_York"
    return (
        Budget(f"tiingo_hour@{server}", hour, period="hour", zone=zone),
        Budget(f"tiingo_day@{server}", day, period="day", zone=zone),
    )


def _open(plan: PlanOf, http: "HttpClient", urls: Mapping[str, str]) -> "Tiingo":
    from bcdata.providers.tiingo.source import Tiingo

    return Tiingo(http, urls["rest"], limits(plan, urls))


_PLANNED = Planned(NAME, "Tiingo", _CAN, _urls, _open, limits, PLANS, lambda: TiingoSettings().tiingo_plan)

PROVIDER = Provider(NAME, (_PLANNED.source,), settings=TiingoSettings)
