"""Polygon, now Massive: bars of stocks, funds, indices and currencies, and splits and dividends of stocks."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bcdata.frames.columns import PRICES
from bcdata.net.budgets import Budget
from bcdata.net.keys import Key
from bcdata.providers.address import server_of
from bcdata.providers.capabilities import Capabilities, Provider
from bcdata.providers.polygon.settings import BASIC, PLANS, PolygonSettings
from bcdata.providers.stocks.planned import Planned
from bcdata.providers.stocks.plans import PlanOf

if TYPE_CHECKING:
    from bcdata.net.client import HttpClient
    from bcdata.providers.polygon.source import Polygon

NAME = "polygon"
KEY = Key("POLYGON_API_KEY", header="Authorization", form="Bearer {}")
_TRADED = frozenset({"volume", "trades", "vwap"})
_CAN = Capabilities(
    types=("stock", "etf", "index", "forex"),
    kinds=("klines", "actions"),
    intervals=("1m", "5m", "15m", "1h", "1d", "1w", "1mo"),
    columns=frozenset(PRICES) | _TRADED,
    lacks={"index": _TRADED, "forex": _TRADED},
    page_rows=50_000,
    omits_empty=True,
    on_the_clock=frozenset({"1h"}),
    keys=(KEY,),
    tape="consolidated",
)


def _urls() -> dict[str, str]:
    return {"rest": PolygonSettings().polygon_url}


def limits(plan: PlanOf, urls: Mapping[str, str]) -> tuple[Budget, ...]:
    """Five requests a minute on the free plan; the others are asked not to send a hundred in a second."""
    name = f"{NAME}@{server_of(urls['rest'])}"
    return (Budget(name, 5, 60.0) if plan() == BASIC else Budget(name, 100, 1.0),)


def _open(plan: PlanOf, http: "HttpClient", urls: Mapping[str, str]) -> "Polygon":
    from bcdata.providers.polygon.source import Polygon

    return Polygon(http, urls["rest"], plan(), limits(plan, urls))


_PLANNED = Planned(NAME, "Polygon", _CAN, _urls, _open, limits, PLANS, lambda: PolygonSettings().polygon_plan)

PROVIDER = Provider(NAME, (_PLANNED.source,), settings=PolygonSettings)
