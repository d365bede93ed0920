"""What a question costs at Binance's REST servers: weights, page lengths and budgets. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from bcdata.net.budgets import Budget

USED_WEIGHT = "X-MBX-USED-WEIGHT-1M"
_WEIGHT_A_MINUTE = {"spot": 6000, "um": 2400, "cm": 2400}
_SPOT_ROWS = 1000
_FUTURES_STEPS = ((99, 1), (499, 2))
"""(rows, weight): 499 rows at weight 2 are the cheapest by the row; below 100 the weight is 1."""


@dataclass(frozen=True, slots=True)
class PageCost:
    """The `limit` of a klines call, and its weight."""

    rows: int
    weight: int


def rows_per_call(market: str) -> int:
    """The number of klines that one call at the best price brings."""
    return _SPOT_ROWS if market == "spot" else _FUTURES_STEPS[-1][0]


def klines_cost(market: str, bars: int) -> PageCost:
    """The cheapest call that brings so many bars, or the most that one call at the best price can."""
    if market == "spot":
        return PageCost(_SPOT_ROWS, 2)
    return PageCost(*next((step for step in _FUTURES_STEPS if bars <= step[0]), _FUTURES_STEPS[-1]))


def longest_span(market: str) -> timedelta | None:
    """The longest range that one klines call may ask for; None where there is no such bound.

    COIN-M answers with the *newest* rows of a range of at most 200 days, the others with the oldest ones.
    """
    return timedelta(days=200) if market == "cm" else None


def weight_budget(market: str, url: str) -> Budget:
    """The request weight of a market, per minute and address: each server counts for itself."""
    return Budget(f"binance_{market}@{_server(url)}", _WEIGHT_A_MINUTE[market], 60, USED_WEIGHT)


def funding_budget(market: str, url: str) -> Budget:
    """500 calls in 5 minutes, shared by fundingRate and fundingInfo, beside the request weight."""
    return Budget(f"binance_{market}_funding@{_server(url)}", 500, 300)


def _server(url: str) -> str:
    """Host and port, without a user or password."""
    return urlsplit(url).netloc.rpartition("@")[2]
