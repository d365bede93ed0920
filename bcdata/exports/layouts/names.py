"""How engines call exchanges and pairs, and what may stand in a path. Pure."""

from dataclasses import dataclass
from urllib.parse import quote

from bcdata.errors import UsageError
from bcdata.providers.registry import PROVIDERS
from bcdata.venues.currencies import PEGGED
from bcdata.venues.market import Market

_CURRENCIES = tuple(asset for asset, one in PEGGED.items() if one.kind == "currency")
_QUOTES = (*_CURRENCIES, "USDT", "USDC", "XBT", "ETH")
"""What ends a symbol of a market that names no quote assets. With TUSD among these XBTUSD would be XB in TUSD."""
_ELSEWHERE = {"XBT": "BTC", "XDG": "DOGE"}
"""Codes of assets that exchanges alone have: what they are called everywhere else."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A symbol taken apart; `settle` is what a contract is settled in, and None where there is none."""

    base: str
    quote: str
    settle: str | None


def exchange_of(market: Market) -> str:
    """What an exchange is called: a provider's own name, or the market's where it reads many exchanges."""
    for provider in PROVIDERS.values():
        if any(one.name == market.name for one in provider.markets):
            return market.name if provider.gives_way else provider.name
    return market.name


def pair_of(market: Market, symbol: str) -> Pair:
    """Base, quote and settlement of a symbol. A contract that is quoted in a currency is settled in coins of its base.

    Raises:
        UsageError: it cannot be told, or it is a contract with an end.
    """
    found = market.split(symbol, () if market.quotes else _QUOTES)
    if found.quote is None:
        raise UsageError(f"base and quote of {symbol} cannot be told apart; export it as csv or parquet")
    base, quoted = (_ELSEWHERE.get(one, one) for one in (found.base, found.quote))
    if not market.is_perpetual:
        return Pair(base, quoted, None)
    if found.contract != "perpetual":
        raise UsageError(f"{symbol} is no perpetual contract, and only those have a place here; export it as csv")
    return Pair(base, quoted, base if quoted in _CURRENCIES else quoted)


def safe(text: str) -> str:
    """A name as part of a path: letters and digits of any script, `_` and `-` stay; all else is percent-encoded."""
    return "".join(one if one.isalnum() or one in "_-" else _escaped(one) for one in text)


def _escaped(char: str) -> str:
    return quote(char, safe="").replace(".", "%2E").replace("~", "%7E")
