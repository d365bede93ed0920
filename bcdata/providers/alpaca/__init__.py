"""Alpaca: bars of American stocks and funds of the consolidated tape, and splits and dividends."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bcdata.net.budgets import Budget
from bcdata.net.keys import Key
from bcdata.providers.address import server_of
from bcdata.providers.alpaca.settings import A_MINUTE, PLANS, AlpacaSettings
from bcdata.providers.capabilities import Capabilities, Provider
from bcdata.providers.stocks.planned import Planned
from bcdata.providers.stocks.plans import PlanOf

if TYPE_CHECKING:
    from bcdata.net.client import HttpClient
    from bcdata.providers.alpaca.source import Alpaca

NAME = "alpaca"
KEYS = (Key("ALPACA_API_KEY", header="APCA-API-KEY-ID"), Key("ALPACA_API_SECRET", header="APCA-API-SECRET-KEY"))
_CAN = Capabilities(
    types=("stock", "etf"),
    kinds=("klines", "actions"),
    intervals=("1m", "5m", "15m", "1h", "1d", "1w", "1mo"),
    columns=frozenset({"open", "high", "low", "close", "volume", "trades", "vwap"}),
    page_rows=10_000,
    omits_empty=True,
    on_the_clock=frozenset({"1h"}),
    keys=KEYS,
    tape="consolidated",
)


def _urls() -> dict[str, str]:
    return {"rest": AlpacaSettings().alpaca_url}


def limits(plan: PlanOf, urls: Mapping[str, str]) -> tuple[Budget, ...]:
    """So many requests a minute as the plan allows."""
    return (Budget(f"{NAME}@{server_of(urls['rest'])}", A_MINUTE[plan().name], 60.0),)


def _open(plan: PlanOf, http: "HttpClient", urls: Mapping[str, str]) -> "Alpaca":
    from bcdata.providers.alpaca.source import Alpaca

    return Alpaca(http, urls["rest"], plan(), limits(plan, urls))


_PLANNED = Planned(NAME, "Alpaca", _CAN, _urls, _open, limits, PLANS, lambda: AlpacaSettings().alpaca_plan)

PROVIDER = Provider(NAME, (_PLANNED.source,), settings=AlpacaSettings)
